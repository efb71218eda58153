-- question: How do the published trending formulas rank the papers, side by side?
-- grain: one row per paper of the 7 listing dates before the last observation, best by Hacker News first, at most 50
-- columns: each …_rank is the place among these papers by that score; formulas in docs/trends.md
-- empty: no paper of the last 7 listing dates before the last observation is known.
select
    papers.display_title as title,
    trends.upvotes,
    round(trends.age_hours) as age_hours,
    rank() over (order by trends.hacker_news_score desc nulls last) as hacker_news_rank,
    rank() over (order by trends.hacker_news_simple_score desc nulls last) as hacker_news_simple_rank,
    rank() over (order by trends.reddit_hot_score desc nulls last) as reddit_hot_rank,
    rank() over (order by trends.velocity desc nulls last) as velocity_rank,
    rank() over (order by trends.attention_rate desc nulls last) as attention_rank
from marts.rpt_paper_trends as trends
inner join marts.dim_papers as papers on trends.paper_id = papers.paper_id
where trends.age_hours between 0 and 192
order by hacker_news_rank, trends.upvotes desc, trends.first_listed_on, trends.paper_id
limit 50
