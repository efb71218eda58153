-- One row per paper and keyword of its latest full listing.
select
    latest.paper_id,
    coalesce(merged.keyword, listed.folded) as keyword,
    min(listed.position) as position
from {{ ref('int_papers_latest') }} as latest
inner join {{ ref('int_content_keywords') }} as listed on latest.content_id = listed.content_id
left join {{ ref('int_keyword_merges') }} as merged on listed.folded = merged.folded
group by latest.paper_id, coalesce(merged.keyword, listed.folded)
