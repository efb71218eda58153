{{ config(materialized='incremental', incremental_strategy='append', on_schema_change='fail') }}
-- depends_on: {{ ref('int_author_decisions') }}
-- That model leaves DuckDB 1 GiB while it runs: too little to build the postings of a large archive beside it.
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

words as (
    select
        paper_number,
        coalesce({{ search_terms('title') }}, []) as title,
        coalesce({{ search_terms('abstract') }}, []) as abstract,
        list_transform(coalesce(authors, []), lambda name: {{ search_words('name') }}) as authors,
        list_transform(coalesce(organizations, []), lambda name: {{ search_words('name') }}) as organizations
    from papers
),

terms as (
    select
        paper_number,
        {{ search_keys('title') }} as title,
        {{ search_keys('abstract') }} as abstract,
        flatten(list_transform(authors, lambda words: {{ search_keys('words', "'author:'") }})) as authors,
        flatten(list_transform(organizations, lambda words: {{ search_keys('words', "'org:'") }})) as organizations
    from words
),

-- Counted in each row: a table of all terms and papers to count by would not fit into memory at a million papers.
counted as (
    select
        paper_number,
        list_aggregate(title || abstract || authors || organizations, 'histogram') as counts,
        list_aggregate(title, 'histogram') as title_counts
    from terms
),

final as (
    select
        unnest(map_keys(counts)) as term,
        paper_number,
        unnest(list_transform(map_values(counts), lambda times: cast(least(times, 255) as utinyint))) as frequency,
        unnest(list_transform(
            map_keys(counts), lambda term: cast(least(coalesce(title_counts[term], 0), 255) as utinyint)
        )) as title_frequency
    from counted
)

select * from final
order by term, paper_number
