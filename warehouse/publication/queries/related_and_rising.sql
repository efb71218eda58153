-- question: Which papers related to a rising paper are less known?
-- grain: one row per paper among the 20 with the most upvotes gained in 7 days, and related paper with fewer upvotes
-- columns: score is the cosine similarity of title and abstract (0 to 1), shared_terms explain it; upvotes of both are
--   the latest counts
-- empty: no paper has a known {gain_7d}, or none of their related papers has fewer upvotes.
with rising as (
    select paper_id, gain_7d, upvotes
    from marts.rpt_paper_trends
    where gain_7d is not null
    order by gain_7d desc, paper_id
    limit 20
)

select
    papers.display_title as rising_paper,
    rising.upvotes,
    others.display_title as related_paper,
    others.upvotes as related_upvotes,
    related.score,
    related.shared_terms,
    others.first_listed_on as related_first_listed_on
from rising
inner join marts.related_papers as related on rising.paper_id = related.paper_id
inner join marts.dim_papers as papers on rising.paper_id = papers.paper_id
inner join marts.dim_papers as others on related.related_paper_id = others.paper_id
where others.upvotes < rising.upvotes
order by rising.gain_7d desc, rising.paper_id, related.rank
