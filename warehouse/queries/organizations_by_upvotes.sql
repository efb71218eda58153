-- question: Which organizations' papers are upvoted most?
-- grain: one row per organization, at most 25
-- columns: papers is the number of papers that name it now, median_upvotes their median latest count
select
    organizations.display_name,
    organizations.kind,
    count(*) as papers,
    sum(papers.upvotes) as upvotes,
    median(papers.upvotes) as median_upvotes
from marts.bridge_paper_organizations as bridge
inner join marts.dim_organizations as organizations on bridge.organization_id = organizations.organization_id
inner join marts.dim_papers as papers on bridge.paper_id = papers.paper_id
group by organizations.organization_id, organizations.display_name, organizations.kind
order by upvotes desc nulls last, organizations.display_name
limit 25
