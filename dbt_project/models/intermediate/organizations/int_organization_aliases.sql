-- One row per row of the reviewed alias seed, with the keys that listed slugs and names are compared with.
with worded as (
    select
        *,
        {{ organization_words('alias') }} as alias_words
    from {{ ref('organization_aliases') }}
),

acronyms as (
    select word from {{ ref('organization_words') }} where role = 'acronym'
),

marked as (
    select
        worded.*,
        {{ organization_is_short('worded.alias_words') }} and acronyms.word is null as is_short
    from worded
    left join acronyms on worded.alias_words = acronyms.word
),

final as (
    select
        alias,
        alias_words,
        {{ organization_squash('alias_words') }} as alias_squash,
        {{ organization_key('alias_words') }} as alias_key,
        is_short,
        organization,
        {{ seed_organization_id('organization') }} as organization_id,
        parent,
        case when parent is not null then {{ seed_organization_id('parent') }} end as parent_organization_id,
        kind,
        valid_from,
        valid_to,
        reason
    from marked
)

select * from final
