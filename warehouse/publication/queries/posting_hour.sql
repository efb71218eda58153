-- question: Does the hour of submission matter?
-- grain: one row per UTC hour of submission with papers
-- columns: papers with known upvotes and a known time, their median_upvotes and mean cohort percentile (0 to 1; 0.5
--   means the hour does not matter); papers whose time the source cut to the day are excluded
-- empty: no paper with known upvotes has a known time of submission.
select
    hour(papers.submitted_at) as submitted_hour,
    count(*) as papers,
    median(trends.upvotes) as median_upvotes,
    avg(trends.cohort_percentile) as mean_cohort_percentile
from marts.dim_papers as papers
inner join marts.rpt_paper_trends as trends on papers.paper_id = trends.paper_id
where papers.submitted_at is not null
group by hour(papers.submitted_at)
order by submitted_hour
