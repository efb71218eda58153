-- Observations from loads that are not accepted.
select load_id, paper_id, observed_at
from marts.fct_upvote_observations
where load_id not in (select load_id from marts.ops_loads where verdict = 'accepted')
