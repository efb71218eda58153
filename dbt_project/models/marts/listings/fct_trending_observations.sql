-- Of two loads of one moment the first counts: the API before the page, then the smaller id.
with lists as (
    select
        load_id,
        observed_at,
        format,
        row_number() over (
            partition by observed_at
            order by format asc nulls last, load_id asc nulls last
        ) as preference
    from {{ ref('stg_raw__loads') }}
    where kind = 'trending' and verdict = 'accepted'
),

final as (
    select
        lists.observed_at,
        entries.position as rank,
        entries.listed_paper_id as paper_id,
        contents.display_title as title,
        entries.upvotes,
        entries.comments,
        entries.github_stars,
        lists.format,
        lists.load_id
    from lists
    inner join {{ ref('stg_raw__entries') }} as entries on lists.load_id = entries.load_id
    inner join {{ ref('int_contents_readable') }} as contents on entries.content_id = contents.content_id
    where lists.preference = 1
)

select * from final
