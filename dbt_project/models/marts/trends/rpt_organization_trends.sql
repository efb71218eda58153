-- An organization's own papers, and beside them those of its family: itself and what lay up to two levels beneath it
-- when they were listed.
-- Shares are of the papers for which the source could tell an organization.
with own as (
    {{ entity_weeks('select distinct paper_id, organization_id from ' ~ ref('bridge_paper_organizations'), 'organization_id', base=papers_with_organization_field()) }}
),

family as (
    {{ entity_weeks('select paper_id, organization_id from ' ~ ref('bridge_paper_families'), 'organization_id', base=papers_with_organization_field()) }}
),

final as (
    select
        family.organization_id,
        family.week,
        coalesce(own.papers_listed, 0) as papers_listed,
        coalesce(own.papers_observed, 0) as papers_observed,
        own.upvotes_gained,
        own.share_of_gain,
        family.base_papers_listed,
        family.base_papers_observed,
        family.base_upvotes_gained,
        own.rank_in_week,
        case
            when own.rank_in_week is null then coalesce(own.rank_in_week_missing_reason, 'no known gain in the week')
        end as rank_in_week_missing_reason,
        own.rank_change,
        case
            when own.rank_change is null then coalesce(own.rank_change_missing_reason, 'no known gain in the week')
        end as rank_change_missing_reason,
        own.gain_change,
        family.papers_listed as family_papers_listed,
        family.papers_observed as family_papers_observed,
        family.upvotes_gained as family_upvotes_gained,
        family.share_of_gain as family_share_of_gain,
        family.rank_in_week as family_rank_in_week,
        family.rank_in_week_missing_reason as family_rank_in_week_missing_reason,
        family.rank_change as family_rank_change,
        family.rank_change_missing_reason as family_rank_change_missing_reason,
        family.gain_change as family_gain_change
    from family
    left join own on family.organization_id = own.organization_id and family.week = own.week
)

select * from final
