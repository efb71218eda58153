-- question: Are papers with code upvoted more than papers without?
-- grain: one row per answer to "has code"
-- columns: papers with a known count for which the source reports code, share is that of base_papers, all of those;
--   median_upvotes and mean_upvotes over their latest counts. Papers observed only before the source reported code are
--   excluded
-- empty: no paper has a known number of upvotes.
with papers as (
    select code_status = 'known' as has_code, upvotes
    from marts.dim_papers
    where upvotes is not null and code_status <> 'not_provided'
)

select
    has_code,
    count(*) as papers,
    count(*) / sum(count(*)) over () as share,
    cast(sum(count(*)) over () as bigint) as base_papers,
    median(upvotes) as median_upvotes,
    avg(upvotes) as mean_upvotes
from papers
group by has_code
order by has_code
