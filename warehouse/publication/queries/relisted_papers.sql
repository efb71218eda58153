-- question: Which papers were listed on more than one date?
-- grain: one row per paper listed at least twice
-- columns: first_listed_on and last_listed_on are listing dates, listing_count how many of them
-- empty: no paper was listed on a second date.
select paper_id, display_title as title, listing_count, first_listed_on, last_listed_on, upvotes
from marts.dim_papers
where listing_count > 1
order by listing_count desc, upvotes desc nulls last, first_listed_on, paper_id
