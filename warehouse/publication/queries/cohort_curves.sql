-- question: How do upvotes grow with age, by listing date?
-- grain: one row per first listing date and day since it, for the last 30 listing dates with papers
-- columns: day_of_age 0 is the listing date, papers those with a daily curve on that day, median_upvotes and
--   p90_upvotes are over them
-- empty: no paper was in a daily listing; pages of search results have no listing date.
with recent as (
    select distinct first_listed_on from marts.dim_papers
    where first_listed_on is not null
    order by first_listed_on desc
    limit 30
)

select
    papers.first_listed_on,
    daily.day - papers.first_listed_on as day_of_age,
    count(*) as papers,
    median(daily.upvotes) as median_upvotes,
    quantile_cont(daily.upvotes, 0.9) as p90_upvotes
from marts.fct_paper_upvotes_daily as daily
inner join marts.dim_papers as papers on daily.paper_id = papers.paper_id
inner join recent on papers.first_listed_on = recent.first_listed_on
where daily.day >= papers.first_listed_on
group by papers.first_listed_on, day_of_age
order by papers.first_listed_on, day_of_age
