{# One row per entity and ISO week with a listing or daily upvotes, compared with the ISO week just before.
   `bridge` has paper_id and the entity's key, once each. #}
{% macro entity_weeks(bridge, key) -%}
with bridge as (
    {{ bridge }}
),

weeks as (
    select
        bridge.{{ key }},
        weekly.week,
        cast(sum(weekly.papers_listed) as {{ dbt.type_bigint() }}) as papers_listed,
        cast(sum(weekly.papers_observed) as {{ dbt.type_bigint() }}) as papers_observed,
        cast(sum(weekly.upvotes_gained) as {{ dbt.type_bigint() }}) as upvotes_gained
    from bridge
    inner join {{ ref('int_paper_weeks') }} as weekly on bridge.paper_id = weekly.paper_id
    group by bridge.{{ key }}, weekly.week
),

totals as (
    select
        week,
        sum(upvotes_gained) as upvotes_gained
    from {{ ref('int_paper_weeks') }}
    group by week
),

ranked as (
    select
        weeks.{{ key }},
        weeks.week,
        weeks.papers_listed,
        weeks.papers_observed,
        weeks.upvotes_gained,
        case
            when totals.upvotes_gained > 0 then cast(weeks.upvotes_gained as double) / totals.upvotes_gained
        end as share_of_gain,
        case
            when weeks.upvotes_gained is not null
                then cast(rank() over (partition by weeks.week order by weeks.upvotes_gained desc nulls last) as {{ dbt.type_bigint() }})
        end as rank_in_week
    from weeks
    left join totals on weeks.week = totals.week
),

compared as (
    select
        *,
        lag(week) over (partition by {{ key }} order by week asc nulls first) as week_before,
        lag(rank_in_week) over (partition by {{ key }} order by week asc nulls first) as rank_before,
        lag(upvotes_gained) over (partition by {{ key }} order by week asc nulls first) as gained_before
    from ranked
)

select
    {{ key }},
    week,
    papers_listed,
    papers_observed,
    upvotes_gained,
    share_of_gain,
    rank_in_week,
    case when week = cast({{ dbt.dateadd('day', 7, 'week_before') }} as date) then rank_before - rank_in_week end as rank_change,
    case when week = cast({{ dbt.dateadd('day', 7, 'week_before') }} as date) then upvotes_gained - gained_before end as gain_change
from compared
{%- endmacro %}
