-- question: Which keywords gained most in the last week on record?
-- grain: one row per keyword, at most 25
-- columns: upvotes_gained in the ISO week, not 0; share_of_gain 0 to 1 of base_upvotes_gained, the gain of all papers
--   with keywords; rank_change places risen since the week before, null without a rank in that week;
--   share_with_keywords 0 to 1 of the papers first listed in the week that have keywords now, small in recent weeks, as
--   the source writes keywords late
-- empty: no keyword gained or lost upvotes in a week between two observations.
select
    keyword, week, papers_listed, papers_observed, upvotes_gained, share_of_gain, base_upvotes_gained, rank_in_week,
    rank_change, share_with_keywords
from marts.rpt_keyword_trends
where
    rank_in_week is not null
    and week = (select max(week) from marts.rpt_keyword_trends where rank_in_week is not null)
order by rank_in_week, papers_listed desc, keyword
limit 25
