-- question: Which papers broke out, and since when?
-- grain: one row per paper with a breakout, strongest first, at most 50
-- columns: breakout_started_at is the last observation before the rise, breakout_ended_at the one that
--   ends it (UTC), breakout_score the evidence in nats
-- empty: no paper broke out so far. Where that is not known yet: {is_breakout}.
with top as (
    select paper_id, breakout_started_at, breakout_ended_at, breakout_score, upvotes, peak_day, first_listed_on
    from marts.rpt_paper_trends
    where is_breakout
    order by breakout_score desc, upvotes desc, first_listed_on, paper_id
    limit 50
)

select
    papers.display_title as title, top.breakout_started_at, top.breakout_ended_at, top.breakout_score,
    top.upvotes, top.peak_day
from top
inner join marts.dim_papers as papers on top.paper_id = papers.paper_id
order by top.breakout_score desc, top.upvotes desc, top.first_listed_on, top.paper_id
