-- question: How complete is a listing at each hour of its first two days?
-- grain: one row per hour since 00:00 UTC of the listing date, when submissions start, with an observed listing
-- columns: hour is that hour, listings those observed in it, papers_share and upvotes_share the mean share (0 to 1) of
--   the papers and upvotes that they have at their last observation. Listings without an observation 48 hours after
--   their start or later are left out: their final size is not known
-- empty: no listing was observed both in its first 48 hours and after them.
with moments as (
    select listing_date, observed_at, count(*) as papers, sum(upvotes) as upvotes
    from marts.fct_upvote_observations
    where listing_date is not null
    group by listing_date, observed_at
),

final as (
    select listing_date, max_by(papers, observed_at) as papers, max_by(upvotes, observed_at) as upvotes
    from moments
    group by listing_date
    having max(observed_at) >= listing_date + interval 48 hours
),

-- The last observation of a listing in each hour.
hourly as (
    select
        moments.listing_date,
        date_diff('hour', cast(moments.listing_date as timestamp), moments.observed_at) as hour,
        max_by(moments.papers, moments.observed_at) / max(final.papers) as papers_share,
        max_by(moments.upvotes, moments.observed_at) / nullif(max(final.upvotes), 0) as upvotes_share
    from moments
    inner join final on moments.listing_date = final.listing_date
    group by moments.listing_date, hour
)

select hour, count(*) as listings, avg(papers_share) as papers_share, avg(upvotes_share) as upvotes_share
from hourly
where hour between 0 and 47
group by hour
order by hour
