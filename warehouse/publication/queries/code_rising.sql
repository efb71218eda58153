-- question: Which repositories gain stars fastest?
-- grain: one row per paper with a code repository and a known rate, at most 25
-- columns: star_rate_per_day is stars per day over star_rate_days, stars_gained_24h and stars_gained_7d are stars and
--   null without an observation at the start of their window, stars is the latest count
-- empty: no repository has two observations of its stars, a day apart, in the last 7 days.
select
    trends.star_rank as rank, trends.paper_id, papers.display_title as title, trends.code_url, trends.stars,
    trends.star_rate_per_day, trends.star_rate_days, trends.stars_gained_24h, trends.stars_gained_7d
from marts.rpt_code_trends as trends
inner join marts.dim_papers as papers on trends.paper_id = papers.paper_id
where trends.star_rate_per_day is not null
order by trends.star_rank, trends.stars desc, trends.paper_id
limit 25
