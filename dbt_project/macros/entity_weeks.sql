{# One row per entity and ISO week with a listing or daily upvotes, compared with the ISO week just before.
   `bridge` has paper_id and the entity's key, once each. #}
{% macro entity_weeks(bridge, key) -%}
with bridge as (
    {{ bridge }}
),

listed as (
    select
        bridge.{{ key }},
        {{ iso_week('papers.first_listed_on') }} as week,
        count(*) as papers_listed
    from bridge
    inner join {{ ref('dim_papers') }} as papers on bridge.paper_id = papers.paper_id
    where papers.first_listed_on is not null
    group by bridge.{{ key }}, {{ iso_week('papers.first_listed_on') }}
),

gained as (
    select
        bridge.{{ key }},
        weekly.week,
        sum(weekly.upvotes_gained) as upvotes_gained,
        count(*) as papers_observed
    from bridge
    inner join {{ ref('int_paper_weeks') }} as weekly on bridge.paper_id = weekly.paper_id
    group by bridge.{{ key }}, weekly.week
),

weeks as (
    select
        coalesce(gained.{{ key }}, listed.{{ key }}) as {{ key }},
        coalesce(gained.week, listed.week) as week,
        coalesce(listed.papers_listed, 0) as papers_listed,
        coalesce(gained.papers_observed, 0) as papers_observed,
        gained.upvotes_gained
    from gained
    full outer join listed on gained.{{ key }} = listed.{{ key }} and gained.week = listed.week
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
        cast(weeks.upvotes_gained as {{ dbt.type_bigint() }}) as upvotes_gained,
        case
            when totals.upvotes_gained > 0 then cast(weeks.upvotes_gained as double) / totals.upvotes_gained
        end as share_of_gain,
        case
            when weeks.upvotes_gained is not null
                then rank() over (partition by weeks.week order by weeks.upvotes_gained desc nulls last)
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
