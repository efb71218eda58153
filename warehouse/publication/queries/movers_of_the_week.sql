-- question: Which organizations changed most since the week before?
-- grain: one row per organization ranked in both of the last two weeks in which any was, greatest change of gain first,
--   at most 25
-- columns: gain_change is upvotes gained minus those of the week before, rank_change places risen
-- empty: no organization has a known gain in two consecutive weeks.
select
    organizations.display_name, trends.week, trends.upvotes_gained, trends.gain_change,
    trends.rank_in_week, trends.rank_change
from marts.rpt_organization_trends as trends
inner join marts.dim_organizations as organizations on trends.organization_id = organizations.organization_id
where
    trends.rank_change is not null
    and trends.week = (select max(week) from marts.rpt_organization_trends where rank_change is not null)
order by
    abs(trends.gain_change) desc, trends.upvotes_gained desc, organizations.display_name, trends.organization_id
limit 25
