-- question: What did we know on a day, and what leads now?
-- grain: one row per paper of the 25 that led at the moment
-- parameter: day: the end of this UTC day; without it the moment 7 days before the last observation
-- columns: rank_then and upvotes_then as the warehouse knew them at that moment, rank_now and upvotes_now today;
--   marts.trends_as_of instead of marts.upvotes_as_of returns every other metric of that moment
-- empty: nothing was observed yet at that moment.
with moment as (
    select
        coalesce(
            -- The last microsecond of the day.
            cast(cast(getvariable('day') as date) + 1 as timestamp) - interval '1 microsecond',
            max(last_observed_at) - interval '7 days'
        ) as known_at
    from marts.dim_papers
),

earlier as (
    select counts.paper_id, counts.upvotes, papers.display_title as title, papers.first_listed_on
    from marts.upvotes_as_of((select known_at from moment)) as counts
    inner join marts.dim_papers as papers on counts.paper_id = papers.paper_id
    order by counts.upvotes desc, papers.first_listed_on nulls last, counts.paper_id
    limit 25
)

select
    earlier.title, rank() over (order by earlier.upvotes desc) as rank_then, trends.upvote_rank as rank_now,
    earlier.upvotes as upvotes_then, trends.upvotes as upvotes_now
from earlier
inner join marts.rpt_paper_trends as trends on earlier.paper_id = trends.paper_id
order by rank_then, earlier.first_listed_on nulls last, earlier.paper_id
