with resolved as (
    select * from {{ ref('int_organizations_resolved') }}
),

parents as (
    select * from {{ ref('int_organization_parents') }}
),

present_parents as (
    select * from {{ ref('int_organization_present_parents') }}
),

reviewed as (
    select
        organization_id,
        min(organization) as display_name,
        min(kind) as kind
    from {{ ref('int_organization_aliases') }}
    group by organization_id
),

ranked as (
    select
        *,
        row_number() over (
            partition by organization_id
            order by last_observed_at desc nulls last, listed_organization_id asc nulls last
        ) as recency,
        count(*) over (partition by organization_id) as listed_count_of_organization,
        min(first_observed_at) over (partition by organization_id) as first_seen_at,
        min(override_kind) over (partition by organization_id) as kind_by_override
    from resolved
),

-- Parents that are not listed themselves, and theirs, and theirs.
first_parents as (
    select parents.parent_organization_id as organization_id, min(ranked.first_seen_at) as first_seen_at
    from parents
    inner join ranked on parents.organization_id = ranked.organization_id and ranked.recency = 1
    group by parents.parent_organization_id
),

second_parents as (
    select parents.parent_organization_id as organization_id, min(first_parents.first_seen_at) as first_seen_at
    from parents
    inner join first_parents on parents.organization_id = first_parents.organization_id
    group by parents.parent_organization_id
),

third_parents as (
    select parents.parent_organization_id as organization_id, min(second_parents.first_seen_at) as first_seen_at
    from parents
    inner join second_parents on parents.organization_id = second_parents.organization_id
    group by parents.parent_organization_id
),

every_organization as (
    select
        organization_id, listed_name, listed_slug, listed_count_of_organization as listed_count, first_seen_at,
        kind_by_override
    from ranked
    where recency = 1
    union all
    select
        ancestors.organization_id,
        cast(null as {{ dbt.type_string() }}) as listed_name,
        cast(null as {{ dbt.type_string() }}) as listed_slug,
        0 as listed_count,
        min(ancestors.first_seen_at) as first_seen_at,
        cast(null as {{ dbt.type_string() }}) as kind_by_override
    from (
        select organization_id, first_seen_at from first_parents
        union all
        select organization_id, first_seen_at from second_parents
        union all
        select organization_id, first_seen_at from third_parents
    ) as ancestors
    left join ranked on ancestors.organization_id = ranked.organization_id
    where ranked.organization_id is null
    group by ancestors.organization_id
),

papers as (
    select
        owned.organization_id,
        count(*) as paper_count,
        cast(sum(papers.upvotes) as {{ dbt.type_bigint() }}) as paper_upvotes
    from {{ ref('bridge_paper_organizations') }} as owned
    inner join {{ ref('dim_papers') }} as papers on owned.paper_id = papers.paper_id
    group by owned.organization_id
),

named_kinds as (
    select
        organization_id,
        {{ organization_kind('listed_name') }} as kind
    from every_organization
),

described as (
    select
        every_organization.organization_id,
        coalesce(
            reviewed.display_name, every_organization.listed_name, every_organization.organization_id
        ) as display_name,
        every_organization.listed_slug as slug,
        coalesce(
            every_organization.kind_by_override,
            reviewed.kind,
            -- a hospital or a firm may be part of a university; else a part has the kind of its institution
            case when named_kinds.kind in ('hospital', 'company', 'nonprofit', 'community') then named_kinds.kind end,
            parent_reviewed.kind,
            named_kinds.kind,
            'unknown'
        ) as kind,
        present_parents.parent_organization_id,
        countries.ror_id,
        countries.country_code,
        countries.country_basis,
        coalesce(papers.paper_count, 0) as paper_count,
        cast(every_organization.listed_count as {{ dbt.type_bigint() }}) as listed_count,
        papers.paper_upvotes,
        every_organization.first_seen_at as first_observed_at
    from every_organization
    left join named_kinds on every_organization.organization_id = named_kinds.organization_id
    left join reviewed on every_organization.organization_id = reviewed.organization_id
    left join present_parents on every_organization.organization_id = present_parents.organization_id
    left join {{ ref('int_organization_countries') }} as countries
        on every_organization.organization_id = countries.organization_id
    left join reviewed as parent_reviewed on present_parents.parent_organization_id = parent_reviewed.organization_id
    left join papers on every_organization.organization_id = papers.organization_id
),

final as (
    select
        organization_id,
        display_name,
        slug,
        kind,
        parent_organization_id,
        ror_id,
        country_code,
        country_basis,
        case
            when country_code is null and kind = 'community' then 'a community without a known seat'
            when country_code is null then 'no record in ROR and not reviewed'
        end as country_missing_reason,
        paper_count,
        listed_count,
        paper_upvotes,
        first_observed_at
    from described
)

select * from final
