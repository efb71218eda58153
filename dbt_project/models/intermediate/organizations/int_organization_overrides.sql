-- One row per organization as listed with an override: the last one of the project's seed and the home.
with overrides as (
    select action, listed_organization, organization, kind, reason, row_number as override_number
    from {{ ref('organization_overrides') }}
    union all
    select action, listed_organization, organization, kind, reason, 1000000 + row_number as override_number
    from {{ ref('stg_raw__organization_overrides') }}
),

-- By id or by slug: two joins, since one on either condition would compare every pair.
matched as (
    select names.listed_organization_id, overrides.*
    from overrides
    inner join {{ ref('int_organization_names') }} as names
        on overrides.listed_organization = names.listed_organization_id
    union all
    select names.listed_organization_id, overrides.*
    from overrides
    inner join {{ ref('int_organization_names') }} as names on overrides.listed_organization = names.listed_slug
),

ranked as (
    select
        listed_organization_id,
        action,
        organization,
        kind,
        reason,
        row_number() over (
            partition by listed_organization_id
            order by override_number desc nulls last
        ) as lateness
    from matched
)

select
    listed_organization_id,
    action,
    organization,
    kind,
    reason
from ranked
where lateness = 1
