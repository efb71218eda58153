-- One row per accepted entry, with the paper that it is about: its own id, else the paper that alone has its title,
-- else an id made of the title. Entries of the trending list are left out: it lists nothing on a date.
with loads as (
    select * from {{ ref('stg_raw__loads') }}
),

entries as (
    select * from {{ ref('stg_raw__entries') }}
    where load_id not in (select load_id from loads where kind = 'trending')
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
    having min(listed_paper_id) = max(listed_paper_id)
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
        -- The details of one paper lack what an entry of a listing has beside its paper.
        loads.format <> 'page_text' and loads.kind <> 'paper' as is_full_format,
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
