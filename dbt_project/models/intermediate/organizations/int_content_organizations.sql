-- One row per content that names an organization, with the id of the organization as listed: its own id, or where
-- a text page gave only a slug, the id that this slug belonged to last, else the slug itself.
with seen as (
    select
        content_id,
        min(observed_at) as first_observed_at,
        max(observed_at) as last_observed_at
    from {{ ref('int_entries_identified') }}
    group by content_id
),

observed as (
    select
        contents.content_id,
        contents.listed_organization_id,
        contents.listed_slug,
        contents.listed_name,
        contents.slug_key,
        contents.name_key,
        seen.first_observed_at,
        seen.last_observed_at
    from {{ ref('stg_raw__entry_contents') }} as contents
    inner join seen on contents.content_id = seen.content_id
    where contents.listed_slug is not null
),

slug_owners as (
    select
        slug_key,
        listed_organization_id
    from (
        select
            slug_key,
            listed_organization_id,
            row_number() over (
                partition by slug_key
                order by last_observed_at desc nulls last, listed_organization_id asc nulls last
            ) as owner_rank
        from observed
        where listed_organization_id is not null
    ) as owners
    where owner_rank = 1
),

final as (
    select
        observed.content_id,
        coalesce(
            observed.listed_organization_id,
            slug_owners.listed_organization_id,
            concat('slug:', observed.slug_key)
        ) as listed_organization_id,
        observed.listed_slug,
        {{ normalize_space('observed.listed_name') }} as listed_name,
        observed.name_key,
        observed.first_observed_at,
        observed.last_observed_at
    from observed
    left join slug_owners on observed.slug_key = slug_owners.slug_key
)

select * from final
