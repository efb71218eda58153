-- Papers that no observation is of.
select paper_id, title
from marts.dim_papers
where paper_id not in (select distinct paper_id from marts.fct_upvote_observations)
