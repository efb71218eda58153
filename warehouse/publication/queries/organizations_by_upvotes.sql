-- question: Which organizations' papers are upvoted most?
-- grain: one row per organization, at most 25
-- columns: papers is the number of papers that name it now, median_upvotes their median latest count
-- empty: no listed paper names an organization.
with top as (
    select organization_id, display_name, kind, paper_count, paper_upvotes as upvotes
    from marts.dim_organizations
    where paper_count > 0
    order by upvotes desc nulls last, display_name, organization_id
    limit 25
)

select
    top.display_name,
    top.kind,
    top.paper_count as papers,
    top.upvotes,
    median(papers.upvotes) as median_upvotes
from top
inner join marts.bridge_paper_organizations as bridge on top.organization_id = bridge.organization_id
inner join marts.dim_papers as papers on bridge.paper_id = papers.paper_id
group by top.organization_id, top.display_name, top.kind, top.paper_count, top.upvotes
order by top.upvotes desc nulls last, top.display_name, top.organization_id
