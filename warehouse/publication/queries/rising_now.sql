-- question: What rises fastest right now, and since when is it observed?
-- grain: one row per paper with a known velocity, fastest first, at most 25
-- columns: velocity is upvotes per hour, exponentially weighted with a half-life of 24 hours; gain_24h the upvotes of
--   the last 24 hours; cohort_percentile 0 to 1 among the papers first listed on the same date
-- empty: no paper has a known velocity: {velocity}.
with top as (
    select
        velocity_rank, paper_id, velocity, gain_24h, upvotes, first_listed_on, cohort_percentile, first_observed_at
    from marts.rpt_paper_trends
    where velocity is not null
    order by velocity_rank
    limit 25
)

select
    top.velocity_rank,
    top.paper_id,
    papers.display_title as title,
    top.velocity,
    top.gain_24h,
    top.upvotes,
    top.first_listed_on,
    top.cohort_percentile,
    top.first_observed_at
from top
inner join marts.dim_papers as papers on top.paper_id = papers.paper_id
order by top.velocity_rank
