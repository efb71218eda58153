{{ config(materialized='incremental', incremental_strategy='append', on_schema_change='fail') }}
-- One row per content and spelling of a keyword that it lists, with what int_keyword_merges compares. A content never
-- changes, so only new ones are read.
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

elements as (
    select
        content_id,
        element_position,
        {{ keyword_spelling('element') }} as spelling
    from {{ unnest_with_position('contents', 'ai_keywords') }} as elements
),

listed as (
    select
        content_id,
        spelling,
        cast(min(element_position) as {{ dbt.type_int() }}) as position
    from elements
    group by content_id, spelling
),

plain as (
    select
        spelling,
        {{ plain_keyword('spelling') }} as plain,
        {{ bracketed_keyword('spelling') }} as bracketed
    from listed
    group by spelling
),

folded as (
    select
        spelling,
        {{ folded_keyword('plain') }} as folded,
        {{ singular_word('bracketed') }} as bracketed
    from plain
    where plain <> ''
),

forms as (
    select
        spelling,
        folded,
        bracketed,
        {{ keyword_key('folded') }} as keyword_key,
        case
            when folded like '% %' then replace({{ each_word('folded', 'substring(word, 1, 1)') }}, ' ', '')
            else ''
        end as initials
    from folded
)

select
    listed.content_id,
    listed.spelling,
    forms.folded,
    forms.keyword_key,
    forms.initials,
    forms.initials <> '' and forms.bracketed = forms.initials as is_with_abbreviation,
    listed.position
from listed
inner join forms on listed.spelling = forms.spelling
