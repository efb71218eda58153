{# Models by paper that are built incrementally: rows of a paper are made anew when the fingerprint of its entries
   differs from the one that they were made from (int_papers_fingerprinted), and are left alone otherwise.
   Nothing goes by the newest timestamp, because late listings, verdicts given later and titles that find their paper
   change the past. Rows go in a hook and come in by `append`, which every engine has: papers that vanished have no
   new row that could replace the old ones. Such a model says `-- depends_on` itself, as dbt finds no reference in a
   branch that the first build doesn't take. #}

{# What an incremental model by paper calls first. #}
{% macro built_by_paper(hooks=[]) -%}
{{ config(
    materialized='incremental',
    incremental_strategy='append',
    on_schema_change='fail',
    pre_hook=['{{ forget_changed_papers() }}'] + hooks
) }}
{%- endmacro %}

{# Deletes the rows whose keys no row of the other relation has. Not by NOT IN, for which Spark compares every row with
   every key. No key is null. #}
{% macro keep_only(keys, relation) -%}
delete from {{ this }} as built where not exists (
    select 1 from {{ relation }} as kept
    where {% for key in keys %}kept.{{ key }} = built.{{ key }}{{ " and " if not loop.last }}{% endfor %}
)
{%- endmacro %}

{# Pre-hook: drops the rows of papers that changed or that are no more. #}
{% macro forget_changed_papers() -%}
{% if is_incremental() -%}
{{ keep_only(['paper_id'], '(select paper_id from ' ~ ref('int_papers_fingerprinted') ~ ' where not is_changed)') }}
{%- endif %}
{%- endmacro %}

{# Pre-hook of dim_papers: drops papers whose organization is another by now, because a person or what is known of
   organizations says so. #}
{% macro forget_papers_of_other_organizations() -%}
{% if is_incremental() -%}
delete from {{ this }} where paper_id in (
    select papers.paper_id
    from {{ this }} as papers
    left join {{ ref('bridge_paper_organizations') }} as organizations on papers.paper_id = organizations.paper_id
    where coalesce(papers.organization_id, '') <> coalesce(organizations.organization_id, '')
)
{%- endif %}
{%- endmacro %}

{# Condition: no row of a relation has the key. Told that no key is null, Spark joins by it. #}
{% macro is_not_in(key, relation) -%}
coalesce({{ key }}, '') not in (select coalesce({{ key.split('.')[-1] }}, '') from {{ relation }})
{%- endmacro %}

{# Condition on the rows that a model reads which drops more than the papers that changed. #}
{% macro is_of_missing_paper() -%}
{% if is_incremental() -%}
{{ is_not_in('paper_id', this) }}
{%- else -%}
true
{%- endif %}
{%- endmacro %}

{# Condition on the rows that such a model reads: of papers that changed, and in a first build or a full refresh any. #}
{% macro is_of_changed_paper() -%}
{% if is_incremental() -%}
paper_id in (select paper_id from {{ ref('int_papers_fingerprinted') }} where is_changed)
{%- else -%}
true
{%- endif %}
{%- endmacro %}

{# Pre-hook: drops the keys of names that are no more, or that were taken apart anew. #}
{% macro forget_name_keys() -%}
{% if is_incremental() -%}
{{ keep_only(['name_as_listed', 'code_version'], ref('int_author_names')) }}
{%- endif %}
{%- endmacro %}

{# Post-hook: drops the rows whose key the other relation no longer has. #}
{% macro forget_rows_without(key, relation) -%}
{% if is_incremental() -%}
{{ keep_only([key], relation) }}
{%- endif %}
{%- endmacro %}

{# Entries with the paper that each is about; its own id, else the paper that alone has its title, else an id of the
   title. #}
{% macro entries_with_paper() -%}
select
    entries.load_id,
    entries.position,
    coalesce(
        entries.listed_paper_id,
        papers_by_title.paper_id,
        concat('title:', {{ short_hash('entries.title_key') }})
    ) as paper_id,
    entries.content_id,
    entries.upvotes,
    entries.comments,
    entries.github_stars
from {{ ref('stg_raw__entries') }} as entries
left join (
    select
        title_key,
        min(listed_paper_id) as paper_id
    from {{ ref('stg_raw__entries') }}
    where
        listed_paper_id is not null
        and title_key in (select title_key from {{ ref('stg_raw__entries') }} where listed_paper_id is null)
    group by title_key
    having min(listed_paper_id) = max(listed_paper_id)
) as papers_by_title
    on
        entries.title_key = papers_by_title.title_key
        and entries.listed_paper_id is null
{%- endmacro %}

{# Pre-hook: drops the rows of loads that would say something else now, or that are accepted no more. #}
{% macro forget_changed_loads() -%}
{% if is_incremental() -%}
{{ keep_only(
    ['load_id', 'load_fingerprint'],
    '(select load_id, fingerprint as load_fingerprint from ' ~ ref('int_loads_fingerprinted') ~ ')'
) }}
{%- endif %}
{%- endmacro %}
