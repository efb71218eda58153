-- From a paper's first observation to its last; days between without one carry the last value forward.
-- A gain needs two observations. That of the first day counts from the first observation of that day, so gains add up
-- to last minus first.
with observations as (
    select
        paper_id,
        observed_at,
        upvotes,
        comments,
        cast(observed_at as date) as day
    from {{ ref('fct_upvote_observations') }}
    where upvotes is not null
),

days_observed as (
    select
        paper_id,
        day,
        max_by(upvotes, observed_at) as upvotes,
        min_by(upvotes, observed_at) as first_upvotes,
        count(*) as observation_count
    from observations
    group by paper_id, day
),

spans as (
    select
        paper_id,
        day as observed_day,
        upvotes,
        first_upvotes,
        observation_count,
        lag(upvotes) over (partition by paper_id order by day asc nulls first) as upvotes_before,
        cast(
            coalesce(
                {{ dbt.dateadd('day', -1, 'lead(day) over (partition by paper_id order by day asc nulls first)') }},
                day
            ) as date
        ) as carried_until
    from days_observed
),

final as (
    select
        paper_id,
        spread_day as day,
        upvotes,
        case
            when spread_day <> observed_day then 0
            when upvotes_before is not null then upvotes - upvotes_before
            when observation_count > 1 then upvotes - first_upvotes
        end as gained,
        spread_day = observed_day as is_observed,
        case when spread_day = observed_day then observation_count else 0 end as observation_count
    from (
        select
            spread.paper_id,
            spread.day as spread_day,
            spread.observed_day,
            spread.upvotes,
            spread.upvotes_before,
            spread.first_upvotes,
            spread.observation_count
        from {{ day_spine('spans', 'observed_day', 'carried_until') }} as spread
    ) as daily
)

-- As in fct_upvote_observations.
select * from final
order by paper_id asc nulls last, day asc nulls last
