-- question: Which papers are discussed more than they are upvoted?
-- grain: one row per paper with at least 5 comments, at most 25
-- columns: comments_per_upvote is the ratio of the latest counts
-- empty: no paper with a known number of upvotes has 5 comments or more.
select
    display_title as title, comments, upvotes, comments / greatest(upvotes, 1) as comments_per_upvote,
    first_listed_on
from marts.dim_papers
where comments >= 5 and upvotes is not null
order by comments_per_upvote desc, upvotes desc, first_listed_on nulls last, paper_id
limit 25
