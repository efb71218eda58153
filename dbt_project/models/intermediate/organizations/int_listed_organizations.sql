-- One row per organization as listed, with the slug and name that it carried last.
with ranked as (
    select
        *,
        min(first_observed_at) over (partition by listed_organization_id) as first_seen_at,
        row_number() over (
            partition by listed_organization_id
            order by last_observed_at desc nulls last, content_id asc nulls last
        ) as recency
    from {{ ref('int_content_organizations') }}
),

final as (
    select
        listed_organization_id,
        listed_slug,
        listed_name,
        name_key,
        first_seen_at as first_observed_at,
        last_observed_at
    from ranked
    where recency = 1
)

select * from final
