-- The gain of a window is of papers observed in it, and counts from the observation nearest to its start, within a
-- tolerance. A rate divides by the hours that it really spans: it counts from the last observation before the window;
-- without one, from the first in it.
with measures as (
    select * from {{ ref('int_papers_measured') }}
),

windows as (
    select
        as_of,
        {{ hours_before('as_of', 24) }} as day_start_at,
        {{ hours_before('as_of', 168) }} as week_start_at
    from (select max(last_observed_at) as as_of from measures) as clock
),

bases as (
    select
        known.paper_id,
        min_by(known.observed_at, {{ distance_from_start('day_start_at', 24) }}) as day_gain_base_at,
        min_by(known.upvotes, {{ distance_from_start('day_start_at', 24) }}) as day_gain_base_upvotes,
        min_by(known.observed_at, {{ distance_from_start('week_start_at', 168) }}) as week_gain_base_at,
        min_by(known.upvotes, {{ distance_from_start('week_start_at', 168) }}) as week_gain_base_upvotes,
        max(case when known.observed_at <= windows.day_start_at then known.observed_at end) as day_base_at,
        max_by(
            known.upvotes, case when known.observed_at <= windows.day_start_at then known.observed_at end
        ) as day_base_upvotes,
        min(case when known.observed_at > windows.day_start_at then known.observed_at end) as window_first_at,
        min_by(
            known.upvotes, case when known.observed_at > windows.day_start_at then known.observed_at end
        ) as window_first_upvotes
    from {{ ref('fct_upvote_observations') }} as known
    inner join measures on known.paper_id = measures.paper_id
    inner join windows on measures.last_observed_at > windows.week_start_at
    where known.upvotes is not null
    group by known.paper_id
)

select
    measures.paper_id,
    windows.as_of,
    measures.last_observed_at > windows.day_start_at as is_observed_today,
    measures.last_observed_at > windows.week_start_at as is_observed_this_week,
    measures.first_observed_at > windows.day_start_at as is_first_observed_today,
    measures.first_observed_at > windows.week_start_at as is_first_observed_this_week,
    case when measures.last_observed_at > windows.day_start_at then bases.day_gain_base_at end as day_gain_base_at,
    bases.day_gain_base_upvotes,
    bases.week_gain_base_at,
    bases.week_gain_base_upvotes,
    bases.day_base_at,
    coalesce(bases.day_base_at, bases.window_first_at) as rate_base_at,
    coalesce(bases.day_base_upvotes, bases.window_first_upvotes) as rate_base_upvotes
from measures
cross join windows
left join bases on measures.paper_id = bases.paper_id
