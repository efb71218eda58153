-- question: How often is each recent listing observed?
-- grain: one row per listing date, latest first, at most 30
-- columns: observations is the mean number of observations per paper, hours_between their mean distance; both bound the
--   precision of a gain or half-life
-- empty: no paper was in a daily listing; pages of search results have no listing date.
select
    first_listed_on,
    count(*) as papers,
    avg(observation_count) as observations,
    avg(observed_hours / nullif(observation_count - 1, 0)) as hours_between,
    max(last_observed_at) as last_observed_at
from marts.rpt_paper_trends
where first_listed_on is not null
group by first_listed_on
order by first_listed_on desc
limit 30
