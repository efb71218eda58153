-- question: Which papers gain more upvotes than papers of their age, weekday and rank usually gain?
-- grain: one row per paper observed at least twice, at most 25
-- columns: gain_observed and expected_upvotes are upvotes between first and last observation, attention_rate
--   their ratio with shrinkage (1 is average)
-- empty: no paper has a known attention rate: {attention_rate}.
with top as (
    select paper_id, gain_observed, expected_upvotes, attention_rate, upvotes, first_listed_on
    from marts.rpt_paper_trends
    where attention_rate is not null
    order by attention_rate desc, upvotes desc, first_listed_on nulls last, paper_id
    limit 25
)

select papers.display_title as title, top.gain_observed, top.expected_upvotes, top.attention_rate, top.first_listed_on
from top
inner join marts.dim_papers as papers on top.paper_id = papers.paper_id
order by top.attention_rate desc, top.upvotes desc, top.first_listed_on nulls last, top.paper_id
