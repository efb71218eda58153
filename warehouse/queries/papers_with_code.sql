-- question: Are papers with code upvoted more than papers without?
-- grain: one row per answer to "has code"
-- columns: median_upvotes and mean_upvotes over the latest counts of papers with a known count
select
    code_url is not null as has_code,
    count(*) as papers,
    median(upvotes) as median_upvotes,
    avg(upvotes) as mean_upvotes
from marts.dim_papers
where upvotes is not null
group by code_url is not null
order by has_code
