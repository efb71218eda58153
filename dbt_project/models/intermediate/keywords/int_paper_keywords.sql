{{ built_by_paper() }}
-- depends_on: {{ ref('int_papers_fingerprinted') }}
-- One row per paper and keyword of its latest full listing: folded, stemmed, and an alias counted as what it means.
with contents as (
    select
        latest.paper_id,
        contents.ai_keywords
    from {{ ref('int_papers_latest') }} as latest
    inner join {{ ref('stg_raw__entry_contents') }} as contents on latest.content_id = contents.content_id
    where {{ is_of_changed_paper() }}
),

folded as (
    select
        paper_id,
        {{ folded_keyword('element') }} as keyword
    from {{ unnest_with_position('contents', 'ai_keywords') }} as elements
),

stemmed as (
    select
        paper_id,
        {{ stemmed_keyword('keyword') }} as keyword
    from folded
    where keyword <> ''
)

select distinct
    stemmed.paper_id,
    coalesce(aliases.keyword, stemmed.keyword) as keyword
from stemmed
left join {{ ref('keyword_aliases') }} as aliases on stemmed.keyword = aliases.alias
