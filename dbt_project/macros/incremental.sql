{# Models by paper that are built incrementally: rows of a paper are made anew when the fingerprint of its entries
   differs from the one that they were made from (int_papers_fingerprinted), and are left alone otherwise.
   Nothing goes by the newest timestamp, because late listings, verdicts given later and titles that find their paper
   change the past. Rows go in a hook and come in by `append`, which every engine has: papers that vanished have no
   new row that could replace the old ones. Such a model says `-- depends_on` itself, as dbt finds no reference in a
   branch that the first build doesn't take. #}

{# What every such model is: what hooks drop comes in anew. #}
{% macro appended_after(hooks) -%}
{{ config(materialized='incremental', incremental_strategy='append', on_schema_change='fail', pre_hook=hooks) }}
{%- endmacro %}

{# What an incremental model by paper calls first. #}
{% macro built_by_paper(hooks=[]) -%}
{{ appended_after(['{{ forget_changed_papers() }}'] + hooks) }}
{%- endmacro %}

{# Condition: no row of a relation has the key. Told that no key is null, Spark joins by it; else it compares every row
   with every key. #}
{% macro is_not_in(key, relation) -%}
coalesce({{ key }}, '') not in (select coalesce({{ key.split('.')[-1] }}, '') from {{ relation }})
{%- endmacro %}

{# Pre-hook: drops the rows of papers that changed or that are no more. #}
{% macro forget_changed_papers() -%}
{% if is_incremental() -%}
delete from {{ this }} where {{ is_not_in('paper_id', '(select paper_id from ' ~ ref('int_papers_fingerprinted') ~ ' where not is_changed) as kept') }}
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

{# Handles with the account that they were seen with. #}
{% macro accounts_of_handles() -%}
select
    account_handle,
    max(account_id) as account_id
from {{ ref('stg_raw__entry_authors') }}
where account_handle is not null and account_id is not null
group by account_handle
{%- endmacro %}

{# Pre-hook of int_mentions: drops papers with a handle of which another account is known by now. #}
{% macro forget_papers_of_other_accounts() -%}
{% if is_incremental() -%}
delete from {{ this }} where paper_id in (
    select mentions.paper_id
    from {{ this }} as mentions
    left join ({{ accounts_of_handles() }}) as handles on mentions.account_handle = handles.account_handle
    where
        mentions.account_handle is not null
        and mentions.account_id <> coalesce(handles.account_id, concat('handle:', mentions.account_handle))
)
{%- endif %}
{%- endmacro %}

{# What a model calls first whose rows cost little to make and much to write: `rows` is the macro that selects them,
   `key` tells them apart. Rows that are not made so any more go in a hook; the model itself selects those whose key is
   missing. #}
{% macro built_by_difference(rows, key) -%}
{{ appended_after(['{{ forget_rows_unlike(' ~ rows ~ '(), "' ~ key ~ '") }}']) }}
{%- endmacro %}

{# Pre-hook: drops the rows that some select doesn't make, column for column, or makes more than once: those come in
   as often as they are made, for the tests to see. #}
{% macro forget_rows_unlike(rows, key) -%}
{% if is_incremental() -%}
{%- set fingerprint = row_fingerprint(adapter.get_columns_in_relation(this) | map(attribute='name') | list) -%}
delete from {{ this }} where coalesce({{ fingerprint }}, 0) not in (
    select coalesce(min({{ fingerprint }}), 0) from ({{ rows }}) as made group by {{ key }} having count(*) = 1
)
{%- endif %}
{%- endmacro %}

{# Rows of author_merges: each mention with the person that it was placed in, by the resolver or by people's
   overrides. #}
{% macro mentions_placed() -%}
select
    mentions.mention_id,
    mentions.paper_id,
    mentions.position,
    mentions.name_as_listed,
    mentions.account_id,
    mentions.own_author_id,
    coalesce(placements.author_id, decisions.author_id) as author_id,
    coalesce(placements.rule, decisions.rule) as rule,
    coalesce(placements.evidence, decisions.evidence) as evidence,
    decisions.decided_at
from {{ ref('int_mentions') }} as mentions
left join {{ ref('int_author_decisions') }} as decisions on mentions.mention_id = decisions.mention_id
left join {{ ref('int_author_placements') }} as placements on mentions.mention_id = placements.mention_id
{%- endmacro %}

{# Rows of bridge_paper_authors. #}
{% macro authors_of_papers() -%}
select
    mentions.paper_id,
    mentions.position,
    merges.author_id,
    mentions.name_as_listed,
    mentions.mention_id,
    mentions.account_id,
    mentions.account_handle,
    mentions.claim_status
from {{ ref('int_mentions') }} as mentions
inner join {{ ref('author_merges') }} as merges on mentions.mention_id = merges.mention_id
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

{# Pre-hook: drops the keys of names that are no more, or, by `code_version`, that were taken apart anew. #}
{% macro forget_name_keys(key) -%}
{% if is_incremental() -%}
delete from {{ this }} where {{ is_not_in(key, ref('int_author_names')) }}
{%- endif %}
{%- endmacro %}

{# Post-hook: drops the rows whose key the other relation no longer has. #}
{% macro forget_rows_without(key, relation) -%}
{% if is_incremental() -%}
delete from {{ this }} where {{ is_not_in(key, relation) }}
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
delete from {{ this }} where coalesce(load_id, '') not in (
    select coalesce(built.load_id, '')
    from (select distinct load_id, load_fingerprint from {{ this }}) as built
    inner join {{ ref('int_loads_fingerprinted') }} as current_loads
        on built.load_id = current_loads.load_id and built.load_fingerprint = current_loads.fingerprint
)
{%- endif %}
{%- endmacro %}
