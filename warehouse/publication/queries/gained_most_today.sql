-- question: Which papers gained most upvotes in the last 24 hours?
-- grain: one row per paper observed in the last 24 hours and about 24 hours ago, at most 25
-- columns: gain_24h is upvotes, gain_24h_hours the hours between its two observations, acceleration upvotes per hour
--   per hour, cohort_percentile 0 to 1 within the first listing date
-- empty: no paper has a known gain over the last 24 hours: {gain_24h}.
with top as (
    select paper_id, gain_24h, gain_24h_hours, upvotes, acceleration, first_listed_on, cohort_percentile
    from marts.rpt_paper_trends
    where gain_24h is not null
    order by gain_24h desc, upvotes desc, first_listed_on nulls last, paper_id
    limit 25
)

select
    papers.display_title as title, top.gain_24h, top.gain_24h_hours, top.upvotes, top.acceleration, top.first_listed_on,
    top.cohort_percentile
from top
inner join marts.dim_papers as papers on top.paper_id = papers.paper_id
order by top.gain_24h desc, top.upvotes desc, top.first_listed_on nulls last, top.paper_id
