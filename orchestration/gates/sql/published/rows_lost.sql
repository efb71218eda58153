-- Published loads that are not accepted any more, and tables that only grow with fewer rows than published.
with lost_loads as (
    select concat('load ', was.load_id) as table_name, was.entry_count as rows_before, 0 as rows_now
    from published.marts.ops_loads as was
    left join marts.ops_loads as now on was.load_id = now.load_id and now.verdict = 'accepted'
    where was.verdict = 'accepted' and now.load_id is null
),

table_sizes as (
    select
        'fct_listings' as table_name,
        (select count(*) from published.marts.fct_listings) as rows_before,
        (select count(*) from marts.fct_listings) as rows_now
    union all
    select
        'fct_upvote_observations' as table_name,
        (select count(*) from published.marts.fct_upvote_observations) as rows_before,
        (select count(*) from marts.fct_upvote_observations) as rows_now
    union all
    select
        'fct_paper_upvotes_daily' as table_name,
        (select count(*) from published.marts.fct_paper_upvotes_daily) as rows_before,
        (select count(*) from marts.fct_paper_upvotes_daily) as rows_now
    union all
    select
        'ops_loads' as table_name,
        (select count(*) from published.marts.ops_loads) as rows_before,
        (select count(*) from marts.ops_loads) as rows_now
    union all
    select
        'ops_gate_results' as table_name,
        (select count(*) from published.marts.ops_gate_results) as rows_before,
        (select count(*) from marts.ops_gate_results) as rows_now
)

select table_name, rows_before, rows_now
from lost_loads
union all
select table_name, rows_before, rows_now
from table_sizes
where rows_now < rows_before
