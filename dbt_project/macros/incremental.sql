{# Models by paper that are built incrementally: rows of a paper are made anew when the fingerprint of its entries
   differs from the one that they were made from (int_papers_fingerprinted), and are left alone otherwise.
   Nothing goes by the newest timestamp, because late listings, verdicts given later and titles that find their paper
   change the past. Rows go in a hook and come in by `append`, which every engine has: papers that vanished have no
   new row that could replace the old ones. Such a model says `-- depends_on` itself, as dbt finds no reference in a
   branch that the first build doesn't take. #}

{# What an incremental model by paper calls first. #}
{% macro built_by_paper() -%}
{{ config(
    materialized='incremental',
    incremental_strategy='append',
    on_schema_change='fail',
    pre_hook='{{ forget_changed_papers() }}'
) }}
{%- endmacro %}

{# Pre-hook: drops the rows of papers that changed or that are no more. #}
{% macro forget_changed_papers() -%}
{% if is_incremental() -%}
delete from {{ this }} where paper_id not in (select paper_id from {{ ref('int_papers_fingerprinted') }} where not is_changed)
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
delete from {{ this }} where
    name_as_listed not in (select name_as_listed from {{ ref('int_author_names') }})
    or code_version not in (select code_version from {{ ref('int_author_names') }})
{%- endif %}
{%- endmacro %}

{# Post-hook: drops the rows whose key the other relation no longer has. #}
{% macro forget_rows_without(key, relation) -%}
{% if is_incremental() -%}
delete from {{ this }} where {{ key }} not in (select {{ key }} from {{ relation }})
{%- endif %}
{%- endmacro %}
