{# Queries and columns that the weekly tables of authors, keywords and organizations share. #}

{# Query: the rows of `weeks` with their rank in the week. `weeks` has one row per entity and week with a listing or daily
   upvotes, and the week's `upvotes_gained`. What gained nothing has no rank: in a week without gains all would be first. #}
{% macro ranked_weeks(weeks) -%}
select
    *,
    case
        when rank_in_week_missing_reason is null
            then cast(rank() over (partition by week order by upvotes_gained desc nulls last) as {{ dbt.type_bigint() }})
    end as rank_in_week
from (
    select
        *,
        case
            when upvotes_gained is null then 'no known gain in the week'
            when upvotes_gained = 0 then 'gained nothing in the week'
            when max(upvotes_gained) over (partition by week) <= 0 then 'nobody gained in the week'
        end as rank_in_week_missing_reason
    from {{ weeks }}
) as reasoned
{%- endmacro %}

{# Query: the rows of `ranked`, a CTE of ranked_weeks, with the change since the ISO week just before. #}
{% macro compared_weeks(ranked, key) -%}
select
    present.*,
    earlier.rank_in_week - present.rank_in_week as rank_change,
    case
        when present.rank_in_week_missing_reason is not null then present.rank_in_week_missing_reason
        when earlier.rank_in_week is null then 'no rank in the week before'
    end as rank_change_missing_reason,
    present.upvotes_gained - earlier.upvotes_gained as gain_change
from {{ ranked }} as present
left join {{ ranked }} as earlier
    on present.{{ key }} = earlier.{{ key }} and present.week = cast({{ dbt.dateadd('day', 7, 'earlier.week') }} as date)
{%- endmacro %}

{# Columns: the sums of paper weeks. `relation` is int_paper_weeks, `prefix` comes before each name. #}
{% macro summed_paper_weeks(relation, prefix='') -%}
cast(sum({{ relation }}.papers_listed) as {{ dbt.type_bigint() }}) as {{ prefix }}papers_listed,
cast(sum({{ relation }}.papers_observed) as {{ dbt.type_bigint() }}) as {{ prefix }}papers_observed,
cast(sum({{ relation }}.upvotes_gained) as {{ dbt.type_bigint() }}) as {{ prefix }}upvotes_gained
{%- endmacro %}

{# `part` ÷ `whole`, both upvotes gained in a week; null where `whole` is not positive. #}
{% macro share_of_gain(part, whole) -%}
case when {{ whole }} > 0 then cast({{ part }} as double) / {{ whole }} end
{%- endmacro %}
