-- Organizations whose parent is not in dim_organizations.
select child.organization_id, child.parent_organization_id
from marts.dim_organizations as child
left join marts.dim_organizations as parent on child.parent_organization_id = parent.organization_id
where child.parent_organization_id is not null and parent.organization_id is null
