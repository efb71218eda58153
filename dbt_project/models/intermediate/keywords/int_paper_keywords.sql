-- One row per paper and keyword of its latest full listing; an alias counts as what it means.
select
    latest.paper_id,
    coalesce(aliases.keyword, listed.keyword) as keyword,
    min(listed.position) as position
from {{ ref('int_papers_latest') }} as latest
inner join {{ ref('int_content_keywords') }} as listed on latest.content_id = listed.content_id
left join {{ ref('keyword_aliases') }} as aliases on listed.keyword = aliases.alias
group by latest.paper_id, coalesce(aliases.keyword, listed.keyword)
