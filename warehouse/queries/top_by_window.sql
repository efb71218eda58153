-- question: What leads over a day, 3 days, a week, a month, a year, and all time?
-- grain: one row per window and place, ten places each
-- columns: gained is upvotes gained on the UTC days of the window that end with the last observed one; for all time
--   upvotes is what counts
with windows (window_name, days) as (
    values ('day', 1), ('3 days', 3), ('week', 7), ('month', 30), ('year', 365)
),
last_day as (
    select cast(max(last_observed_at) as date) as day from marts.rpt_paper_trends
),
recent as (
    select daily.paper_id, last_day.day - daily.day as days_ago, daily.gained
    from marts.fct_paper_upvotes_daily as daily
    cross join last_day
    where daily.day > last_day.day - 365
),
gains as (
    select windows.window_name, windows.days, recent.paper_id, sum(recent.gained) as gained
    from recent
    inner join windows on recent.days_ago < windows.days
    group by windows.window_name, windows.days, recent.paper_id
),
placed as (
    select *, row_number() over (partition by days order by gained desc, paper_id) as place
    from gains
    qualify place <= 10
    union all
    select window_name, days, paper_id, gained, row_number() over (order by upvotes desc, paper_id) as place
    from (
        select 'all' as window_name, 1000000 as days, paper_id, gain_observed as gained, upvotes
        from marts.rpt_paper_trends
        order by upvotes desc, paper_id
        limit 10
    )
)
select placed.window_name, placed.place, papers.title, placed.gained, papers.upvotes
from placed
inner join marts.dim_papers as papers on placed.paper_id = papers.paper_id
order by placed.days, placed.place
