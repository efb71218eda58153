-- question: How long until half of the upvotes, by weekday of the listing?
-- grain: one row per weekday (ISO, 1 is Monday) with a known half-life
-- columns: papers is the number with a known half-life, median_hours is from the first observation; resolution_hours is
--   the median time between the two observations around the half and bounds the precision: a shorter half-life only
--   shows the observation interval; unknown counts papers without a half-life: observed_once are those with one
--   observation, the others had half at their first observation or have no upvotes
-- empty: no paper has a known half-life: {half_life}.
select
    isodow(first_listed_on) as weekday,
    count(half_life_hours) as papers,
    median(half_life_hours) as median_hours,
    median(half_life_resolution_hours) as resolution_hours,
    count(*) filter (where half_life_hours is null) as unknown,
    count(*) filter (where observation_count = 1) as observed_once
from marts.rpt_paper_trends
where first_listed_on is not null
group by isodow(first_listed_on)
having count(half_life_hours) > 0
order by weekday
