-- Accepted entries without an observation of their paper at their moment.
-- Only loads whose entries and observations differ, by a sum of hashes, are compared row by row: comparing fifty
-- million rows takes minutes. Loads of one moment are among them and are right: one of them is the observation.
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

select distinct paper_id, observed_at
from intermediate.int_entries_identified
semi join differing_loads using (load_id)
anti join marts.fct_upvote_observations using (paper_id, observed_at)
