-- question: Which papers had their best day long after they were listed?
-- grain: one row per paper that peaked three days or more after its first listing date, at most 25
-- columns: days_after is from the first listing date to the peak day, peak_day_gain the upvotes gained on it
select
    papers.title, trends.first_listed_on, trends.peak_day, trends.peak_day - trends.first_listed_on as days_after,
    trends.peak_day_gain, trends.upvotes
from marts.rpt_paper_trends as trends
inner join marts.dim_papers as papers on trends.paper_id = papers.paper_id
where trends.peak_day - trends.first_listed_on >= 3
order by trends.peak_day_gain desc, papers.paper_id
limit 25
