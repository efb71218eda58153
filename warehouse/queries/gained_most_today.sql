-- question: Which papers gained most upvotes in the last 24 hours?
-- grain: one row per paper observed in the last 24 hours, at most 25
-- columns: gain_24h is upvotes, acceleration upvotes per hour per hour, cohort_percentile 0 to 1 within the first
--   listing date
select papers.title, trends.gain_24h, trends.upvotes, trends.acceleration, trends.first_listed_on, trends.cohort_percentile
from marts.rpt_paper_trends as trends
inner join marts.dim_papers as papers on trends.paper_id = papers.paper_id
where trends.gain_24h is not null
order by trends.gain_24h desc, trends.upvotes desc, papers.paper_id
limit 25
