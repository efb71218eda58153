{# What the weekly tables of authors, keywords and organizations share. #}

{# Query: the rows of `weeks`, with their rank in the week and the change since the ISO week just before. `weeks` has one
   row per `key` and week with a listing or daily upvotes, and the week's `upvotes_gained`. #}
{% macro ranked_and_compared(weeks, key) -%}
select
    *,
    case when week = {{ next_week('week_before') }} then rank_before - rank_in_week end as rank_change,
    case
        when rank_in_week_missing_reason is not null then rank_in_week_missing_reason
        when rank_before is null or week_before is null or week <> {{ next_week('week_before') }} then 'no rank in the week before'
    end as rank_change_missing_reason,
    case when week = {{ next_week('week_before') }} then upvotes_gained - gained_before end as gain_change
from (
    select
        *,
        lag(week) over (partition by {{ key }} order by week asc nulls first) as week_before,
        lag(rank_in_week) over (partition by {{ key }} order by week asc nulls first) as rank_before,
        lag(upvotes_gained) over (partition by {{ key }} order by week asc nulls first) as gained_before
    from (
        select
            *,
            case
                when rank_in_week_missing_reason is null
                    then cast(rank() over (partition by week order by upvotes_gained desc nulls last) as {{ dbt.type_bigint() }})
            end as rank_in_week
        from (
            -- What gained nothing has no rank: in a week without gains all would be first.
            select
                *,
                case
                    when upvotes_gained is null then 'no known gain in the week'
                    when upvotes_gained = 0 then 'gained nothing in the week'
                    when max(upvotes_gained) over (partition by week) <= 0 then 'nobody gained in the week'
                end as rank_in_week_missing_reason
            from {{ weeks }}
        ) as reasoned
    ) as ranked
) as compared
{%- endmacro %}

{# Columns: the sums of paper weeks. `relation` is int_paper_weeks, `prefix` comes before each name. #}
{% macro summed_paper_weeks(relation, prefix='') -%}
cast(sum({{ relation }}.papers_listed) as {{ dbt.type_bigint() }}) as {{ prefix }}papers_listed,
cast(sum({{ relation }}.papers_observed) as {{ dbt.type_bigint() }}) as {{ prefix }}papers_observed,
cast(sum({{ relation }}.upvotes_gained) as {{ dbt.type_bigint() }}) as {{ prefix }}upvotes_gained
{%- endmacro %}

{# The share of a week's gain that `part` is of `whole`; null where the whole gained nothing. #}
{% macro share_of_gain(part, whole) -%}
case when {{ whole }} > 0 then cast({{ part }} as double) / {{ whole }} end
{%- endmacro %}

{# The Monday a week later. #}
{% macro next_week(week) -%}cast({{ dbt.dateadd('day', 7, week) }} as date){%- endmacro %}
