-- question: How does the share of the commonest keywords change by month?
-- grain: one row per month and keyword, for the 10 commonest keywords
-- columns: papers is the number of papers first listed in the month with the keyword, share is that of base_papers,
--   the papers first listed in the month that have any keywords (the source adds them late or not at all)
-- empty: no listed paper has keywords; the site adds them some time after a paper is listed.
with commonest as (
    select keyword from marts.dim_keywords
    order by listed_count desc, upvotes desc nulls last, first_listed_on nulls last, keyword
    limit 10
),

listed as (
    select paper_id, cast(date_trunc('month', first_listed_on) as date) as month
    from marts.dim_papers
    where first_listed_on is not null and keywords_status = 'known'
),

months as (
    select month, count(*) as base_papers from listed group by month
)

select
    months.month, bridge.keyword, count(*) as papers, count(*) / months.base_papers as share, months.base_papers
from listed
inner join marts.bridge_paper_keywords as bridge on listed.paper_id = bridge.paper_id
inner join commonest on bridge.keyword = commonest.keyword
inner join months on listed.month = months.month
group by months.month, bridge.keyword, months.base_papers
order by months.month, papers desc, bridge.keyword
