-- One row per organization, parent and time of the relation: by overrides, by the reviewed seed, else by the name or
-- slug that names an institution.
with resolved as (
    select * from {{ ref('int_organizations_resolved') }}
),

aliases as (
    select * from {{ ref('int_organization_aliases') }}
),

overridden as (
    select
        organization_id,
        min(override_parent_id) as parent_organization_id,
        min(override_reason) as reason
    from resolved
    where override_parent_id is not null and override_parent_id <> organization_id
    group by organization_id
),

reviewed as (
    select
        organization_id,
        parent_organization_id,
        valid_from,
        valid_to,
        min(reason) as reason
    from aliases
    where parent_organization_id is not null
    group by organization_id, parent_organization_id, valid_from, valid_to
),

named as (
    select
        organization_id,
        parent_organization_id,
        reason
    from (
        select
            resolved.organization_id,
            namings.parent_organization_id,
            concat('its ', namings.source, ' names the institution') as reason,
            row_number() over (
                partition by resolved.organization_id
                order by length(namings.held_words) desc nulls last, namings.listed_organization_id asc nulls last
            ) as naming_rank
        from resolved
        inner join {{ ref('int_organization_namings') }} as namings
            on
                resolved.listed_organization_id = namings.listed_organization_id
                and resolved.organization_id <> namings.parent_organization_id
        where not resolved.is_reviewed
    ) as ranked
    where naming_rank = 1
),

final as (
    select
        organization_id, parent_organization_id, cast(null as date) as valid_from, cast(null as date) as valid_to,
        'override' as rule, reason
    from overridden
    union all
    select
        reviewed.organization_id, reviewed.parent_organization_id, reviewed.valid_from, reviewed.valid_to,
        'reviewed' as rule, reviewed.reason
    from reviewed
    left join overridden on reviewed.organization_id = overridden.organization_id
    where overridden.organization_id is null
    union all
    select
        named.organization_id, named.parent_organization_id,
        cast(null as date) as valid_from, cast(null as date) as valid_to,
        'names its institution' as rule, named.reason
    from named
    left join overridden on named.organization_id = overridden.organization_id
    where overridden.organization_id is null
)

select * from final
