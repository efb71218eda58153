-- question: What did an author publish, and how was it received?
-- grain: one row per paper of the author
-- parameter: author: an author id, account handle or name; without it the author with most papers
-- columns: position is the place among the paper's authors, cohort_percentile 0 to 1 within the first listing date
-- empty: no author of a listed paper is known by this name.
with chosen as (
    select author_id, display_name from marts.dim_authors
    where getvariable('author') is null
        or author_id = getvariable('author')
        or lower(account_handle) = lower(getvariable('author'))
        or marts.folded(display_name) = marts.folded(getvariable('author'))
        or author_id in (
            select author_id from marts.author_merges
            where own_author_id = getvariable('author')
                or marts.folded(name_as_listed) = marts.folded(getvariable('author'))
        )
    order by paper_count desc, upvotes desc nulls last, first_listed_on nulls last, author_id
    limit 1
)

select
    chosen.display_name, papers.first_listed_on, papers.display_title as title, bridge.position, papers.author_count,
    trends.upvotes, trends.cohort_percentile
from chosen
inner join marts.bridge_paper_authors as bridge on chosen.author_id = bridge.author_id
inner join marts.dim_papers as papers on bridge.paper_id = papers.paper_id
left join marts.rpt_paper_trends as trends on bridge.paper_id = trends.paper_id
order by papers.first_listed_on nulls last, papers.paper_id, bridge.position
