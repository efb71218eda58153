{{ appended_after(['{{ delete_changed_search_papers() }}']) }}
{{ config(enabled=target.type == 'duckdb') }}
-- depends_on: {{ ref('dim_papers') }} {{ ref('int_mentions') }}
-- depends_on: {{ ref('bridge_paper_families') }} {{ ref('dim_organizations') }}
-- One row per paper in the search index. A paper whose text changed gets a new number, so that its old postings
-- differ from its new ones.
{% set index = this.incorporate(path={'identifier': 'int_search_postings'}) %}
{% set postings = load_relation(index) if execute and is_incremental() %}
with texts as (
    {{ searched_texts() }}
),

final as (
    select
        paper_id,
        cast(
            row_number() over (order by paper_id)
            {%- if postings %}
            + greatest(
                coalesce((select max(paper_number) from {{ this }}), 0),
                coalesce((select max(paper_number) from {{ postings }}), 0)
            )
            {%- endif %}
            as uinteger
        ) as paper_number,
        cast(
            len({{ search_terms('title') }}) + coalesce(len({{ search_terms('abstract') }}), 0) as integer
        ) as word_count,
        hash(texts) as fingerprint
    from texts
    {% if is_incremental() %}
    where paper_id not in (select paper_id from {{ this }})
    {% endif %}
)

select * from final
