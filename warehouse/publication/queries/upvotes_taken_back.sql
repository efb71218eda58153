-- question: Where were upvotes taken back?
-- grain: one row per paper and UTC day with a negative gain, greatest fall first, at most 50
-- columns: gained is negative; upvotes is the total at that day's end; observed_before is the last observed day before:
--   they were taken back after it (null: on that day itself)
-- empty: no total of upvotes fell from one observation to the next.
with observed as (
    select paper_id, day, gained, upvotes, lag(day) over (partition by paper_id order by day) as observed_before
    from marts.fct_paper_upvotes_daily
    where is_observed
),

falls as (
    select paper_id, day, gained, upvotes, observed_before
    from observed
    where gained < 0
    order by gained, upvotes desc, day, paper_id
    limit 50
)

select falls.day, papers.display_title as title, falls.gained, falls.upvotes, falls.observed_before
from falls
inner join marts.dim_papers as papers on falls.paper_id = papers.paper_id
order by falls.gained, falls.upvotes desc, falls.day, falls.paper_id
