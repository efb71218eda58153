-- question: What rises fastest right now, and since when do we watch it?
-- grain: one row per paper with a known velocity, fastest first, at most 25
-- columns: velocity is upvotes per hour, exponentially weighted with a half-life of 24 hours; gain_24h the upvotes of
--   the last 24 hours;
--   cohort_percentile 0 to 1 among the papers first listed on the same date
select
    trends.velocity_rank,
    papers.paper_id,
    papers.title,
    trends.velocity,
    trends.gain_24h,
    trends.upvotes,
    trends.first_listed_on,
    trends.cohort_percentile,
    trends.first_observed_at
from marts.rpt_paper_trends as trends
inner join marts.dim_papers as papers on trends.paper_id = papers.paper_id
where trends.velocity is not null
order by trends.velocity_rank
limit 25
