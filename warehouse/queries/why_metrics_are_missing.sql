-- question: Which trend metrics are unknown, and why?
-- grain: one row per metric and reason
-- columns: papers is the number of papers for which it is null for that reason
with reasons as (
    unpivot (
        select columns('.*_missing_reason') from marts.rpt_paper_trends
    ) on columns(*) into name metric value reason
)
select replace(metric, '_missing_reason', '') as metric, reason, count(*) as papers
from reasons
group by all
order by metric, papers desc
