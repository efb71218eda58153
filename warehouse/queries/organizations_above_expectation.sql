-- question: Which organizations' papers are upvoted above expectation?
-- grain: one row per organization with papers observed at least twice, at most 25
-- columns: papers counts those; attention_rate is (gained + 5) / (expected + 5) over all of them, 1 is average
select
    organizations.display_name,
    count(*) as papers,
    sum(trends.gain_observed) as gained,
    sum(trends.expected_upvotes) as expected,
    (greatest(sum(trends.gain_observed), 0) + 5) / (sum(trends.expected_upvotes) + 5) as attention_rate
from marts.bridge_paper_organizations as bridge
inner join marts.dim_organizations as organizations on bridge.organization_id = organizations.organization_id
inner join marts.rpt_paper_trends as trends on bridge.paper_id = trends.paper_id
where trends.expected_upvotes is not null
group by organizations.organization_id, organizations.display_name
order by attention_rate desc, organizations.display_name
limit 25
