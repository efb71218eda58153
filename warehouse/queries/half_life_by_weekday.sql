-- question: How long until half of the upvotes, by weekday of the list?
-- grain: one row per weekday (ISO, 1 is Monday) with a known half-life
-- columns: papers with a known half-life, median_hours from the first observation; unknown counts the papers whose
--   first observation had half already
select
    isodow(first_listed_on) as weekday,
    count(half_life_hours) as papers,
    median(half_life_hours) as median_hours,
    count(*) filter (where half_life_hours is null) as unknown
from marts.rpt_paper_trends
where first_listed_on is not null
group by isodow(first_listed_on)
having count(half_life_hours) > 0
order by weekday
