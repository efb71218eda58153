-- Observations without an accepted entry of their load, paper and moment.
-- As in observations_missing.sql, only loads whose entries and observations differ are compared row by row.
with differing_loads as (
    select load_id
    from (
        select load_id, count(*) as row_count, sum(cast(hash(paper_id, observed_at) as decimal(38, 0))) as hash_sum
        from intermediate.int_entries_identified
        group by load_id
        union all
        select load_id, -count(*) as row_count, -sum(cast(hash(paper_id, observed_at) as decimal(38, 0))) as hash_sum
        from marts.fct_upvote_observations
        group by load_id
    ) as both_sides
    group by load_id
    having sum(row_count) <> 0 or sum(hash_sum) <> 0
)

select paper_id, observed_at, load_id
from marts.fct_upvote_observations
semi join differing_loads using (load_id)
anti join intermediate.int_entries_identified using (paper_id, observed_at, load_id)
