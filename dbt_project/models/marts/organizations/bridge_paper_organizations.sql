select
    latest.paper_id,
    resolved.organization_id,
    resolved.listed_organization_id
from {{ ref('int_papers_latest') }} as latest
inner join {{ ref('int_content_organizations') }} as listed
    on latest.organization_content_id = listed.content_id
inner join {{ ref('int_organizations_resolved') }} as resolved
    on listed.listed_organization_id = resolved.listed_organization_id
