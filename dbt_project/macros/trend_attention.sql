{# What the warehouse's own history expects of a paper, and who broke out of it. CTEs of `paper_trends`, which gives
   `known`, `cohorts` and `clock`. #}

{# Upvotes that an entity is credited with at the expected rate before its own counts speak: the shrinkage. #}
{% macro attention_prior() -%}5.0{%- endmacro %}
{# The same for the factor of a weekday or a place on the page, towards 1. #}
{% macro factor_prior() -%}20.0{%- endmacro %}
{# A burst is this many times the rate that the paper's own past makes one expect … #}
{% macro burst_ratio() -%}3.0{%- endmacro %}
{# … and entering it costs this much log-likelihood (nats), so that chance does not. #}
{% macro burst_cost() -%}12.0{%- endmacro %}

{# Where the age bands of the learned rate begin, in hours since 00:00 UTC of the first listing date. #}
{% macro age_band(hours) -%}
case
    when {{ hours }} < 6 then 0
    when {{ hours }} < 12 then 6
    when {{ hours }} < 24 then 12
    when {{ hours }} < 36 then 24
    when {{ hours }} < 48 then 36
    when {{ hours }} < 72 then 48
    when {{ hours }} < 96 then 72
    when {{ hours }} < 168 then 96
    when {{ hours }} < 336 then 168
    else 336
end
{%- endmacro %}

{# The first place of a band of places on the page; 0 where no daily list told one. #}
{% macro place_band(position) -%}
case
    when {{ position }} is null then 0
    when {{ position }} <= 3 then 1
    when {{ position }} <= 10 then 4
    when {{ position }} <= 30 then 11
    else 31
end
{%- endmacro %}

{# `steps`: one row per paper and observation but its first, with what happened since the one before.
   `expected_steps`: those of listed papers, with the gain that age, weekday and place make one expect. #}
{% macro attention_ctes() -%}
spaced as (
    select
        paper_id,
        observed_at,
        upvotes,
        lag(observed_at) over (partition by paper_id order by observed_at asc nulls first) as previous_at,
        lag(upvotes) over (partition by paper_id order by observed_at asc nulls first) as previous_upvotes,
        lag(position) over (partition by paper_id order by observed_at asc nulls first) as previous_position
    from known
),

steps as (
    select
        spaced.paper_id,
        spaced.observed_at,
        spaced.previous_at,
        cast(spaced.observed_at as date) as day,
        spaced.upvotes - spaced.previous_upvotes as gain,
        {{ seconds_between('spaced.previous_at', 'spaced.observed_at') }} / 3600.0 as hours,
        {{ seconds_between('cast(cohorts.first_listed_on as timestamp)', 'spaced.previous_at') }} / 3600.0 as age_hours,
        {{ iso_weekday('spaced.previous_at') }} as weekday,
        {{ place_band('spaced.previous_position') }} as place
    from spaced
    left join cohorts on spaced.paper_id = cohorts.paper_id
    where spaced.previous_at is not null
),

aged_steps as (
    select
        paper_id,
        observed_at,
        previous_at,
        gain,
        hours,
        weekday,
        place,
        {{ age_band('age_hours') }} as age
    from steps
    where age_hours is not null
),

age_rates as (
    select
        age,
        greatest(cast(sum(gain) as double), 0.0) / {{ ordered_sum('hours', 'paper_id asc nulls last, observed_at asc nulls last') }} as rate
    from aged_steps
    group by age
),

weekday_factors as (
    select
        aged_steps.weekday,
        (greatest(cast(sum(aged_steps.gain) as double), 0.0) + {{ factor_prior() }})
        / ({{ ordered_sum('age_rates.rate * aged_steps.hours', 'aged_steps.paper_id asc nulls last, aged_steps.observed_at asc nulls last') }} + {{ factor_prior() }}) as factor
    from aged_steps
    inner join age_rates on aged_steps.age = age_rates.age
    group by aged_steps.weekday
),

place_factors as (
    select
        aged_steps.place,
        (greatest(cast(sum(aged_steps.gain) as double), 0.0) + {{ factor_prior() }})
        / ({{ ordered_sum('age_rates.rate * weekday_factors.factor * aged_steps.hours', 'aged_steps.paper_id asc nulls last, aged_steps.observed_at asc nulls last') }} + {{ factor_prior() }}) as factor
    from aged_steps
    inner join age_rates on aged_steps.age = age_rates.age
    inner join weekday_factors on aged_steps.weekday = weekday_factors.weekday
    group by aged_steps.place
),

expected_steps as (
    select
        aged_steps.paper_id,
        aged_steps.observed_at,
        aged_steps.previous_at,
        cast(aged_steps.gain as double) as gain,
        age_rates.rate * weekday_factors.factor * place_factors.factor * aged_steps.hours as expected
    from aged_steps
    inner join age_rates on aged_steps.age = age_rates.age
    inner join weekday_factors on aged_steps.weekday = weekday_factors.weekday
    inner join place_factors on aged_steps.place = place_factors.place
),

attention as (
    select
        paper_id,
        {{ ordered_sum('expected', 'observed_at asc nulls last') }} as expected_upvotes,
        (greatest(sum(gain), 0.0) + {{ attention_prior() }}) / ({{ ordered_sum('expected', 'observed_at asc nulls last') }} + {{ attention_prior() }}) as attention_rate
    from expected_steps
    group by paper_id
)
{%- endmacro %}

{# Kleinberg's two states on counts. With two states and a cost on entering the upper one, the cheapest sequence is
   in the upper state over the stretch whose summed log-likelihood ratio is largest, if that exceeds the cost; the
   largest stretch is a running sum less its running minimum, so no recursion is needed.
   Sums are rounded: engines add in different orders, and a start must not depend on that. #}
{% macro breakout_ctes() -%}
levelled as (
    select
        paper_id,
        observed_at,
        previous_at,
        gain,
        expected,
        row_number() over (partition by paper_id order by observed_at asc nulls first) as step_number,
        coalesce(sum(gain) over (
            partition by paper_id order by observed_at asc nulls first rows between unbounded preceding and 1 preceding
        ), 0.0) as gain_before,
        coalesce(sum(expected) over (
            partition by paper_id order by observed_at asc nulls first rows between unbounded preceding and 1 preceding
        ), 0.0) as expected_before
    from expected_steps
),

judged as (
    select
        paper_id,
        observed_at,
        step_number,
        case
            when step_number = 1 then 0.0
            else
                gain * ln({{ burst_ratio() }})
                - ({{ burst_ratio() }} - 1.0) * expected
                * (greatest(gain_before, 0.0) + {{ attention_prior() }}) / (expected_before + {{ attention_prior() }})
        end as evidence
    from levelled
),

walked as (
    select
        paper_id,
        observed_at,
        step_number,
        round(
            sum(evidence) over (
                partition by paper_id order by observed_at asc nulls first
                rows between unbounded preceding and current row
            ), 12
        ) as height
    from judged
),

lowered as (
    select
        paper_id,
        observed_at,
        height,
        min(height) over (
            partition by paper_id order by observed_at asc nulls first rows between unbounded preceding and 1 preceding
        ) as lowest_before
    from walked
),

climbs as (
    select
        paper_id,
        observed_at,
        lowest_before,
        row_number() over (
            partition by paper_id order by round(height - lowest_before, 12) desc nulls last, observed_at asc nulls last
        ) as preference,
        round(height - lowest_before, 12) as climb
    from lowered
    where lowest_before is not null
),

breakouts as (
    select
        climbs.paper_id,
        climbs.climb as breakout_score,
        climbs.observed_at as ended_at,
        max(lowered.observed_at) as started_at
    from climbs
    inner join lowered
        on
            climbs.paper_id = lowered.paper_id
            and climbs.observed_at > lowered.observed_at
            and climbs.lowest_before = lowered.height
    where climbs.preference = 1
    group by climbs.paper_id, climbs.climb, climbs.observed_at
)
{%- endmacro %}
