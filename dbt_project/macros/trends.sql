{# Queries that a model and a table macro share: the same words answer "now" and "as of then". #}

{# One row per paper: the last counts observed up to a moment. Papers that were not observed since have them in
   `latest`, so that only observations of the others are read: they are selected before they are compared with the
   moment, which may be a subquery (0.1 s instead of 3.7 s for 50 million observations, 2026-11). #}
{% macro upvotes_as_of(observations, latest, moment) -%}
with observed_since as materialized (
    select
        paper_id,
        observed_at,
        upvotes,
        comments
    from {{ observations }}
    where
        upvotes is not null
        and paper_id in (select paper_id from {{ latest }} where last_observed_at > {{ moment }})
)

select
    paper_id,
    last_observed_at as observed_at,
    upvotes,
    comments
from {{ latest }}
where last_observed_at <= {{ moment }}
union all
select
    paper_id,
    max(observed_at) as observed_at,
    max_by(upvotes, observed_at) as upvotes,
    max_by(comments, case when comments is not null then observed_at end) as comments
from observed_since
where observed_at <= {{ moment }}
group by paper_id
{%- endmacro %}

{# One row per paper and observation with upvotes but its first: what happened since the one before. `known` are the
   observations with upvotes, `cohorts` papers with their `first_listed_on`. #}
{% macro paper_steps(known, cohorts) -%}
select
    spaced.paper_id,
    spaced.observed_at,
    spaced.previous_at,
    spaced.upvotes - spaced.previous_upvotes as gain,
    spaced.previous_upvotes - spaced.first_upvotes as gain_before,
    case
        when cohorts.first_listed_on is not null
            then {{ age_band(seconds_between('cast(cohorts.first_listed_on as timestamp)', 'spaced.previous_at') ~ ' / 3600.0') }}
    end as age,
    cast({{ iso_weekday('spaced.previous_at') }} as {{ dbt.type_int() }}) as weekday,
    {{ place_band('spaced.previous_position') }} as place
from (
    select
        paper_id,
        observed_at,
        upvotes,
        lag(observed_at) over (partition by paper_id order by observed_at asc nulls first) as previous_at,
        lag(upvotes) over (partition by paper_id order by observed_at asc nulls first) as previous_upvotes,
        lag(position) over (partition by paper_id order by observed_at asc nulls first) as previous_position,
        first_value(upvotes) over (partition by paper_id order by observed_at asc nulls first) as first_upvotes
    from {{ known }}
) as spaced
left join {{ cohorts }} as cohorts on spaced.paper_id = cohorts.paper_id
where spaced.previous_at is not null
{%- endmacro %}

{# One row per paper with upvotes: what its observations say whatever the time is now. `steps` are those of the same
   papers. #}
{% macro paper_measures(known, steps) -%}
with spans as (
    select
        paper_id,
        count(*) as observation_count,
        min(observed_at) as first_observed_at,
        max(observed_at) as last_observed_at,
        min_by(upvotes, observed_at) as first_upvotes,
        max_by(upvotes, observed_at) as upvotes,
        max_by(comments, case when comments is not null then observed_at end) as comments
    from {{ known }}
    group by paper_id
),

half_moments as (
    select
        known.paper_id,
        min(known.observed_at) as half_at
    from {{ known }} as known
    inner join spans on known.paper_id = spans.paper_id
    where known.upvotes * 2 >= spans.upvotes
    group by known.paper_id
),

-- The step that reached half, if the first observation had not.
half as (
    select
        half_moments.paper_id,
        half_moments.half_at,
        steps.previous_at as half_previous_at
    from half_moments
    left join {{ steps }} as steps
        on half_moments.paper_id = steps.paper_id and half_moments.half_at = steps.observed_at
),

day_gains as (
    select
        paper_id,
        cast(observed_at as date) as day,
        cast(min(previous_at) as date) as previous_day,
        cast(sum(gain) as {{ dbt.type_bigint() }}) as gain
    from {{ steps }}
    group by paper_id, cast(observed_at as date)
),

-- Of days that gained the same the first counts: no day is the millionth since 1970.
peaks as (
    select
        paper_id,
        max_by(day, gain * 1000000 - {{ dbt.datediff("cast('1970-01-01' as date)", 'day', 'day') }}) as day,
        max_by(previous_day, gain * 1000000 - {{ dbt.datediff("cast('1970-01-01' as date)", 'day', 'day') }}) as previous_day,
        max(gain) as gain
    from day_gains
    where gain > 0
    group by paper_id
)

select
    spans.paper_id,
    spans.observation_count,
    spans.first_observed_at,
    spans.last_observed_at,
    spans.first_upvotes,
    spans.upvotes,
    spans.comments,
    half.half_at,
    half.half_previous_at,
    peaks.day as peak_day,
    peaks.gain as peak_day_gain,
    case
        when peaks.previous_day < peaks.day
            then cast({{ dbt.datediff('peaks.previous_day', 'peaks.day', 'day') }} - 1 as {{ dbt.type_bigint() }})
        when peaks.previous_day = peaks.day then 0
    end as peak_day_unobserved_days
from spans
left join half on spans.paper_id = half.paper_id
left join peaks on spans.paper_id = peaks.paper_id
{%- endmacro %}

{# One row per paper with an upvote observation up to a moment. See the columns of rpt_paper_trends for formulas.
   `moment` bounds what is known; "now" is the last observation of any paper up to it. `steps` and `measures` are
   tables made by the macros of that name of the same observations, where there are any. #}
{% macro paper_trends(observations, listings, moment, steps=none, measures=none) -%}
{%- set known -%}
(
    select
        paper_id,
        observed_at,
        upvotes,
        comments,
        position
    from {{ observations }}
    where observed_at <= {{ moment }} and upvotes is not null
)
{%- endset -%}
with cohorts as (
    select
        paper_id,
        min(listing_date) as first_listed_on
    from {{ listings }}
    where first_observed_at <= {{ moment }}
    group by paper_id
),

steps as (
    {% if steps -%}
    select * from {{ steps }}
    {%- else -%}
    {{ paper_steps(known, 'cohorts') }}
    {%- endif %}
),

measures as (
    {% if measures -%}
    select * from {{ measures }}
    {%- else -%}
    {{ paper_measures(known, 'steps') }}
    {%- endif %}
),

windows as (
    select
        as_of,
        {{ hours_before('as_of', 24) }} as day_began_at,
        {{ hours_before('as_of', 168) }} as week_began_at
    from (select max(last_observed_at) as as_of from measures) as clock
),

-- Gains of a window are of papers observed in it, and count from the observation nearest to its start, within a
-- tolerance. Rates divide by the hours that they really span: they count from the last observation before the window;
-- without one, from the first in it.
bases as (
    select
        known.paper_id,
        min_by(known.observed_at, {{ distance_from_start('day_began_at', 24) }}) as day_gain_base_at,
        min_by(known.upvotes, {{ distance_from_start('day_began_at', 24) }}) as day_gain_base_upvotes,
        min_by(known.observed_at, {{ distance_from_start('week_began_at', 168) }}) as week_gain_base_at,
        min_by(known.upvotes, {{ distance_from_start('week_began_at', 168) }}) as week_gain_base_upvotes,
        max(case when known.observed_at <= windows.day_began_at then known.observed_at end) as day_base_at,
        max_by(known.upvotes, case when known.observed_at <= windows.day_began_at then known.observed_at end) as day_base_upvotes,
        min(case when known.observed_at > windows.day_began_at then known.observed_at end) as window_first_at,
        min_by(known.upvotes, case when known.observed_at > windows.day_began_at then known.observed_at end) as window_first_upvotes
    from {{ known }} as known
    inner join measures on known.paper_id = measures.paper_id
    inner join windows on measures.last_observed_at > windows.week_began_at
    group by known.paper_id
),

based as (
    select
        measures.paper_id,
        windows.as_of,
        measures.observation_count,
        measures.first_observed_at,
        measures.last_observed_at,
        measures.first_upvotes,
        measures.upvotes,
        measures.comments,
        measures.half_at,
        measures.half_previous_at,
        measures.peak_day,
        measures.peak_day_gain,
        measures.peak_day_unobserved_days,
        case when measures.last_observed_at > windows.day_began_at then bases.day_gain_base_at end as day_gain_base_at,
        bases.day_gain_base_upvotes,
        bases.week_gain_base_at,
        bases.week_gain_base_upvotes,
        measures.first_observed_at > windows.day_began_at as is_first_observed_today,
        measures.first_observed_at > windows.week_began_at as is_first_observed_this_week,
        bases.day_base_at,
        coalesce(bases.day_base_at, bases.window_first_at) as rate_base_at,
        coalesce(bases.day_base_upvotes, bases.window_first_upvotes) as rate_base_upvotes,
        measures.last_observed_at > windows.day_began_at as is_observed_today,
        measures.last_observed_at > windows.week_began_at as is_observed_this_week
    from measures
    cross join windows
    left join bases on measures.paper_id = bases.paper_id
),

{{ attention_ctes() }},

{{ breakout_ctes() }},

-- A velocity is told of papers observed today.
weighted_steps as (
    select
        steps.paper_id,
        steps.observed_at,
        cast(steps.gain as double) / ({{ seconds_between('steps.previous_at', 'steps.observed_at') }} / 3600.0) as rate,
        {{ velocity_weight('steps.observed_at', 'based.last_observed_at') }}
        - {{ velocity_weight('steps.previous_at', 'based.last_observed_at') }} as weight,
        case
            when steps.observed_at <= based.day_base_at
                then
                    {{ velocity_weight('steps.observed_at', 'based.day_base_at') }}
                    - {{ velocity_weight('steps.previous_at', 'based.day_base_at') }}
        end as weight_before
    from steps
    inner join based on steps.paper_id = based.paper_id
    where based.is_observed_today
),

velocities as (
    select
        paper_id,
        {{ ordered_sum('rate * weight', 'observed_at asc nulls last') }} / {{ ordered_sum('weight', 'observed_at asc nulls last') }} as velocity,
        {{ ordered_sum('rate * weight_before', 'observed_at asc nulls last') }} / {{ ordered_sum('weight_before', 'observed_at asc nulls last') }} as velocity_before
    from weighted_steps
    group by paper_id
),

cohort_statistics as (
    select
        cohorts.first_listed_on,
        count(*) as cohort_size,
        avg(cast(based.upvotes as double)) as mean_upvotes,
        -- from whole numbers, which add up the same in any order
        sqrt(
            cast(count(*) * sum(based.upvotes * based.upvotes) - sum(based.upvotes) * sum(based.upvotes) as double)
        ) / count(*) as deviation
    from based
    inner join cohorts on based.paper_id = cohorts.paper_id
    group by cohorts.first_listed_on
),

measured as (
    select
        based.paper_id,
        based.as_of,
        cohorts.first_listed_on,
        based.upvotes,
        based.comments,
        based.observation_count,
        based.first_observed_at,
        based.last_observed_at,
        {{ seconds_between('based.first_observed_at', 'based.last_observed_at') }} / 3600.0 as observed_hours,
        case when based.observation_count > 1 then based.upvotes - based.first_upvotes end as gain_observed,
        case when based.observation_count = 1 then 'one observation only' end as gain_observed_missing_reason,
        case when based.day_gain_base_at is not null then based.upvotes - based.day_gain_base_upvotes end as gain_24h,
        {{ seconds_between('based.day_gain_base_at', 'based.last_observed_at') }} / 3600.0 as gain_24h_hours,
        case
            when based.day_gain_base_at is not null then null
            when not based.is_observed_today then 'not observed in the last 24 hours'
            when based.is_first_observed_today then 'first observed less than 24 hours ago'
            else 'not observed 24 hours ago, give or take 10 %'
        end as gain_24h_missing_reason,
        based.upvotes - based.week_gain_base_upvotes as gain_7d,
        {{ seconds_between('based.week_gain_base_at', 'based.last_observed_at') }} / 3600.0 as gain_7d_hours,
        case
            when based.week_gain_base_at is not null then null
            when not based.is_observed_this_week then 'not observed in the last 7 days'
            when based.is_first_observed_this_week then 'first observed less than 7 days ago'
            else 'not observed 7 days ago, give or take 10 %'
        end as gain_7d_missing_reason,
        case
            when not based.is_observed_today then 'not observed in the last 24 hours'
            when based.observation_count = 1 then 'one observation only'
        end as velocity_missing_reason,
        case
            when based.is_observed_today and based.last_observed_at > based.rate_base_at
                then
                    cast(based.upvotes - based.rate_base_upvotes as double)
                    / ({{ seconds_between('based.rate_base_at', 'based.last_observed_at') }} / 3600.0)
        end as rate_24h,
        case when based.is_observed_today then velocities.velocity end as velocity,
        case
            when based.is_observed_today
                then
                    (velocities.velocity - velocities.velocity_before)
                    / ({{ seconds_between('based.day_base_at', 'based.last_observed_at') }} / 3600.0)
        end as acceleration,
        case
            when not based.is_observed_today then 'not observed in the last 24 hours'
            when based.observation_count = 1 then 'one observation only'
            when velocities.velocity_before is null then 'fewer than two observations until 24 hours ago'
        end as acceleration_missing_reason,
        case
            when cohorts.first_listed_on is not null
                then
                    {{ seconds_between('cast(cohorts.first_listed_on as timestamp)', 'based.as_of') }} / 3600.0
        end as age_hours,
        case
            when cohorts.first_listed_on is not null
                then
                    {{ seconds_between("cast('1970-01-01' as timestamp)", 'cast(cohorts.first_listed_on as timestamp)') }}
        end as listed_seconds,
        attention.expected_upvotes,
        (greatest(attention.gain, 0.0) + {{ attention_prior() }}) / (attention.expected_upvotes + {{ attention_prior() }}) as attention_rate,
        case
            when cohorts.first_listed_on is null then 'no daily list had it'
            when based.observation_count = 1 then 'one observation only'
        end as attention_missing_reason,
        cohort_statistics.cohort_size,
        case
            when cohort_statistics.deviation > 0
                then (cast(based.upvotes as double) - cohort_statistics.mean_upvotes) / cohort_statistics.deviation
        end as cohort_z_score,
        case
            when cohorts.first_listed_on is null then 'no daily list had it'
            when cohort_statistics.cohort_size = 1 then 'alone in its cohort'
            when cohort_statistics.deviation = 0 then 'all papers of the cohort have equal upvotes'
        end as cohort_z_score_missing_reason,
        case
            when based.half_at > based.first_observed_at
                then {{ seconds_between('based.first_observed_at', 'based.half_at') }} / 3600.0
        end as half_life_hours,
        case
            when based.half_at > based.first_observed_at
                then {{ seconds_between('based.half_previous_at', 'based.half_at') }} / 3600.0
        end as half_life_resolution_hours,
        case
            when based.half_at > based.first_observed_at then null
            when based.observation_count = 1 then 'one observation only'
            when based.upvotes = 0 then 'no upvotes'
            else 'half was reached before the first observation'
        end as half_life_missing_reason,
        based.peak_day,
        based.peak_day_gain,
        based.peak_day_unobserved_days,
        case
            when based.observation_count = 1 then 'one observation only'
            when based.peak_day is null then 'no day gained'
        end as peak_day_missing_reason,
        attention.breakout_score,
        attention.breakout_score >= {{ burst_cost() }} as is_breakout,
        case
            when cohorts.first_listed_on is null then 'no daily list had it'
            when based.observation_count < 3 then 'fewer than three observations'
        end as is_breakout_missing_reason,
        case when attention.breakout_score >= {{ burst_cost() }} then breakouts.started_at end as breakout_started_at,
        case when attention.breakout_score >= {{ burst_cost() }} then breakouts.ended_at end as breakout_ended_at
    from based
    left join cohorts on based.paper_id = cohorts.paper_id
    left join velocities on based.paper_id = velocities.paper_id
    left join attention on based.paper_id = attention.paper_id
    left join cohort_statistics on cohorts.first_listed_on = cohort_statistics.first_listed_on
    left join breakouts on based.paper_id = breakouts.paper_id
)

select
    paper_id,
    as_of,
    first_listed_on,
    upvotes,
    comments,
    observation_count,
    first_observed_at,
    last_observed_at,
    observed_hours,
    gain_observed,
    gain_observed_missing_reason,
    gain_24h,
    gain_24h_hours,
    gain_24h_missing_reason,
    gain_7d,
    gain_7d_hours,
    gain_7d_missing_reason,
    velocity,
    velocity_missing_reason,
    case
        when velocity is not null
            then cast(rank() over (
                order by
                    round(velocity, 9) desc nulls last,
                    upvotes desc nulls last,
                    first_listed_on asc nulls last,
                    paper_id asc nulls last
            ) as {{ dbt.type_bigint() }})
    end as velocity_rank,
    rate_24h,
    velocity_missing_reason as rate_24h_missing_reason,
    acceleration,
    acceleration_missing_reason,
    age_hours,
    case when first_listed_on is null then 'no daily list had it' end as age_missing_reason,
    case
        when age_hours >= 0 and upvotes > 1
            then power(cast(upvotes - 1 as double), 0.8) / power(age_hours + 2.0, 1.8)
        when age_hours >= 0 then cast(upvotes - 1 as double) / power(age_hours + 2.0, 1.8)
    end as hacker_news_score,
    case when age_hours >= 0 then cast(upvotes - 1 as double) / power(age_hours + 2.0, 1.8) end
        as hacker_news_simple_score,
    case
        when age_hours >= 0 and upvotes >= 0
            then power(cast(upvotes as double), 0.8) / power(age_hours + 2.0, 1.8)
    end as hacker_news_raw_score,
    case
        when listed_seconds is not null
            then
                cast(sign(upvotes) as double) * log10(cast(greatest(abs(upvotes), 1) as double))
                + (listed_seconds - 1134028003.0) / 45000.0
    end as reddit_hot_score,
    case
        when age_hours is null then 'no daily list had it'
        when age_hours < 0 then 'the day of its list has not begun'
    end as hacker_news_score_missing_reason,
    expected_upvotes,
    attention_rate,
    attention_missing_reason as attention_rate_missing_reason,
    cast(rank() over (order by upvotes desc nulls last) as {{ dbt.type_bigint() }}) as upvote_rank,
    case
        when first_listed_on is not null
            then percent_rank() over (partition by first_listed_on order by upvotes asc nulls first)
    end as cohort_percentile,
    cohort_z_score,
    cohort_z_score_missing_reason,
    cohort_size,
    half_life_hours,
    half_life_resolution_hours,
    half_life_missing_reason,
    peak_day,
    peak_day_gain,
    peak_day_unobserved_days,
    peak_day_missing_reason,
    is_breakout,
    is_breakout_missing_reason,
    breakout_started_at,
    breakout_ended_at,
    coalesce(is_breakout_missing_reason, case when not is_breakout then 'no breakout' end)
        as breakout_started_missing_reason,
    breakout_score
from measured
{%- endmacro %}

{# How far an observation before the paper's last one is from the start of a window of some hours, as a whole number;
   of equals the earlier counts. Null outside the tolerance: 10 % of the window on either side. #}
{% macro distance_from_start(start, hours) -%}
{%- set before = microseconds_between('known.observed_at', 'windows.' ~ start) -%}
case
    when known.observed_at < measures.last_observed_at and abs({{ before }}) <= {{ hours * 360000000 }}
        then 2 * abs({{ before }}) + case when {{ before }} < 0 then 1 else 0 end
end
{%- endmacro %}

{# What a moment weighs in the velocity, seen from a later one: halved every 24 hours. #}
{% macro velocity_weight(moment, seen_from) -%}
power(2.0, -{{ seconds_between(moment, seen_from) }} / 86400.0)
{%- endmacro %}
