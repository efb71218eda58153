with known as (
    select
        paper_id,
        observed_at,
        upvotes,
        position
    from {{ ref('fct_upvote_observations') }}
    where upvotes is not null
),

cohorts as (
    select
        paper_id,
        min(listing_date) as first_listed_on
    from {{ ref('fct_listings') }}
    group by paper_id
),

final as (
    {{ paper_steps('known', 'cohorts') }}
)

select * from final
