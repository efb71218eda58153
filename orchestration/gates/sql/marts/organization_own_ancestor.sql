-- Organizations that are above themselves. `union` drops rows that are known, so a ring of parents ends the recursion.
with recursive above (organization_id, ancestor_id) as (
    select organization_id, parent_organization_id
    from marts.dim_organizations
    where parent_organization_id is not null
    union
    select above.organization_id, parents.parent_organization_id
    from above
    inner join marts.dim_organizations as parents on above.ancestor_id = parents.organization_id
    where parents.parent_organization_id is not null
)

select organization_id
from above
where organization_id = ancestor_id
