-- One row per paper with what the author resolver reads of it, and since when the warehouse has known it.
with latest as (
    select * from {{ ref('int_papers_latest') }}
    where learned_at is not null
),

contents as (
    select * from {{ ref('stg_raw__entry_contents') }}
),

final as (
    select
        latest.paper_id,
        latest.content_id,
        contents.title,
        contents.ai_keywords,
        {{ normalize_space('organizations.listed_name') }} as organization_name,
        cast(extract(year from contents.published_on) as {{ dbt.type_int() }}) as published_year,
        {{ short_hash("concat(latest.content_id, '/', coalesce(organizations.listed_name, ''))") }} as description_hash,
        latest.learned_at,
        latest.first_fully_observed_at as first_observed_at
    from latest
    inner join contents on latest.content_id = contents.content_id
    left join contents as organizations on latest.organization_content_id = organizations.content_id
)

select * from final
