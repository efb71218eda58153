{{ config(materialized='incremental', incremental_strategy='append', on_schema_change='fail') }}
-- One row per text that was ever indexed, with the number that its postings have. A paper whose text changed gets
-- another number, so that a text is indexed once; int_search_papers has the numbers of the present texts.
with texts as (
    select
        papers.paper_id,
        papers.title,
        papers.abstract,
        texts.fingerprint
    from {{ ref('int_search_texts') }} as texts
    inner join {{ ref('dim_papers') }} as papers on texts.paper_id = papers.paper_id
    {% if is_incremental() -%}
    where not exists (select 1 from {{ this }} as built where built.fingerprint = texts.fingerprint)
    {%- endif %}
)

select
    fingerprint,
    cast(
        row_number() over (order by paper_id)
        {%- if is_incremental() %} + (select coalesce(max(paper_number), 0) from {{ this }}){% endif %}
        as uinteger
    ) as paper_number,
    cast(len({{ search_terms('title') }}) + coalesce(len({{ search_terms('abstract') }}), 0) as integer) as word_count
from texts
