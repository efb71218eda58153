-- question: Which keywords are new this quarter?
-- grain: one row per keyword first listed in the quarter of the last listing, at most 50
-- columns: first_week is the Monday of its first week, papers the papers listed with it since
with firsts as (
    select keyword, min(week) as first_week, sum(papers_listed) as papers
    from marts.rpt_keyword_trends
    where papers_listed > 0
    group by keyword
)
select keyword, first_week, papers
from firsts
where first_week >= (select date_trunc('quarter', max(listing_date)) from marts.fct_listings)
order by papers desc, keyword
limit 50
