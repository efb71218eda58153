-- One row per paper: the content that each attribute is read from: of the latest observation whose format has the
-- attribute. An entry of the API or a page without an organization means that there is none; one of a text does not.
with entries as (
    select
        entries.paper_id,
        entries.content_id,
        entries.is_full_format,
        entries.comments,
        entries.github_stars,
        entries.observed_at,
        entries.landed_at,
        entries.load_id,
        entries.position,
        case when entries.is_full_format or contents.code_url is not null then 0 else 1 end as lacks_code,
        case when entries.is_full_format or contents.listed_slug is not null then 0 else 1 end as lacks_organization,
        case when entries.comments is not null then 0 else 1 end as lacks_comments
    from {{ ref('int_entries_identified') }} as entries
    inner join {{ ref('stg_raw__entry_contents') }} as contents on entries.content_id = contents.content_id
),

-- The latest observation with each attribute; only entries of these moments are ranked.
moments as (
    select
        paper_id,
        max(case when is_full_format then observed_at end) as fully_at,
        max(observed_at) as at_all_at,
        max(case when lacks_code = 0 then observed_at end) as code_at,
        max(case when lacks_organization = 0 then observed_at end) as organization_at,
        max(case when lacks_comments = 0 then observed_at end) as comments_at,
        min(case when is_full_format then landed_at end) as learned_at,
        min(case when is_full_format then observed_at end) as first_fully_observed_at
    from entries
    group by paper_id
),

decisive as (
    select
        entries.*,
        moments.learned_at,
        moments.first_fully_observed_at
    from entries
    inner join moments on entries.paper_id = moments.paper_id
    where
        entries.observed_at in (
            coalesce(moments.fully_at, moments.at_all_at), coalesce(moments.code_at, moments.at_all_at),
            coalesce(moments.organization_at, moments.at_all_at), coalesce(moments.comments_at, moments.at_all_at)
        )
),

ranked as (
    select
        paper_id,
        content_id,
        github_stars,
        comments,
        load_id,
        observed_at,
        learned_at,
        first_fully_observed_at,
        row_number() over (
            partition by paper_id
            order by
                is_full_format desc nulls last, observed_at desc nulls last, load_id asc nulls last,
                position asc nulls last
        ) as main_rank,
        row_number() over (
            partition by paper_id
            order by
                lacks_code asc nulls last, observed_at desc nulls last, is_full_format desc nulls last,
                load_id asc nulls last, position asc nulls last
        ) as code_rank,
        row_number() over (
            partition by paper_id
            order by
                lacks_organization asc nulls last, observed_at desc nulls last, is_full_format desc nulls last,
                load_id asc nulls last, position asc nulls last
        ) as organization_rank,
        row_number() over (
            partition by paper_id
            order by
                lacks_comments asc nulls last, observed_at desc nulls last, is_full_format desc nulls last,
                load_id asc nulls last, position asc nulls last
        ) as comments_rank
    from decisive
),

final as (
    select
        paper_id,
        max(case when main_rank = 1 then content_id end) as content_id,
        max(case when main_rank = 1 then load_id end) as load_id,
        max(case when main_rank = 1 then observed_at end) as observed_at,
        max(case when main_rank = 1 then github_stars end) as github_stars,
        max(case when code_rank = 1 then content_id end) as code_content_id,
        max(case when organization_rank = 1 then content_id end) as organization_content_id,
        max(case when comments_rank = 1 then comments end) as comments,
        min(learned_at) as learned_at,
        min(first_fully_observed_at) as first_fully_observed_at
    from ranked
    group by paper_id
)

select * from final
