{# One row per entity and ISO week with a listing or daily upvotes, compared with the ISO week just before.
   `bridge` has paper_id and the entity's key, once each. #}
{% macro entity_weeks(bridge, key) -%}
with bridge as (
    {{ bridge }}
),

-- A row per entity and paper for its listing and for each week that it was observed in.
events as (
    select
        bridge.{{ key }},
        {{ iso_week('papers.first_listed_on') }} as week,
        1 as papers_listed,
        0 as papers_observed,
        cast(null as {{ dbt.type_bigint() }}) as upvotes_gained
    from bridge
    inner join {{ ref('dim_papers') }} as papers on bridge.paper_id = papers.paper_id
    where papers.first_listed_on is not null
    union all
    select
        bridge.{{ key }},
        weekly.week,
        0 as papers_listed,
        1 as papers_observed,
        weekly.upvotes_gained
    from bridge
    inner join {{ ref('int_paper_weeks') }} as weekly on bridge.paper_id = weekly.paper_id
),

weeks as (
    select
        {{ key }},
        week,
        cast(sum(papers_listed) as {{ dbt.type_bigint() }}) as papers_listed,
        cast(sum(papers_observed) as {{ dbt.type_bigint() }}) as papers_observed,
        cast(sum(upvotes_gained) as {{ dbt.type_bigint() }}) as upvotes_gained
    from events
    group by {{ key }}, week
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
)

select
    ranked.{{ key }},
    ranked.week,
    ranked.papers_listed,
    ranked.papers_observed,
    ranked.upvotes_gained,
    ranked.share_of_gain,
    ranked.rank_in_week,
    before.rank_in_week - ranked.rank_in_week as rank_change,
    ranked.upvotes_gained - before.upvotes_gained as gain_change
from ranked
left join ranked as before
    on
        ranked.{{ key }} = before.{{ key }}
        and ranked.week = cast({{ dbt.dateadd('day', 7, 'before.week') }} as date)
{%- endmacro %}
