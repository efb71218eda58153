-- question: How do the published trending formulas rank the papers, side by side and beside the site's own list?
-- grain: one row per paper of the 7 listing dates before the last observation, best by Hacker News first, at most 50
-- columns: each …_rank is the place among these papers by that score; formulas in docs/trends.md; trending_rank is the
--   rank on the site's trending list of all papers when it was last observed, null if the paper was not on it
-- empty: no paper of the last 7 listing dates before the last observation is known.
with trending as (
    select paper_id, min(rank) as trending_rank
    from marts.fct_trending_observations
    where observed_at = (select max(observed_at) from marts.fct_trending_observations)
    group by paper_id
)

select
    papers.display_title as title,
    trends.upvotes,
    round(trends.age_hours) as age_hours,
    rank() over (order by trends.hacker_news_score desc nulls last) as hacker_news_rank,
    rank() over (order by trends.hacker_news_simple_score desc nulls last) as hacker_news_simple_rank,
    rank() over (order by trends.reddit_hot_score desc nulls last) as reddit_hot_rank,
    rank() over (order by trends.velocity desc nulls last) as velocity_rank,
    rank() over (order by trends.attention_rate desc nulls last) as attention_rank,
    trending.trending_rank
from marts.rpt_paper_trends as trends
inner join marts.dim_papers as papers on trends.paper_id = papers.paper_id
left join trending on trends.paper_id = trending.paper_id
where trends.age_hours between 0 and 192
order by hacker_news_rank, trends.upvotes desc, trends.first_listed_on, trends.paper_id
limit 50
