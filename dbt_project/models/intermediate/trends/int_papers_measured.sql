with known as (
    select
        paper_id,
        observed_at,
        upvotes,
        comments
    from {{ ref('fct_upvote_observations') }}
    where upvotes is not null
),

steps as (
    select
        paper_id,
        observed_at,
        previous_at,
        gain
    from {{ ref('int_steps_measured') }}
),

final as (
    {{ paper_measures('known', 'steps') }}
)

select * from final
