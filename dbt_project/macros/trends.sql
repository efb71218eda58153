{# Queries that a model and a table macro share: the same words answer "now" and "as of then". #}

{# One row per paper: the last counts observed up to a moment. #}
{% macro upvotes_as_of(observations, moment) -%}
select
    paper_id,
    max(observed_at) as observed_at,
    max_by(upvotes, observed_at) as upvotes,
    max_by(comments, observed_at) as comments
from {{ observations }}
where observed_at <= {{ moment }} and upvotes is not null
group by paper_id
{%- endmacro %}

{# One row per paper with an upvote observation up to a moment. See the columns of rpt_paper_trends for formulas.
   `moment` bounds what is known; "now" is the last observation of any paper up to it. #}
{% macro paper_trends(observations, listings, moment) -%}
with known as (
    select
        paper_id,
        observed_at,
        upvotes,
        position
    from {{ observations }}
    where observed_at <= {{ moment }} and upvotes is not null
),

clock as (
    select max(observed_at) as as_of from known
),

cohorts as (
    select
        paper_id,
        min(listing_date) as first_listed_on
    from {{ listings }}
    where first_observed_at <= {{ moment }}
    group by paper_id
),

summaries as (
    select
        known.paper_id,
        max(clock.as_of) as as_of,
        count(*) as observation_count,
        min(known.observed_at) as first_observed_at,
        max(known.observed_at) as last_observed_at,
        min_by(known.upvotes, known.observed_at) as first_upvotes,
        max_by(known.upvotes, known.observed_at) as upvotes,
        max(case when known.observed_at <= {{ hours_before('clock.as_of', 24) }} then known.observed_at end) as day_base_at,
        max(case when known.observed_at <= {{ hours_before('clock.as_of', 168) }} then known.observed_at end) as week_base_at,
        min(case when known.observed_at > {{ hours_before('clock.as_of', 24) }} then known.observed_at end) as window_first_at
    from known
    cross join clock
    group by known.paper_id
),

based as (
    select
        summaries.paper_id,
        summaries.as_of,
        summaries.observation_count,
        summaries.first_observed_at,
        summaries.last_observed_at,
        summaries.first_upvotes,
        summaries.upvotes,
        summaries.day_base_at,
        day_base.upvotes as day_base_upvotes,
        week_base.upvotes as week_base_upvotes,
        coalesce(summaries.day_base_at, summaries.window_first_at) as rate_base_at,
        coalesce(day_base.upvotes, window_first.upvotes) as rate_base_upvotes,
        summaries.last_observed_at > {{ hours_before('summaries.as_of', 24) }} as is_observed_today,
        summaries.last_observed_at > {{ hours_before('summaries.as_of', 168) }} as is_observed_this_week
    from summaries
    left join known as day_base
        on summaries.paper_id = day_base.paper_id and summaries.day_base_at = day_base.observed_at
    left join known as week_base
        on summaries.paper_id = week_base.paper_id and summaries.week_base_at = week_base.observed_at
    left join known as window_first
        on summaries.paper_id = window_first.paper_id and summaries.window_first_at = window_first.observed_at
),

half as (
    select
        known.paper_id,
        min(known.observed_at) as half_at
    from known
    inner join based on known.paper_id = based.paper_id
    where known.upvotes * 2 >= based.upvotes
    group by known.paper_id
),

{{ attention_ctes() }},

{{ breakout_ctes() }},

weighted_steps as (
    select
        steps.paper_id,
        steps.observed_at,
        cast(steps.gain as double) / steps.hours as rate,
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
),

velocities as (
    select
        paper_id,
        {{ ordered_sum('rate * weight', 'observed_at asc nulls last') }} / {{ ordered_sum('weight', 'observed_at asc nulls last') }} as velocity,
        {{ ordered_sum('rate * weight_before', 'observed_at asc nulls last') }} / {{ ordered_sum('weight_before', 'observed_at asc nulls last') }} as velocity_before
    from weighted_steps
    group by paper_id
),

day_gains as (
    select
        paper_id,
        day,
        sum(gain) as gain
    from steps
    group by paper_id, day
),

ranked_days as (
    select
        paper_id,
        day,
        cast(gain as {{ dbt.type_bigint() }}) as gain,
        row_number() over (partition by paper_id order by gain desc nulls last, day asc nulls last) as preference
    from day_gains
    where gain > 0
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
        based.observation_count,
        based.first_observed_at,
        based.last_observed_at,
        {{ seconds_between('based.first_observed_at', 'based.last_observed_at') }} / 3600.0 as observed_hours,
        based.upvotes - based.first_upvotes as gain_observed,
        case when based.is_observed_today then based.upvotes - based.day_base_upvotes end as gain_24h,
        case when based.is_observed_this_week then based.upvotes - based.week_base_upvotes end as gain_7d,
        case
            when not based.is_observed_today then 'not observed in the last 24 hours'
            when based.day_base_upvotes is null then 'first observed less than 24 hours ago'
        end as gain_24h_missing_reason,
        case
            when not based.is_observed_this_week then 'not observed in the last 7 days'
            when based.week_base_upvotes is null then 'first observed less than 7 days ago'
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
        attention.attention_rate,
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
            when half.half_at > based.first_observed_at
                then {{ seconds_between('based.first_observed_at', 'half.half_at') }} / 3600.0
        end as half_life_hours,
        case
            when half.half_at <= based.first_observed_at then 'half was reached before the first observation'
        end as half_life_missing_reason,
        ranked_days.day as peak_day,
        ranked_days.gain as peak_day_gain,
        case
            when based.observation_count = 1 then 'one observation only'
            when ranked_days.day is null then 'no day gained'
        end as peak_day_missing_reason,
        breakouts.breakout_score,
        breakouts.breakout_score >= {{ burst_cost() }} as is_breakout,
        case
            when cohorts.first_listed_on is null then 'no daily list had it'
            when based.observation_count < 3 then 'fewer than three observations'
        end as is_breakout_missing_reason,
        case when breakouts.breakout_score >= {{ burst_cost() }} then breakouts.started_at end as breakout_started_at,
        case when breakouts.breakout_score >= {{ burst_cost() }} then breakouts.ended_at end as breakout_ended_at
    from based
    left join cohorts on based.paper_id = cohorts.paper_id
    left join half on based.paper_id = half.paper_id
    left join velocities on based.paper_id = velocities.paper_id
    left join attention on based.paper_id = attention.paper_id
    left join cohort_statistics on cohorts.first_listed_on = cohort_statistics.first_listed_on
    left join ranked_days on based.paper_id = ranked_days.paper_id and ranked_days.preference = 1
    left join breakouts on based.paper_id = breakouts.paper_id
)

select
    paper_id,
    as_of,
    first_listed_on,
    upvotes,
    observation_count,
    first_observed_at,
    last_observed_at,
    observed_hours,
    gain_observed,
    gain_24h,
    gain_24h_missing_reason,
    gain_7d,
    gain_7d_missing_reason,
    velocity,
    velocity_missing_reason,
    case
        when velocity is not null
            then rank() over (
                order by round(velocity, 9) desc nulls last, upvotes desc nulls last, paper_id asc nulls last
            )
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
    rank() over (order by upvotes desc nulls last) as upvote_rank,
    case
        when first_listed_on is not null
            then percent_rank() over (partition by first_listed_on order by upvotes asc nulls first)
    end as cohort_percentile,
    cohort_z_score,
    cohort_z_score_missing_reason,
    cohort_size,
    half_life_hours,
    half_life_missing_reason,
    peak_day,
    peak_day_gain,
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

{# What a moment weighs in the velocity, seen from a later one: halved every 24 hours. #}
{% macro velocity_weight(moment, seen_from) -%}
power(2.0, -{{ seconds_between(moment, seen_from) }} / 86400.0)
{%- endmacro %}
