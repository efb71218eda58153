-- question: How many upvotes did an organization gain, week by week?
-- grain: one row per ISO week of the organization
-- parameter: organization: an id, slug or name; without it the organization with most upvotes
-- columns: upvotes_gained in the week, share_of_gain 0 to 1 of base_upvotes_gained, the upvotes of all papers for which
--   the source can name an organization, rank_in_week and places risen since the week before
-- empty: no listed paper names this organization, or any.
with chosen as (
    select organization_id, display_name
    from marts.dim_organizations
    where paper_count > 0
        and (
            getvariable('organization') is null
            or organization_id = getvariable('organization')
            or lower(slug) = lower(getvariable('organization'))
            or marts.folded(display_name) = marts.folded(getvariable('organization'))
            or organization_id in (
                select organization_id from marts.organization_merges
                where marts.folded(listed_name) = marts.folded(getvariable('organization'))
                    or lower(listed_slug) = lower(getvariable('organization'))
            )
        )
    order by paper_upvotes desc nulls last, organization_id
    limit 1
)

select
    chosen.display_name, trends.week, trends.papers_listed, trends.upvotes_gained,
    trends.share_of_gain, trends.base_upvotes_gained, trends.rank_in_week, trends.rank_change
from marts.rpt_organization_trends as trends
inner join chosen on trends.organization_id = chosen.organization_id
order by trends.week
