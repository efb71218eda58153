-- question: How does the share of the commonest keywords change by month?
-- grain: one row per month and keyword, for the 10 commonest keywords
-- columns: papers is the number of papers first listed in a week that begins in the month, share theirs of all
--   listed papers
with commonest as (
    select keyword from marts.dim_keywords order by listed_count desc, keyword limit 10
),
months as (
    select date_trunc('month', date_trunc('week', first_listed_on)) as month, count(*) as papers
    from marts.dim_papers
    where first_listed_on is not null
    group by all
)
select
    months.month, trends.keyword, sum(trends.papers_listed) as papers, sum(trends.papers_listed) / any_value(months.papers) as share
from marts.rpt_keyword_trends as trends
inner join commonest on trends.keyword = commonest.keyword
inner join months on date_trunc('month', trends.week) = months.month
where trends.papers_listed > 0
group by months.month, trends.keyword
order by months.month, papers desc, trends.keyword
