select
    paper_id,
    min(listing_date) as first_listed_on
from {{ ref('fct_listings') }}
group by paper_id
