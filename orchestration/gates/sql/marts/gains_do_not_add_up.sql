-- Papers whose daily gains do not add up to the last known upvotes minus the first. With one observation both are null.
with daily as (
    select paper_id, sum(gained) as gained
    from marts.fct_paper_upvotes_daily
    group by paper_id
),

total as (
    select
        paper_id,
        case when count(*) > 1 then max_by(upvotes, observed_at) - min_by(upvotes, observed_at) end as gained
    from marts.fct_upvote_observations
    where upvotes is not null
    group by paper_id
)

select total.paper_id, daily.gained as gained_by_day, total.gained
from total
inner join daily on total.paper_id = daily.paper_id
where daily.gained is distinct from total.gained
