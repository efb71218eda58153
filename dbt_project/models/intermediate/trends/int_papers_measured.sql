{{ built_by_paper() }}
-- depends_on: {{ ref('int_papers_fingerprinted') }}
with known as (
    select
        paper_id,
        observed_at,
        upvotes,
        comments
    from {{ ref('fct_upvote_observations') }}
    where upvotes is not null and {{ is_of_changed_paper() }}
),

steps as (
    select
        paper_id,
        observed_at,
        previous_at,
        gain
    from {{ ref('int_steps_measured') }}
    where {{ is_of_changed_paper() }}
),

final as (
    {{ paper_measures('known', 'steps') }}
)

select * from final
