-- question: Which organizations did neither the reviewed list nor a rule decide, by papers?
-- grain: one row per organization that is not in the reviewed list and part of nothing, most papers first
-- columns: papers is the number of its papers; nearest_name is the most similar name of another organization, null if
--   none is similar, with similarity from 0 to 1. What it is, a line of organization_aliases.csv or of the overrides
--   decides; this does not show that two organizations are one
-- empty: the reviewed list or a rule decided every organization.
with decided as (
    select distinct organization_id
    from marts.organization_merges
    where rule like 'reviewed%' or rule like 'override%' or rule like 'same key as a reviewed%'
),

nearest as (
    select
        organization_id,
        max_by(other_name, similarity) as nearest_name,
        max(similarity) as similarity
    from marts.organization_candidates
    group by organization_id
)

select
    organizations.organization_id,
    organizations.display_name,
    organizations.slug,
    organizations.kind,
    organizations.country_code,
    organizations.paper_count as papers,
    nearest.nearest_name,
    nearest.similarity
from marts.dim_organizations as organizations
left join decided on organizations.organization_id = decided.organization_id
left join nearest on organizations.organization_id = nearest.organization_id
where
    decided.organization_id is null
    and organizations.parent_organization_id is null
    and organizations.listed_count > 0
order by organizations.paper_count desc, organizations.organization_id
