with papers as (
    select
        measures.*,
        windows.as_of,
        cohorts.first_listed_on,
        case
            when cohorts.first_listed_on is null then 'no daily list had it'
            when measures.observation_count < 3 then 'fewer than three observations'
        end as is_breakout_missing_reason
    from {{ ref('int_papers_measured') }} as measures
    inner join {{ ref('int_paper_windows') }} as windows on measures.paper_id = windows.paper_id
    left join {{ ref('int_paper_cohorts') }} as cohorts on measures.paper_id = cohorts.paper_id
)

select
    papers.paper_id,
    papers.as_of,
    papers.first_listed_on,
    papers.upvotes,
    papers.comments,
    papers.observation_count,
    papers.first_observed_at,
    papers.last_observed_at,
    papers.observed_hours,
    gains.gain_observed,
    gains.gain_observed_missing_reason,
    gains.gain_24h,
    gains.gain_24h_hours,
    gains.gain_24h_missing_reason,
    gains.gain_7d,
    gains.gain_7d_hours,
    gains.gain_7d_missing_reason,
    velocities.velocity,
    velocities.velocity_missing_reason,
    velocities.velocity_rank,
    gains.rate_24h,
    velocities.velocity_missing_reason as rate_24h_missing_reason,
    velocities.acceleration,
    velocities.acceleration_missing_reason,
    scores.age_hours,
    scores.age_missing_reason,
    scores.hacker_news_score,
    scores.hacker_news_simple_score,
    scores.hacker_news_raw_score,
    scores.reddit_hot_score,
    scores.hacker_news_score_missing_reason,
    breakouts.expected_upvotes,
    breakouts.attention_rate,
    case
        when papers.first_listed_on is null then 'no daily list had it'
        when papers.observation_count = 1 then 'one observation only'
    end as attention_rate_missing_reason,
    cast(rank() over (order by papers.upvotes desc nulls last) as {{ dbt.type_bigint() }}) as upvote_rank,
    scores.cohort_percentile,
    scores.cohort_z_score,
    scores.cohort_z_score_missing_reason,
    scores.cohort_size,
    papers.half_life_hours,
    papers.half_life_resolution_hours,
    papers.half_life_missing_reason,
    peaks.peak_day,
    peaks.peak_day_gain,
    peaks.peak_day_unobserved_days,
    case
        when papers.observation_count = 1 then 'one observation only'
        when peaks.peak_day is null then 'no day gained'
    end as peak_day_missing_reason,
    breakouts.is_breakout,
    papers.is_breakout_missing_reason,
    breakouts.breakout_started_at,
    breakouts.breakout_ended_at,
    coalesce(papers.is_breakout_missing_reason, case when not breakouts.is_breakout then 'no breakout' end)
        as breakout_started_missing_reason,
    breakouts.breakout_score
from papers
inner join {{ ref('int_paper_gains') }} as gains on papers.paper_id = gains.paper_id
inner join {{ ref('int_paper_velocities') }} as velocities on papers.paper_id = velocities.paper_id
inner join {{ ref('int_paper_scores') }} as scores on papers.paper_id = scores.paper_id
left join {{ ref('int_paper_breakouts') }} as breakouts on papers.paper_id = breakouts.paper_id
left join {{ ref('int_paper_peak_days') }} as peaks on papers.paper_id = peaks.paper_id
