-- question: How much do organizations gain with their child organizations?
-- grain: one row per organization in the last week with a gain, at most 25
-- columns: own_gain counts its own papers' upvotes of the week, family_gain those of its children too, and
--   family_share_of_gain is 0 to 1 of base_upvotes_gained, the gain of all papers for which the source can name
--   an organization
-- empty: no organization has papers that were observed twice: a gain needs two observations.
select
    organizations.display_name,
    trends.week,
    trends.upvotes_gained as own_gain,
    trends.family_upvotes_gained as family_gain,
    trends.family_rank_in_week,
    trends.family_share_of_gain,
    trends.base_upvotes_gained
from marts.rpt_organization_trends as trends
inner join marts.dim_organizations as organizations on trends.organization_id = organizations.organization_id
where
    trends.family_rank_in_week is not null
    and trends.week = (select max(week) from marts.rpt_organization_trends where family_rank_in_week is not null)
order by trends.family_rank_in_week, organizations.display_name, trends.organization_id
limit 25
