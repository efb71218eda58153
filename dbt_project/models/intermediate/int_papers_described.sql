-- One row per paper with what the author resolver reads of it, and since when the warehouse has known it.
with latest as (
    select * from {{ ref('int_papers_latest') }}
),

contents as (
    select * from {{ ref('stg_raw__entry_contents') }}
),

seen as (
    select
        paper_id,
        min(landed_at) as learned_at,
        min(observed_at) as first_observed_at
    from {{ ref('int_entries_identified') }}
    where is_full_format
    group by paper_id
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
        seen.learned_at,
        seen.first_observed_at
    from latest
    inner join contents on latest.content_id = contents.content_id
    inner join seen on latest.paper_id = seen.paper_id
    left join contents as organizations on latest.organization_content_id = organizations.content_id
)

select * from final
