{# One row per entity and ISO week with a listing or daily upvotes, compared with the ISO week just before.
   `bridge` has paper_id and the entity's key, once each. `base` selects the papers that shares are of, where not every
   paper can have such an entity; without it all are. `changed` selects the weeks to make; without it all are. #}
{% macro entity_weeks(bridge, key, changed='', base='') -%}
with measured as (
    {{ entity_week_measures(bridge, key, changed, base) }}
),

-- An entity that gained nothing has no rank: in a week without gains all would be first.
unranked as (
    select
        *,
        case
            when upvotes_gained is null then 'no known gain in the week'
            when upvotes_gained = 0 then 'gained nothing in the week'
            when max(upvotes_gained) over (partition by week) <= 0 then 'nobody gained in the week'
        end as rank_in_week_missing_reason
    from measured
),

ranked as (
    select
        *,
        case
            when rank_in_week_missing_reason is null
                then cast(rank() over (partition by week order by upvotes_gained desc nulls last) as {{ dbt.type_bigint() }})
        end as rank_in_week
    from unranked
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
    {% if base -%}
    base_papers_listed,
    base_papers_observed,
    base_upvotes_gained,
    {% endif -%}
    rank_in_week,
    rank_in_week_missing_reason,
    case when week = {{ next_week('week_before') }} then rank_before - rank_in_week end as rank_change,
    case
        when rank_in_week_missing_reason is not null then rank_in_week_missing_reason
        when rank_before is null or week_before is null or week <> {{ next_week('week_before') }} then 'no rank in the week before'
    end as rank_change_missing_reason,
    case when week = {{ next_week('week_before') }} then upvotes_gained - gained_before end as gain_change
from compared
{%- if changed %}
where week in ({{ changed }})
{%- endif %}
{%- endmacro %}

{# What a row of a week is made from, without the other weeks: the columns before the rank. With `changed`, of those
   weeks and of the ones before them. #}
{% macro entity_week_measures(bridge, key, changed='', base='') -%}
with bridge as (
    {{ bridge }}
),

paper_weeks as (
    select * from {{ ref('int_paper_weeks') }}
    {%- if changed %}
    where week in ({{ changed }}) or {{ next_week('week') }} in ({{ changed }})
    {%- endif %}
),

weeks as (
    select
        bridge.{{ key }},
        weekly.week,
        cast(sum(weekly.papers_listed) as {{ dbt.type_bigint() }}) as papers_listed,
        cast(sum(weekly.papers_observed) as {{ dbt.type_bigint() }}) as papers_observed,
        cast(sum(weekly.upvotes_gained) as {{ dbt.type_bigint() }}) as upvotes_gained
    from bridge
    inner join paper_weeks as weekly on bridge.paper_id = weekly.paper_id
    group by bridge.{{ key }}, weekly.week
),

totals as (
    select
        week,
        cast(sum(papers_listed) as {{ dbt.type_bigint() }}) as papers_listed,
        cast(sum(papers_observed) as {{ dbt.type_bigint() }}) as papers_observed,
        cast(sum(upvotes_gained) as {{ dbt.type_bigint() }}) as upvotes_gained
    from paper_weeks
    {%- if base %}
    where paper_id in ({{ base }})
    {%- endif %}
    group by week
)

select
    weeks.{{ key }},
    weeks.week,
    weeks.papers_listed,
    weeks.papers_observed,
    weeks.upvotes_gained,
    {% if base -%}
    totals.papers_listed as base_papers_listed,
    totals.papers_observed as base_papers_observed,
    totals.upvotes_gained as base_upvotes_gained,
    {% endif -%}
    case
        when totals.upvotes_gained > 0 then cast(weeks.upvotes_gained as double) / totals.upvotes_gained
    end as share_of_gain
from weeks
left join totals on weeks.week = totals.week
{%- endmacro %}

{# A model of such rows whose weeks are made anew when they differ from what is there. `papers` is the model that has
   paper_id and the key; `order` the columns by which rows lie together, those of a day as those of a build: readers of
   some skip the rest. Where `of_those_with_one`, shares are of the papers with such an entity. #}
{% macro entity_weeks_by_difference(papers, key, order, of_those_with_one=false) -%}
{{ appended_after(['{{ forget_changed_weeks("' ~ papers ~ '", "' ~ key ~ '", ' ~ of_those_with_one ~ ') }}']) }}
{{ entity_weeks(
    entity_papers(papers, key), key, weeks_without_rows() if is_incremental() else '',
    papers_with_one(papers) if of_those_with_one else ''
) }}
order by {{ order | join(' asc nulls last, ') }} asc nulls last
{%- endmacro %}

{% macro entity_papers(papers, key) -%}select distinct paper_id, {{ key }} from {{ ref(papers) }}{%- endmacro %}

{% macro papers_with_one(papers) -%}select paper_id from {{ ref(papers) }}{%- endmacro %}

{% macro weeks_without_rows() -%}
select distinct week from {{ ref('int_paper_weeks') }} where week not in (select distinct week from {{ this }})
{%- endmacro %}

{# Pre-hook: drops the weeks whose rows would be made of other figures now, and the weeks just after them, which are
   compared with them. Both sides are told by one number a week. #}
{% macro forget_changed_weeks(papers, key, of_those_with_one) -%}
{% if is_incremental() -%}
{%- set base = papers_with_one(papers) if of_those_with_one else '' -%}
{%- set columns = [key, 'papers_listed', 'papers_observed', 'upvotes_gained', 'share_of_gain']
    + (['base_papers_listed', 'base_papers_observed', 'base_upvotes_gained'] if base else []) -%}
delete from {{ this }} where week in (
    with told as (
        select week, {{ rows_fingerprint(columns) }} as fingerprint, count(*) as row_count
        from ({{ entity_week_measures(entity_papers(papers, key), key, base=base) }}) as made
        group by week
        union all
        select week, {{ rows_fingerprint(columns) }} as fingerprint, count(*) as row_count
        from {{ this }}
        group by week
    ),

    changed as (
        select week from told group by week, fingerprint, row_count having count(*) = 1
    )

    select week from changed
    union all
    select {{ next_week('week') }} from changed
)
{%- endif %}
{%- endmacro %}

{# The Monday a week later. #}
{% macro next_week(week) -%}cast({{ dbt.dateadd('day', 7, week) }} as date){%- endmacro %}
