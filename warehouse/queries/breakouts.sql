-- question: Which papers broke out, and since when?
-- grain: one row per paper with a breakout, strongest first, at most 50
-- columns: breakout_started_at is the last observation before the rise, breakout_ended_at the one that ends it
--   (UTC), breakout_score the evidence in nats
select papers.title, trends.breakout_started_at, trends.breakout_ended_at, trends.breakout_score, trends.upvotes, trends.peak_day
from marts.rpt_paper_trends as trends
inner join marts.dim_papers as papers on trends.paper_id = papers.paper_id
where trends.is_breakout
order by trends.breakout_score desc, papers.paper_id
limit 50
