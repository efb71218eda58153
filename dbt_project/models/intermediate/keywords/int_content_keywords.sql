{{ config(materialized='incremental', incremental_strategy='append', on_schema_change='fail') }}
-- One row per content and keyword as listed, folded and stemmed. A content never changes, so only new ones are read.
with contents as (
    select
        content_id,
        ai_keywords
    from {{ ref('stg_raw__entry_contents') }} as contents
    where
        ai_keywords is not null
        {%- if is_incremental() %}
        and not exists (select 1 from {{ this }} as built where built.content_id = contents.content_id)
        {%- endif %}
),

folded as (
    select
        content_id,
        element_position,
        {{ folded_keyword('element') }} as keyword
    from {{ unnest_with_position('contents', 'ai_keywords') }} as elements
)

select
    content_id,
    {{ stemmed_keyword('keyword') }} as keyword,
    cast(min(element_position) as {{ dbt.type_int() }}) as position
from folded
where keyword <> ''
group by content_id, {{ stemmed_keyword('keyword') }}
