-- An organization's own papers, and beside them those of its family: itself and what lies up to two levels beneath.
with organizations as (
    select
        organization_id,
        parent_organization_id
    from {{ ref('dim_organizations') }}
),

lineage as (
    select
        organization_id,
        organization_id as ancestor_id
    from organizations
    union
    select
        organization_id,
        parent_organization_id as ancestor_id
    from organizations
    where parent_organization_id is not null
    union
    select
        children.organization_id,
        parents.parent_organization_id as ancestor_id
    from organizations as children
    inner join organizations as parents on children.parent_organization_id = parents.organization_id
    where parents.parent_organization_id is not null
),

own as (
    {{ entity_weeks('select distinct paper_id, organization_id from ' ~ ref('bridge_paper_organizations'), 'organization_id') }}
),

family as (
    {{ entity_weeks(
        'select distinct papers.paper_id, lineage.ancestor_id as organization_id from '
        ~ ref('bridge_paper_organizations')
        ~ ' as papers inner join lineage on papers.organization_id = lineage.organization_id',
        'organization_id'
    ) }}
),

final as (
    select
        family.organization_id,
        family.week,
        coalesce(own.papers_listed, 0) as papers_listed,
        coalesce(own.papers_observed, 0) as papers_observed,
        own.upvotes_gained,
        own.share_of_gain,
        own.rank_in_week,
        own.rank_change,
        own.gain_change,
        family.papers_listed as family_papers_listed,
        family.papers_observed as family_papers_observed,
        family.upvotes_gained as family_upvotes_gained,
        family.share_of_gain as family_share_of_gain,
        family.rank_in_week as family_rank_in_week,
        family.rank_change as family_rank_change,
        family.gain_change as family_gain_change
    from family
    left join own on family.organization_id = own.organization_id and family.week = own.week
)

select * from final
