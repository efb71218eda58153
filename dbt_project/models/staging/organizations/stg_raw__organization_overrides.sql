-- Overrides about organizations that people keep in the home.
select
    action,
    listed_organization,
    organization,
    kind,
    reason,
    row_number
from {{ source('raw', 'organization_overrides') }}
