{# Constants and expressions of the trend models. docs/trends.md derives them. #}

{# Upvotes at the expected rate that an entity is credited with beside its own: the shrinkage. #}
{% macro attention_prior() -%}5.0{%- endmacro %}
{# The same for the factor of a weekday or a place on the page, towards 1. #}
{% macro factor_prior() -%}20.0{%- endmacro %}
{# A burst is this many times the rate that the paper's own past makes one expect … #}
{% macro burst_ratio() -%}3.0{%- endmacro %}
{# … and entering it costs this much log-likelihood (nats), so that chance does not enter it. #}
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

{# The upvotes gained over those expected, shrunk towards 1. `key` is the order in which the expected ones are added. #}
{% macro shrunk_factor(gain, expected, key) -%}
(greatest(cast(sum({{ gain }}) as double), 0.0) + {{ factor_prior() }})
/ ({{ ordered_sum(expected, key) }} + {{ factor_prior() }})
{%- endmacro %}

{# The log-likelihood ratio (nats) of a step in a burst against one at the paper's own rate: Poisson counts whose rate is
   burst_ratio times as high. The paper's own rate is what it gained before, shrunk towards what was expected; its first
   step has none. #}
{% macro burst_log_likelihood_ratio() -%}
case
    when expected_before is null then 0.0
    else
        gain * ln({{ burst_ratio() }})
        - ({{ burst_ratio() }} - 1.0) * expected
        * (greatest(gain_before, 0.0) + {{ attention_prior() }}) / (expected_before + {{ attention_prior() }})
end
{%- endmacro %}

{# An aggregate over a paper's steps up to one: `until` is `current row` or `1 preceding`. #}
{% macro over_steps(aggregate, until) -%}
{{ aggregate }} over (
    partition by paper_id order by observed_at asc nulls first rows between unbounded preceding and {{ until }}
)
{%- endmacro %}

{# How far an observation (`known`) before the paper's last one (`measures`) is from the start of a window (`windows`) of
   some hours, as a whole number; of equals the earlier counts. Null outside the tolerance: 10 % of the window on either side. #}
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
