-- One row per organization that is part of another today; of several relations, the latest.
with ranked as (
    select
        organization_id,
        parent_organization_id,
        row_number() over (
            partition by organization_id
            order by valid_from desc nulls last, parent_organization_id asc nulls last
        ) as parent_rank
    from {{ ref('int_organization_parents') }}
    where valid_to is null
)

select
    organization_id,
    parent_organization_id
from ranked
where parent_rank = 1
