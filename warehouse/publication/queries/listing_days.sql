-- question: How many papers does a listing have, and how many upvotes?
-- grain: one row per listing date, latest first, at most 60
-- columns: papers in the listing, known_upvotes those with a known count, upvotes the sum of their latest counts,
--   observations of the listing
-- empty: no daily listing was accepted, only pages of search results, which have no listing date.
with recent as (
    select distinct listing_date from marts.fct_listings order by listing_date desc limit 60
)

select
    listings.listing_date, dayname(listings.listing_date) as weekday, count(*) as papers,
    count(trends.upvotes) as known_upvotes, sum(trends.upvotes) as upvotes,
    max(listings.observation_count) as observations
from recent
inner join marts.fct_listings as listings on recent.listing_date = listings.listing_date
left join marts.rpt_paper_trends as trends on listings.paper_id = trends.paper_id
group by listings.listing_date
order by listings.listing_date desc
