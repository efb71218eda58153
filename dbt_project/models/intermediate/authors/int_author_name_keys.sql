{{ config(
    materialized='incremental' if target.type == 'duckdb' else 'table',
    unique_key='name_as_listed',
    on_schema_change='fail'
) }}
-- One row per author name and key under which names that may be related to it find it. A name gets new keys when
-- another version of the code parsed it. Only DuckDB's strategy
-- removes the old ones: `merge` deletes no row.
with names as (
    select
        name_as_listed,
        code_version,
        split(family_keys, ';') as family_keys
    from {{ ref('int_author_names') }}
    {% if is_incremental() -%}
    where (name_as_listed, code_version) not in (select name_as_listed, code_version from {{ this }})
    {%- endif %}
),

final as (
    select
        name_as_listed,
        element as family_key,
        code_version
    from {{ unnest_with_position('names', 'family_keys') }} as keys
    where element <> ''
)

select * from final
