-- question: Who gained most rank this month, by upvotes gained in a week?
-- grain: one row per organization with a rank in the last week and in the earliest of the four weeks before it that
--   has one, at most 25
-- columns: rank_then and rank_now are places among organizations by upvotes gained in their week, rank_gained their
--   difference
-- empty: no organization has a rank in the last week and in one of the four weeks before it.
with last_week as (
    select max(week) as week from marts.rpt_organization_trends where rank_in_week is not null
),

spans as (
    select
        trends.organization_id,
        min_by(trends.rank_in_week, trends.week) as rank_then,
        max_by(trends.rank_in_week, trends.week) as rank_now,
        min(trends.week) as first_week,
        max(trends.week) as last_week
    from marts.rpt_organization_trends as trends
    cross join last_week
    where trends.rank_in_week is not null and trends.week between last_week.week - 28 and last_week.week
    group by trends.organization_id
    having max(trends.week) = max(last_week.week) and min(trends.week) < max(last_week.week)
)

select
    organizations.display_name, spans.rank_then - spans.rank_now as rank_gained, spans.rank_then, spans.rank_now,
    spans.first_week
from spans
inner join marts.dim_organizations as organizations on spans.organization_id = organizations.organization_id
order by rank_gained desc, spans.rank_now, organizations.display_name, spans.organization_id
limit 25
