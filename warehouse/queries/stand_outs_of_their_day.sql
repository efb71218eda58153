-- question: Which papers stood out most from the list they came with?
-- grain: one row per paper more than two standard deviations above its cohort's mean, at most 50
-- columns: cohort_z_score is in standard deviations, cohort_size the papers of the same first listing date
select papers.title, trends.first_listed_on, trends.upvotes, trends.cohort_z_score, trends.cohort_size
from marts.rpt_paper_trends as trends
inner join marts.dim_papers as papers on trends.paper_id = papers.paper_id
where trends.cohort_z_score > 2
order by trends.cohort_z_score desc, papers.paper_id
limit 50
