-- One row per organization with a ROR id, a country, a place in its name or a parent. Its country is that of the
-- reviewed list, else of its ROR record, else of the place, else of what it is part of today, up to three levels above.
with sources as (
    select
        {{ seed_organization_id('organization') }} as organization_id,
        ror_id,
        country_code as ror_country_code,
        cast(null as {{ dbt.type_string() }}) as reviewed_country_code
    from {{ ref('organization_registry') }}
    union all
    select
        {{ seed_organization_id('organization') }} as organization_id,
        cast(null as {{ dbt.type_string() }}) as ror_id,
        cast(null as {{ dbt.type_string() }}) as ror_country_code,
        country_code as reviewed_country_code
    from {{ ref('organization_countries') }}
),

own as (
    select
        organization_id,
        max(ror_id) as ror_id,
        coalesce(max(reviewed_country_code), max(ror_country_code)) as country_code,
        case when max(reviewed_country_code) is not null then 'reviewed list' else 'ROR' end as country_basis
    from sources
    group by organization_id
),

parents as (
    select * from {{ ref('int_organization_present_parents') }}
),

places as (
    select * from {{ ref('int_organization_places') }}
),

every_organization as (
    select organization_id from own
    union
    select organization_id from places
    union
    select organization_id from parents
),

inherited as (
    select
        parents.organization_id,
        coalesce(above.country_code, two_above.country_code, three_above.country_code) as country_code
    from parents
    left join own as above on parents.parent_organization_id = above.organization_id
    left join parents as parents_above on parents.parent_organization_id = parents_above.organization_id
    left join own as two_above on parents_above.parent_organization_id = two_above.organization_id
    left join parents as grandparents on parents_above.parent_organization_id = grandparents.organization_id
    left join own as three_above on grandparents.parent_organization_id = three_above.organization_id
),

final as (
    select
        every_organization.organization_id,
        own.ror_id,
        coalesce(own.country_code, places.country_code, inherited.country_code) as country_code,
        case
            when own.country_code is not null then own.country_basis
            when places.country_code is not null then 'place in its name'
            when inherited.country_code is not null then 'parent'
        end as country_basis
    from every_organization
    left join own on every_organization.organization_id = own.organization_id
    left join places on every_organization.organization_id = places.organization_id
    left join inherited on every_organization.organization_id = inherited.organization_id
)

select * from final
