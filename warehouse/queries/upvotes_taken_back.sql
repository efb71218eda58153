-- question: Where were upvotes taken back?
-- grain: one row per paper and UTC day with a negative gain, greatest fall first, at most 50
-- columns: gained is negative; upvotes is the total at that day's end
select daily.day, papers.title, daily.gained, daily.upvotes
from marts.fct_paper_upvotes_daily as daily
inner join marts.dim_papers as papers on daily.paper_id = papers.paper_id
where daily.gained < 0
order by daily.gained, daily.day, papers.paper_id
limit 50
