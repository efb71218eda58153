-- question: Which organizations' papers are upvoted above expectation?
-- grain: one row per organization with papers observed at least twice, at most 25
-- columns: papers counts those; attention_rate is (gained + 5) / (expected + 5) over all of them, 1 is average
-- empty: no organization has a paper that was observed twice in a daily listing: {attention_rate}.
with summed as (
    select
        bridge.organization_id,
        count(*) as papers,
        sum(trends.gain_observed) as gained,
        sum(trends.expected_upvotes) as expected
    from marts.bridge_paper_organizations as bridge
    inner join marts.rpt_paper_trends as trends on bridge.paper_id = trends.paper_id
    where trends.expected_upvotes is not null
    group by bridge.organization_id
)

select
    organizations.display_name,
    summed.papers,
    summed.gained,
    summed.expected,
    (greatest(summed.gained, 0) + 5) / (summed.expected + 5) as attention_rate
from summed
inner join marts.dim_organizations as organizations on summed.organization_id = organizations.organization_id
order by attention_rate desc, summed.gained desc, organizations.display_name, summed.organization_id
limit 25
