select
    keywords.keyword,
    count(*) as paper_count,
    count(papers.first_listed_on) as listed_count,
    min(papers.first_listed_on) as first_listed_on,
    max(papers.last_listed_on) as last_listed_on,
    cast(sum(papers.upvotes) as {{ dbt.type_bigint() }}) as upvotes
from {{ ref('bridge_paper_keywords') }} as keywords
inner join {{ ref('dim_papers') }} as papers on keywords.paper_id = papers.paper_id
group by keywords.keyword
