-- question: How long until half of the upvotes, by weekday of the list?
-- grain: one row per weekday (ISO, 1 is Monday) with a known half-life
-- columns: papers with a known half-life, median_hours from the first observation; resolution_hours the median hours
--   between the two observations around the half: a half-life is measured no finer, and one no longer than that is the
--   interval of the observations; unknown counts the papers without a half-life, of them observed_once those with one
--   observation, the others had half at their first or have no upvotes
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
