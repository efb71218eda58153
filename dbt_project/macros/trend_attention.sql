{# What the warehouse's own history expects of a paper, and who broke out of it. CTEs of `paper_trends`, which gives
   `steps`. #}

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

{# `expected_steps`: the steps of listed papers, with the gain that age, weekday and place make one expect.
   What is learned from all steps is added up in whole numbers, upvotes and microseconds, by cell of age, weekday and
   place: such sums are the same in any order. Sums of doubles are over the cells, or a window over one paper. #}
{% macro attention_ctes() -%}
cells as (
    select
        age,
        weekday,
        place,
        {{ exact_sum('gain') }} as gain,
        cast({{ exact_sum(microseconds_between('previous_at', 'observed_at')) }} as double) / 3600000000.0 as hours
    from steps
    where age is not null
    group by age, weekday, place
),

age_rates as (
    select
        age,
        greatest(cast(sum(gain) as double), 0.0)
        / {{ ordered_sum('hours', 'weekday asc nulls last, place asc nulls last') }} as rate
    from cells
    group by age
),

weekday_factors as (
    select
        cells.weekday,
        (greatest(cast(sum(cells.gain) as double), 0.0) + {{ factor_prior() }})
        / ({{ ordered_sum('age_rates.rate * cells.hours', 'cells.age asc nulls last, cells.place asc nulls last') }} + {{ factor_prior() }}) as factor
    from cells
    inner join age_rates on cells.age = age_rates.age
    group by cells.weekday
),

place_factors as (
    select
        cells.place,
        (greatest(cast(sum(cells.gain) as double), 0.0) + {{ factor_prior() }})
        / ({{ ordered_sum('age_rates.rate * weekday_factors.factor * cells.hours', 'cells.age asc nulls last, cells.weekday asc nulls last') }} + {{ factor_prior() }}) as factor
    from cells
    inner join age_rates on cells.age = age_rates.age
    inner join weekday_factors on cells.weekday = weekday_factors.weekday
    group by cells.place
),

expected_rates as (
    select
        cells.age,
        cells.weekday,
        cells.place,
        age_rates.rate * weekday_factors.factor * place_factors.factor as rate
    from cells
    inner join age_rates on cells.age = age_rates.age
    inner join weekday_factors on cells.weekday = weekday_factors.weekday
    inner join place_factors on cells.place = place_factors.place
),

expected_steps as (
    select
        steps.paper_id,
        steps.observed_at,
        cast(steps.gain as double) as gain,
        cast(steps.gain_before as double) as gain_before,
        expected_rates.rate * ({{ seconds_between('steps.previous_at', 'steps.observed_at') }} / 3600.0) as expected
    from steps
    inner join expected_rates
        on
            steps.age = expected_rates.age
            and steps.weekday = expected_rates.weekday
            and steps.place = expected_rates.place
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
        gain,
        gain_before,
        expected,
        sum(expected) over (
            partition by paper_id order by observed_at asc nulls first rows between unbounded preceding and 1 preceding
        ) as expected_before
    from expected_steps
),

walked as (
    select
        paper_id,
        observed_at,
        gain,
        gain_before,
        expected,
        expected_before,
        round(
            sum(
                case
                    -- the paper's first step
                    when expected_before is null then 0.0
                    else
                        gain * ln({{ burst_ratio() }})
                        - ({{ burst_ratio() }} - 1.0) * expected
                        * (greatest(gain_before, 0.0) + {{ attention_prior() }}) / (expected_before + {{ attention_prior() }})
                end
            ) over (
                partition by paper_id order by observed_at asc nulls first
                rows between unbounded preceding and current row
            ), 12
        ) as height
    from levelled
),

lowered as (
    select
        paper_id,
        observed_at,
        gain_before + gain as gain_until,
        coalesce(expected_before, 0.0) + expected as expected_until,
        height,
        min(height) over (
            partition by paper_id order by observed_at asc nulls first rows between unbounded preceding and 1 preceding
        ) as lowest_before
    from walked
),

-- One row per listed paper with a step.
attention as (
    select
        paper_id,
        max_by(expected_until, observed_at) as expected_upvotes,
        max_by(gain_until, observed_at) as gain,
        max(round(height - lowest_before, 12)) as breakout_score
    from lowered
    group by paper_id
),

-- Of equal climbs the first counts.
climbs as (
    select
        lowered.paper_id,
        min(lowered.observed_at) as ended_at,
        min_by(lowered.lowest_before, lowered.observed_at) as lowest_before
    from lowered
    inner join attention
        on lowered.paper_id = attention.paper_id and round(lowered.height - lowered.lowest_before, 12) = attention.breakout_score
    where attention.breakout_score >= {{ burst_cost() }}
    group by lowered.paper_id
),

breakouts as (
    select
        climbs.paper_id,
        climbs.ended_at,
        max(lowered.observed_at) as started_at
    from climbs
    inner join lowered
        on
            climbs.paper_id = lowered.paper_id
            and climbs.ended_at > lowered.observed_at
            and climbs.lowest_before = lowered.height
    group by climbs.paper_id, climbs.ended_at
)
{%- endmacro %}
