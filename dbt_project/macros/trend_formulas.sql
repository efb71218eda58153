{# Constants and expressions of the trend models. docs/trends.md derives them. #}

{# Shrinkage of a rate towards the expected one: upvotes added to the gained ones and to the expected ones. #}
{% macro attention_prior() -%}5.0{%- endmacro %}
{# Shrinkage of the factor of a weekday or a place on the page, towards 1. #}
{% macro factor_prior() -%}20.0{%- endmacro %}
{# The rate of a paper in a burst, as a multiple of its own rate before. #}
{% macro burst_ratio() -%}3.0{%- endmacro %}
{# The log-likelihood ratio (nats) that a burst needs, so that chance does not count as one. #}
{% macro burst_cost() -%}12.0{%- endmacro %}

{# The start of an age band of the learned rate, in hours since 00:00 UTC of the first listing date. #}
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

{# The first place of a band of places on the page; 0 where it is not known. #}
{% macro place_band(position) -%}
case
    when {{ position }} is null then 0
    when {{ position }} <= 3 then 1
    when {{ position }} <= 10 then 4
    when {{ position }} <= 30 then 11
    else 31
end
{%- endmacro %}

{# Upvotes gained ÷ upvotes expected, shrunk towards 1. The expected ones are added in the order of `key`. #}
{% macro shrunk_factor(gain, expected, key) -%}
(greatest(cast(sum({{ gain }}) as double), 0.0) + {{ factor_prior() }})
/ ({{ ordered_sum(expected, key) }} + {{ factor_prior() }})
{%- endmacro %}

{# The evidence (log-likelihood ratio, nats) that a step belongs to a burst. Gains are Poisson counts with the mean μ at the
   paper's own rate and burst_ratio × μ in a burst, so the ratio is gain × ln(burst_ratio) − (burst_ratio − 1) × μ.
   μ = expected × (gain before + prior) / (expected before + prior): the expected upvotes times the paper's earlier
   factor, shrunk towards 1. The first step has no earlier one and counts 0. #}
{% macro burst_log_likelihood_ratio() -%}
case
    when expected_before is null then 0.0
    else
        gain * ln({{ burst_ratio() }})
        - ({{ burst_ratio() }} - 1.0) * expected
        * (greatest(gain_before, 0.0) + {{ attention_prior() }}) / (expected_before + {{ attention_prior() }})
end
{%- endmacro %}

{# A window aggregate over a paper's steps from the first to `until`, which is `current row` or `1 preceding`. #}
{% macro over_steps(aggregate, until) -%}
{{ aggregate }} over (
    partition by paper_id order by observed_at asc nulls first rows between unbounded preceding and {{ until }}
)
{%- endmacro %}

{# The distance of an observation (`known`) from the start of a window (`windows`) of so many hours, as a whole number:
   twice the microseconds, plus 1 after the start, so that of two equally near ones the earlier is nearer. Null for the
   paper's last observation (`measures`) and farther away than 10 % of the window. #}
{% macro distance_from_start(start, hours) -%}
{%- set before = microseconds_between('known.observed_at', 'windows.' ~ start) -%}
case
    when known.observed_at < measures.last_observed_at and abs({{ before }}) <= {{ hours * 360000000 }}
        then 2 * abs({{ before }}) + case when {{ before }} < 0 then 1 else 0 end
end
{%- endmacro %}

{# The weight of a moment in the velocity at a later one: halved every 24 hours. #}
{% macro velocity_weight(moment, seen_from) -%}
power(2.0, -{{ seconds_between(moment, seen_from) }} / 86400.0)
{%- endmacro %}
