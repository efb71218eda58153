{{ config(materialized='incremental', incremental_strategy='append', on_schema_change='fail') }}
-- depends_on: {{ ref('int_author_decisions') }}
-- That model leaves DuckDB 1 GiB while it runs, and the postings of 100,000 papers need more.
-- One row per term and text: how often the text and its title have it (255 where more often). Terms are words of title
-- and abstract, pairs of neighbouring words, and words and pairs of each author's (`author:`) and organization's
-- (`org:`) name. Sorted by term, so that a query reads a small part; what a day appends is sorted too.
with papers as (
    select
        numbers.paper_number,
        papers.title,
        papers.abstract,
        texts.authors,
        texts.organizations
    from {{ ref('int_search_papers') }} as numbers
    inner join {{ ref('int_search_texts') }} as texts on numbers.paper_id = texts.paper_id
    inner join {{ ref('dim_papers') }} as papers on numbers.paper_id = papers.paper_id
    {% if is_incremental() -%}
    where numbers.paper_number > (select coalesce(max(paper_number), 0) from {{ this }})
    {%- endif %}
),

fields as (
    select paper_number, '' as prefix, true as is_title, {{ search_terms('title') }} as words from papers
    union all
    select paper_number, '' as prefix, false as is_title, {{ search_terms('abstract') }} as words from papers
    union all
    select paper_number, 'author:' as prefix, false as is_title, {{ search_words('name') }} as words
    from (select paper_number, unnest(authors) as name from papers) as authors
    union all
    select paper_number, 'org:' as prefix, false as is_title, {{ search_words('name') }} as words
    from (select paper_number, unnest(organizations) as name from papers) as organizations
),

terms as (
    select
        paper_number,
        is_title,
        prefix || unnest(words || {{ search_pairs('words') }}) as term
    from fields
    where len(words) > 0
),

final as (
    select
        {{ search_key('term') }} as term,
        paper_number,
        cast(least(count(*), 255) as utinyint) as frequency,
        cast(least(count(*) filter (where is_title), 255) as utinyint) as title_frequency
    from terms
    group by {{ search_key('term') }}, paper_number
)

select * from final
order by term, paper_number
