-- question: What leads over a day, 3 days, a week, a month, a year, and all time?
-- grain: one row per window and place, ten places each
-- columns: gained is upvotes gained on the UTC days of the window that end with the last observed one; for all time
--   upvotes is what counts
with windows (window_name, days) as (
    values ('day', 1), ('3 days', 3), ('week', 7), ('month', 30), ('year', 365), ('all', 1000000)
),
last_day as (
    select max(day) as day from marts.fct_paper_upvotes_daily
),
gains as (
    select windows.window_name, windows.days, daily.paper_id, sum(daily.gained) as gained
    from marts.fct_paper_upvotes_daily as daily
    cross join last_day
    inner join windows on last_day.day - daily.day < windows.days
    group by windows.window_name, windows.days, daily.paper_id
),
placed as (
    select
        gains.*, papers.title, papers.upvotes,
        row_number() over (
            partition by gains.days
            order by case when gains.window_name = 'all' then papers.upvotes else gains.gained end desc, gains.paper_id
        ) as place
    from gains
    inner join marts.dim_papers as papers on gains.paper_id = papers.paper_id
)
select window_name, place, title, gained, upvotes
from placed
where place <= 10
order by days, place
