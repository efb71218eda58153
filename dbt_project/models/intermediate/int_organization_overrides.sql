-- One row per organization as listed that a person decided about: the last word of the project's seed and the home.
with every_word as (
    select action, listed_organization, organization, kind, reason, row_number as override_number
    from {{ ref('organization_overrides') }}
    union all
    select action, listed_organization, organization, kind, reason, 1000000 + row_number as override_number
    from {{ ref('stg_raw__organization_overrides') }}
),

ranked as (
    select
        names.listed_organization_id,
        every_word.action,
        every_word.organization,
        every_word.kind,
        every_word.reason,
        row_number() over (
            partition by names.listed_organization_id
            order by every_word.override_number desc nulls last
        ) as lateness
    from every_word
    inner join {{ ref('int_organization_names') }} as names
        on every_word.listed_organization = names.listed_organization_id or every_word.listed_organization = names.listed_slug
)

select
    listed_organization_id,
    action,
    organization,
    kind,
    reason
from ranked
where lateness = 1
