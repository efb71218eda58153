-- question: Which papers stood out most from the listing of their first day?
-- grain: one row per paper more than two standard deviations above its cohort's mean, at most 50
-- columns: cohort_z_score is in standard deviations, cohort_size the papers of the same first listing date
-- empty: no paper is two standard deviations above its cohort. Where that can't be computed: {cohort_z_score}.
with top as (
    select paper_id, first_listed_on, upvotes, cohort_z_score, cohort_size
    from marts.rpt_paper_trends
    where cohort_z_score > 2
    order by cohort_z_score desc, upvotes desc, first_listed_on, paper_id
    limit 50
)

select papers.display_title as title, top.first_listed_on, top.upvotes, top.cohort_z_score, top.cohort_size
from top
inner join marts.dim_papers as papers on top.paper_id = papers.paper_id
order by top.cohort_z_score desc, top.upvotes desc, top.first_listed_on, top.paper_id
