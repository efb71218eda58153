-- question: Which keywords are new this quarter?
-- grain: one row per keyword first listed in the quarter of the last listing, at most 50
-- columns: first_week is the Monday of its first week, papers the number of papers listed with it since
-- empty: no keyword was first listed in the quarter of the last listing.
select keyword, cast(date_trunc('week', first_listed_on) as date) as first_week, listed_count as papers
from marts.dim_keywords
where
    first_listed_on
    >= (select date_trunc('quarter', max(last_listed_on)) from marts.dim_papers)
order by papers desc, upvotes desc nulls last, first_listed_on, keyword
limit 50
