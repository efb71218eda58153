-- question: Which trend metrics are unknown, and why?
-- grain: one row per metric and reason
-- columns: papers is the number of papers whose metric is null for that reason
-- empty: every metric of every paper is known.
with combinations as (
    select columns('.*_missing_reason'), count(*) as papers from marts.rpt_paper_trends group by all
),

reasons as (
    unpivot combinations on columns('.*_missing_reason') into name metric value reason
)

select replace(metric, '_missing_reason', '') as metric, reason, sum(papers) as papers
from reasons
group by metric, reason
order by metric, papers desc, reason
