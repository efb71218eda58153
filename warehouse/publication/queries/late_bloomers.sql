-- question: Which papers had their best day long after they were listed?
-- grain: one row per paper that peaked three days or more after its first listing date, at most 25; papers whose best
--   day is uncertain are excluded: those first observed later than the day after their listing, and those whose
--   greatest gain covers several days without an observation between
-- columns: days_after is from the first listing date to the peak day, peak_day_gain the upvotes gained on it
-- empty: no paper had its best day three days or more after its listing date. Where it is unknown: {peak_day}.
with top as (
    select paper_id, first_listed_on, peak_day, peak_day_gain, upvotes
    from marts.rpt_paper_trends
    where
        peak_day - first_listed_on >= 3
        and peak_day_unobserved_days = 0
        and cast(first_observed_at as date) <= first_listed_on + 1
    order by peak_day_gain desc, upvotes desc, first_listed_on, paper_id
    limit 25
)

select
    papers.display_title as title, top.first_listed_on, top.peak_day, top.peak_day - top.first_listed_on as days_after,
    top.peak_day_gain, top.upvotes
from top
inner join marts.dim_papers as papers on top.paper_id = papers.paper_id
order by top.peak_day_gain desc, top.upvotes desc, top.first_listed_on, top.paper_id
