-- One row per organization as listed, with the organization it was placed in: people's overrides, else the match.
with matched as (
    select * from {{ ref('int_organizations_matched') }}
),

overrides as (
    select * from {{ ref('int_organization_overrides') }}
),

-- What an override may call an organization: its id, a listed id or slug of it, or its name in the seed.
called as (
    select name, min(organization_id) as organization_id
    from (
        select organization_id as name, organization_id from matched
        union all
        select listed_organization_id as name, organization_id from matched
        union all
        select listed_slug as name, organization_id from matched
        union all
        select organization as name, organization_id from {{ ref('int_organization_aliases') }}
        union all
        select organization_id as name, organization_id from {{ ref('int_organization_aliases') }}
    ) as names
    group by name
),

final as (
    select
        matched.listed_organization_id,
        matched.listed_slug,
        matched.listed_name,
        matched.first_observed_at,
        matched.last_observed_at,
        matched.name_words,
        matched.slug_words,
        matched.organization_key,
        case
            when overrides.action = 'merge' and called.organization_id is not null then called.organization_id
            when overrides.action = 'split' then matched.listed_organization_id
            else matched.organization_id
        end as organization_id,
        case
            when overrides.action = 'merge' and called.organization_id is not null then 'override: merge'
            when overrides.action = 'split' then 'override: split'
            when overrides.action = 'part_of' and called.organization_id is not null then 'override: part of'
            else matched.rule
        end as rule,
        case when overrides.action = 'part_of' then called.organization_id end as override_parent_id,
        overrides.kind as override_kind,
        overrides.reason as override_reason,
        matched.is_reviewed and coalesce(overrides.action, 'none') not in ('merge', 'split') as is_reviewed,
        matched.matched_alias,
        matched.alias_reason,
        matched.listed_count
    from matched
    left join overrides on matched.listed_organization_id = overrides.listed_organization_id
    left join called on overrides.organization = called.name
)

select * from final
