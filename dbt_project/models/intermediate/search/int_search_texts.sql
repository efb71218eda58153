-- One row per paper, with the names that its search index covers beside title and abstract, and a fingerprint of all.
with authors as (
    select
        paper_id,
        list(readable_name order by position) as names
    from {{ ref('int_mentions') }}
    group by paper_id
),

organizations as (
    select
        families.paper_id,
        list_sort(list_distinct(list(listed.display_name) || list(listed.slug))) as names
    from {{ ref('bridge_paper_families') }} as families
    inner join {{ ref('dim_organizations') }} as listed on families.organization_id = listed.organization_id
    group by families.paper_id
)

select
    papers.paper_id,
    authors.names as authors,
    organizations.names as organizations,
    hash(papers.paper_id, papers.title, papers.abstract, authors.names, organizations.names) as fingerprint
from {{ ref('dim_papers') }} as papers
left join authors on papers.paper_id = authors.paper_id
left join organizations on papers.paper_id = organizations.paper_id
