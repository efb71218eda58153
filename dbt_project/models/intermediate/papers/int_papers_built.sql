-- One row per paper with the fingerprint of the entries that the rows of every incremental model were made from.
-- It comes after all of them. The next build compares with it.
-- depends_on: {{ ref('int_papers_latest') }} {{ ref('int_paper_keywords') }} {{ ref('fct_listings') }}
-- depends_on: {{ ref('fct_upvote_observations') }} {{ ref('fct_paper_upvotes_daily') }}
-- depends_on: {{ ref('int_steps_measured') }} {{ ref('int_papers_measured') }} {{ ref('int_paper_weeks') }} {{ ref('int_papers_described') }}
-- depends_on: {{ ref('int_mentions') }} {{ ref('dim_papers') }}
select
    paper_id,
    fingerprint
from {{ ref('int_papers_fingerprinted') }}
