-- One row per accepted entry, with the paper that it is about.
-- A text page gives no id: its folded title finds the paper when exactly one paper has it, else the paper gets an
-- id of its title, which later runs replace as soon as the real id shows up.
with entries as (
    select * from {{ ref('stg_raw__entries') }}
),

loads as (
    select * from {{ ref('stg_raw__loads') }}
),

papers_by_title as (
    select
        title_key,
        min(listed_paper_id) as paper_id
    from entries
    where
        listed_paper_id is not null
        and title_key in (select title_key from entries where listed_paper_id is null)
    group by title_key
    having count(distinct listed_paper_id) = 1
),

final as (
    select
        entries.load_id,
        entries.position,
        coalesce(
            entries.listed_paper_id,
            papers_by_title.paper_id,
            concat('title:', {{ short_hash('entries.title_key') }})
        ) as paper_id,
        entries.content_id,
        entries.upvotes,
        entries.comments,
        entries.github_stars,
        loads.format,
        loads.kind,
        loads.format <> 'page_text' as is_full_format,
        loads.listing_date,
        loads.observed_at,
        loads.landed_at
    from entries
    inner join loads on entries.load_id = loads.load_id
    left join papers_by_title
        on
            entries.title_key = papers_by_title.title_key
            and entries.listed_paper_id is null
)

select * from final
