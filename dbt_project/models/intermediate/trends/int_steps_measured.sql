{{ built_by_paper() }}
-- depends_on: {{ ref('int_papers_fingerprinted') }}
with known as (
    select
        paper_id,
        observed_at,
        upvotes,
        position
    from {{ ref('fct_upvote_observations') }}
    where upvotes is not null and {{ is_of_changed_paper() }}
),

cohorts as (
    select
        paper_id,
        min(listing_date) as first_listed_on
    from {{ ref('fct_listings') }}
    where {{ is_of_changed_paper() }}
    group by paper_id
),

final as (
    {{ paper_steps('known', 'cohorts') }}
)

select * from final
