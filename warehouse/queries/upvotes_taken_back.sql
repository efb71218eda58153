-- question: Where were upvotes taken back?
-- grain: one row per paper and UTC day with a negative gain, greatest fall first, at most 50
-- columns: gained is negative; upvotes is the total at that day's end
with falls as (
    select paper_id, day, gained, upvotes
    from marts.fct_paper_upvotes_daily
    where gained < 0
    order by gained, upvotes desc, day, paper_id
    limit 50
)
select falls.day, papers.display_title as title, falls.gained, falls.upvotes
from falls
inner join marts.dim_papers as papers on falls.paper_id = papers.paper_id
order by falls.gained, falls.upvotes desc, falls.day, falls.paper_id
