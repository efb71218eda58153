-- question: How closely is each recent list watched?
-- grain: one row per listing date, latest first, at most 30
-- columns: looks per paper (mean), hours_between their mean distance; both tell how fine a gain or half-life can be
--   known
-- empty: no paper was on a daily list; pages of search results have no listing date.
select
    first_listed_on,
    count(*) as papers,
    avg(observation_count) as looks,
    avg(observed_hours / nullif(observation_count - 1, 0)) as hours_between,
    max(last_observed_at) as last_observed_at
from marts.rpt_paper_trends
where first_listed_on is not null
group by first_listed_on
order by first_listed_on desc
limit 30
