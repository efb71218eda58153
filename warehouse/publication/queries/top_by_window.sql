-- question: What leads over a day, 3 days, a week, a month, a year, and all time?
-- grain: one row per window and place, ten places each
-- columns: gained is upvotes gained on the UTC days of the window that end with the last observed one, null in all time
--   for a paper observed once; a gain over days without an observation counts if all of them lie in the window; all
--   time is ordered by upvotes; ties by upvotes, earlier listing, paper id
-- empty: no paper has a known number of upvotes.
with last_day as (
    select cast(max(last_observed_at) as date) as day from marts.rpt_paper_trends
),

observed as (
    -- since: the day after the last one observed before.
    select paper_id, gained, coalesce(lag(day) over (partition by paper_id order by day) + 1, day) as since
    from marts.fct_paper_upvotes_daily
    where is_observed
),

recent as (
    select
        observed.paper_id,
        sum(observed.gained) filter (where last_day.day - observed.since < 1) as gained_1,
        sum(observed.gained) filter (where last_day.day - observed.since < 3) as gained_3,
        sum(observed.gained) filter (where last_day.day - observed.since < 7) as gained_7,
        sum(observed.gained) filter (where last_day.day - observed.since < 30) as gained_30,
        sum(observed.gained) as gained_365
    from observed
    cross join last_day
    where last_day.day - observed.since < 365
    group by observed.paper_id
),

gains as (
    -- Papers without a known gain drop out: unpivot leaves nulls out.
    unpivot recent on gained_1, gained_3, gained_7, gained_30, gained_365 into name days value gained
),

placed as (
    select
        case gains.days
            when 'gained_1' then 'day' when 'gained_3' then '3 days' when 'gained_7' then 'week'
            when 'gained_30' then 'month' else 'year'
        end as window_name,
        cast(replace(gains.days, 'gained_', '') as integer) as days,
        gains.paper_id,
        gains.gained,
        row_number() over (
            partition by gains.days
            order by gains.gained desc, trends.upvotes desc, trends.first_listed_on nulls last, gains.paper_id
        ) as place
    from gains
    inner join marts.rpt_paper_trends as trends on gains.paper_id = trends.paper_id
    qualify place <= 10
    union all
    select
        'all' as window_name, 1000000 as days, paper_id, gain_observed as gained,
        row_number() over (order by upvotes desc, first_listed_on nulls last, paper_id) as place
    from marts.rpt_paper_trends
    qualify place <= 10
)

select placed.window_name, placed.place, papers.display_title as title, placed.gained, papers.upvotes
from placed
inner join marts.dim_papers as papers on placed.paper_id = papers.paper_id
order by placed.days, placed.place
