-- One row per organization as listed and pair of slug and name that it carried, with the keys to compare them by.
with carried as (
    select
        listed_organization_id,
        listed_slug,
        listed_name,
        max(last_observed_at) as last_observed_at
    from {{ ref('int_content_organizations') }}
    group by listed_organization_id, listed_slug, listed_name
),

worded as (
    select
        *,
        {{ organization_words('listed_slug') }} as slug_words,
        {{ organization_words('listed_name') }} as name_words
    from carried
),

final as (
    select
        listed_organization_id,
        listed_slug,
        listed_name,
        slug_words,
        name_words,
        {{ organization_squash('slug_words') }} as slug_squash,
        {{ organization_squash('name_words') }} as name_squash,
        {{ organization_key('name_words') }} as name_key,
        last_observed_at,
        row_number() over (
            partition by listed_organization_id
            order by last_observed_at desc nulls last, listed_slug asc nulls last, listed_name asc nulls last
        ) as recency
    from worded
)

select * from final
