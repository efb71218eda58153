-- question: Which papers are upvoted more than their age, weekday and place on the page make one expect?
-- grain: one row per paper observed at least twice, at most 25
-- columns: gain_observed and expected_upvotes are upvotes between first and last observation, attention_rate their
--   ratio with shrinkage (1 is average)
select papers.title, trends.gain_observed, trends.expected_upvotes, trends.attention_rate, trends.first_listed_on
from marts.rpt_paper_trends as trends
inner join marts.dim_papers as papers on trends.paper_id = papers.paper_id
where trends.attention_rate is not null
order by trends.attention_rate desc, papers.paper_id
limit 25
