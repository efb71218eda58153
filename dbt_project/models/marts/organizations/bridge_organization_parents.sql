with needed as (
    select organization_id from {{ ref('dim_organizations') }}
)

select
    parents.organization_id,
    parents.parent_organization_id,
    parents.valid_from,
    parents.valid_to,
    parents.rule,
    parents.reason
from {{ ref('int_organization_parents') }} as parents
inner join needed on parents.organization_id = needed.organization_id
