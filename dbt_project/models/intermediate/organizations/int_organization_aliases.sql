-- One row per row of the reviewed alias seed, with the keys that listed slugs and names are compared with.
with worded as (
    select
        *,
        {{ organization_words('alias') }} as alias_words
    from {{ ref('organization_aliases') }}
),

final as (
    select
        alias,
        alias_words,
        {{ organization_squash('alias_words') }} as alias_squash,
        {{ organization_key('alias_words') }} as alias_key,
        {{ organization_is_short('alias_words') }} as is_short,
        organization,
        {{ seed_organization_id('organization') }} as organization_id,
        parent,
        case when parent is not null then {{ seed_organization_id('parent') }} end as parent_organization_id,
        kind,
        valid_from,
        valid_to,
        reason
    from worded
)

select * from final
