-- question: How complete is a listing at each hour of its first two days, and what does a run at that hour add?
-- grain: one row per hour since 00:00 UTC of the listing date, when submissions start, 0 to 47
-- columns: papers_share and upvotes_share are the mean share (0 to 1) of the papers that listings have at their last
--   observation, and of their upvotes then, as the last observation in that hour finds them, over the listings observed
--   in the hour; papers_added and upvotes_added are the part of those shares that the observation before the hour did
--   not have, over the listings_compared that have one. Null where no listing was observed. Listings without an
--   observation 48 hours after their start or later are left out: their final size is not known
-- empty: no listing was observed 48 hours after its start or later.
with moments as (
    select distinct listing_date, observed_at
    from marts.fct_upvote_observations
    where listing_date is not null
),

last_moments as (
    select listing_date, max(observed_at) as observed_at
    from moments
    group by listing_date
    having max(observed_at) >= listing_date + interval 48 hours
),

-- A paper that left the listing before is none of its final papers.
final_papers as (
    select listings.listing_date, listings.paper_id, listings.first_observed_at, listings.last_upvotes as upvotes
    from marts.fct_listings as listings
    inner join last_moments
        on listings.listing_date = last_moments.listing_date and listings.last_observed_at = last_moments.observed_at
),

final as (
    select
        listing_date,
        count(*) as papers,
        case when count(upvotes) = count(*) then sum(upvotes) end as upvotes
    from final_papers
    group by listing_date
),

-- A paper on two listings has one observation at a moment, which counts for both.
known as (
    select
        final_papers.listing_date,
        observed.observed_at,
        count(*) as papers,
        case when count(observed.upvotes) = count(*) then sum(observed.upvotes) end as upvotes
    from final_papers
    inner join marts.fct_upvote_observations as observed
        on
            final_papers.paper_id = observed.paper_id
            and final_papers.first_observed_at <= observed.observed_at
    group by final_papers.listing_date, observed.observed_at
),

counted as (
    select
        moments.listing_date,
        moments.observed_at,
        floor(date_diff('second', cast(moments.listing_date as timestamp), moments.observed_at) / 3600) as hour,
        coalesce(known.papers, 0) as papers,
        case when known.papers is null then 0 else known.upvotes end as upvotes
    from moments
    left join known on moments.listing_date = known.listing_date and moments.observed_at = known.observed_at
    where moments.listing_date in (select listing_date from last_moments)
),

-- The last observation of a listing in each hour, and the one before the hour.
hourly as (
    select
        listing_date,
        hour,
        max_by(papers, observed_at) as papers,
        arg_max_null(upvotes, observed_at) as upvotes,
        lag(max_by(papers, observed_at)) over before_it as papers_before,
        lag(arg_max_null(upvotes, observed_at)) over before_it as upvotes_before
    from counted
    group by listing_date, hour
    window before_it as (partition by listing_date order by hour)
),

shares as (
    select
        hourly.hour,
        hourly.papers / final.papers as papers_share,
        hourly.upvotes / nullif(final.upvotes, 0) as upvotes_share,
        (hourly.papers - hourly.papers_before) / final.papers as papers_added,
        (hourly.upvotes - hourly.upvotes_before) / nullif(final.upvotes, 0) as upvotes_added
    from hourly
    inner join final on hourly.listing_date = final.listing_date
)

select
    hours.hour,
    count(shares.hour) as listings,
    avg(shares.papers_share) as papers_share,
    avg(shares.upvotes_share) as upvotes_share,
    count(shares.papers_added) as listings_compared,
    avg(shares.papers_added) as papers_added,
    avg(shares.upvotes_added) as upvotes_added
from range(48) as hours (hour)
left join shares on hours.hour = shares.hour
where exists (select 1 from final)
group by hours.hour
order by hours.hour
