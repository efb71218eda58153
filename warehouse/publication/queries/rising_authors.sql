-- question: Whose papers gained most in the last week on record?
-- grain: one row per author, at most 25
-- columns: upvotes_gained in that ISO week over all of their papers, gain_change is the difference to the week before
-- empty: no author has papers that were observed twice: a gain needs two observations.
select
    authors.display_name, authors.account_handle, trends.week, trends.papers_observed, trends.upvotes_gained,
    trends.gain_change
from marts.rpt_author_trends as trends
inner join marts.dim_authors as authors on trends.author_id = authors.author_id
where
    trends.rank_in_week is not null
    and trends.week = (select max(week) from marts.rpt_author_trends where rank_in_week is not null)
order by trends.upvotes_gained desc, authors.display_name, authors.author_id
limit 25
