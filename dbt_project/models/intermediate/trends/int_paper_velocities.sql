-- The exponentially weighted mean of the upvotes per hour, with a half-life of 24 hours; each step counts by its hours.
-- The acceleration compares it with the same mean as of the last observation before the last 24 hours.
with papers as (
    select
        measures.paper_id,
        measures.observation_count,
        measures.upvotes,
        measures.last_observed_at,
        windows.day_base_at,
        windows.is_observed_today,
        cohorts.first_listed_on
    from {{ ref('int_papers_measured') }} as measures
    inner join {{ ref('int_paper_windows') }} as windows on measures.paper_id = windows.paper_id
    left join {{ ref('int_paper_cohorts') }} as cohorts on measures.paper_id = cohorts.paper_id
),

weighted_steps as (
    select
        steps.paper_id,
        steps.observed_at,
        cast(steps.gain as double) / ({{ seconds_between('steps.previous_at', 'steps.observed_at') }} / 3600.0) as rate,
        {{ velocity_weight('steps.observed_at', 'papers.last_observed_at') }}
        - {{ velocity_weight('steps.previous_at', 'papers.last_observed_at') }} as weight,
        case
            when steps.observed_at <= papers.day_base_at
                then
                    {{ velocity_weight('steps.observed_at', 'papers.day_base_at') }}
                    - {{ velocity_weight('steps.previous_at', 'papers.day_base_at') }}
        end as weight_before
    from {{ ref('int_steps_measured') }} as steps
    inner join papers on steps.paper_id = papers.paper_id
    where papers.is_observed_today
),

velocities as (
    select
        paper_id,
        {{ ordered_sum('rate * weight', 'observed_at asc nulls last') }}
        / {{ ordered_sum('weight', 'observed_at asc nulls last') }} as velocity,
        {{ ordered_sum('rate * weight_before', 'observed_at asc nulls last') }}
        / {{ ordered_sum('weight_before', 'observed_at asc nulls last') }} as velocity_before
    from weighted_steps
    group by paper_id
)

select
    papers.paper_id,
    velocities.velocity,
    case
        when not papers.is_observed_today then 'not observed in the last 24 hours'
        when papers.observation_count = 1 then 'one observation only'
    end as velocity_missing_reason,
    case
        when velocities.velocity is not null
            then
                cast(rank() over (
                    order by
                        round(velocities.velocity, 9) desc nulls last,
                        papers.upvotes desc nulls last,
                        papers.first_listed_on asc nulls last,
                        papers.paper_id asc nulls last
                ) as {{ dbt.type_bigint() }})
    end as velocity_rank,
    (velocities.velocity - velocities.velocity_before)
    / ({{ seconds_between('papers.day_base_at', 'papers.last_observed_at') }} / 3600.0) as acceleration,
    case
        when not papers.is_observed_today then 'not observed in the last 24 hours'
        when papers.observation_count = 1 then 'one observation only'
        when velocities.velocity_before is null then 'fewer than two observations until 24 hours ago'
    end as acceleration_missing_reason
from papers
left join velocities on papers.paper_id = velocities.paper_id
