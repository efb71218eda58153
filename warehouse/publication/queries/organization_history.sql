-- question: How many upvotes did the most upvoted organization gain, week by week?
-- grain: one row per ISO week of the organization with most upvotes (put another name into `chosen`)
-- columns: upvotes_gained in the week, share_of_gain 0 to 1 of base_upvotes_gained, the upvotes of all papers for which
--   the source can name an organization, rank_in_week and places risen since the week before
-- empty: no listed paper names an organization.
with chosen as (
    select organization_id, display_name
    from marts.dim_organizations
    where paper_count > 0
    order by paper_upvotes desc nulls last, organization_id
    limit 1
)

select
    chosen.display_name, trends.week, trends.papers_listed, trends.upvotes_gained,
    trends.share_of_gain, trends.base_upvotes_gained, trends.rank_in_week, trends.rank_change
from marts.rpt_organization_trends as trends
inner join chosen on trends.organization_id = chosen.organization_id
order by trends.week
