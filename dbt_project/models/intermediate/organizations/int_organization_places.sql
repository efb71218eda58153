-- One row per organization whose name holds a place, with the country of the place; none where its places are in
-- several countries.
with runs as (
    select
        organization_id,
        {{ word_runs('name_words') }} as word_runs
    from {{ ref('int_organizations_resolved') }}
    where name_words is not null
),

final as (
    select
        elements.organization_id,
        min(places.country_code) as country_code
    from {{ unnest_with_position('runs', 'word_runs') }} as elements
    inner join {{ ref('places') }} as places on elements.element = places.place
    group by elements.organization_id
    having count(distinct places.country_code) = 1
)

select * from final
