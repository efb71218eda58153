-- Windows, tolerance and the choice of an observation are those of upvote gains (int_paper_windows).
with known as (
    select * from {{ ref('int_star_observations') }}
    where is_of_listed_repository
),

windows as (
    select
        as_of,
        {{ hours_before('as_of', 24) }} as day_start_at,
        {{ hours_before('as_of', 168) }} as week_start_at
    from (select max(last_observed_at) as as_of from {{ ref('int_papers_measured') }}) as clock
),

measures as (
    select
        paper_id,
        min(observed_at) as first_observed_at,
        max(observed_at) as last_observed_at,
        min_by(stars, observed_at) as first_stars,
        max_by(stars, observed_at) as stars
    from known
    group by paper_id
),

bases as (
    select
        known.paper_id,
        min_by(known.observed_at, {{ distance_from_start('day_start_at', 24) }}) as day_base_at,
        min_by(known.stars, {{ distance_from_start('day_start_at', 24) }}) as day_base_stars,
        min_by(known.observed_at, {{ distance_from_start('week_start_at', 168) }}) as week_base_at,
        min_by(known.stars, {{ distance_from_start('week_start_at', 168) }}) as week_base_stars
    from known
    inner join measures on known.paper_id = measures.paper_id
    cross join windows
    group by known.paper_id
)

select
    measures.paper_id,
    measures.last_observed_at,
    measures.stars,
    measures.last_observed_at > windows.day_start_at as is_observed_today,
    measures.last_observed_at > windows.week_start_at as is_observed_this_week,
    case when measures.last_observed_at > windows.day_start_at then bases.day_base_at end as day_base_at,
    bases.day_base_stars,
    case when measures.last_observed_at > windows.week_start_at then bases.week_base_at end as week_base_at,
    bases.week_base_stars,
    case
        -- A rate per day is measured over a day, less the tolerance: a star in five minutes is not 288 a day.
        when
            measures.last_observed_at > windows.week_start_at
            and {{ seconds_between('measures.first_observed_at', 'measures.last_observed_at') }} >= 77760
            then measures.first_observed_at
    end as rate_base_at,
    measures.first_stars as rate_base_stars
from measures
inner join bases on measures.paper_id = bases.paper_id
cross join windows
