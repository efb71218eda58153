-- The repository is the one that the entry of the observation names: stars of another repository are no part of a gain.
with clock as (
    select
        max(last_observed_at) as as_of,
        -- The earliest observation that the gain of 7 days can count from: 10 % before the start of its window.
        {{ hours_before('max(last_observed_at)', 185) }} as earliest_at
    from {{ ref('int_papers_measured') }}
),

recent as (
    select
        observed.paper_id,
        observed.observed_at,
        observed.github_stars as stars,
        observed.load_id
    from {{ ref('fct_upvote_observations') }} as observed
    inner join clock on observed.observed_at >= clock.earliest_at
    where observed.github_stars is not null
),

named as (
    select
        recent.paper_id,
        recent.observed_at,
        recent.stars,
        max({{ lower_case('readable.code_repository') }}) as repository_id
    from recent
    inner join {{ ref('int_entries_identified') }} as entries
        on recent.load_id = entries.load_id and recent.paper_id = entries.paper_id
    inner join {{ ref('int_contents_readable') }} as readable on entries.content_id = readable.content_id
    group by recent.paper_id, recent.observed_at, recent.stars
)

select
    named.paper_id,
    named.observed_at,
    named.stars,
    named.repository_id,
    coalesce(named.repository_id = papers.repository_id, false) as is_of_listed_repository
from named
inner join {{ ref('dim_papers') }} as papers on named.paper_id = papers.paper_id
