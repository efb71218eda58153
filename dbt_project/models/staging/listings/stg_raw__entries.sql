-- Entries of accepted loads. The verdict is applied here for all models.
select
    load_id,
    position,
    content_id,
    paper_id as listed_paper_id,
    title_key,
    upvotes,
    comments,
    github_stars
from {{ source('raw', 'entries') }}
where load_id in (select load_id from {{ source('raw', 'loads') }} where verdict = 'accepted')
