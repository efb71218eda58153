select
    measures.paper_id,
    case when measures.observation_count > 1 then measures.upvotes - measures.first_upvotes end as gain_observed,
    case when measures.observation_count = 1 then 'one observation only' end as gain_observed_missing_reason,
    case
        when windows.day_gain_base_at is not null then measures.upvotes - windows.day_gain_base_upvotes
    end as gain_24h,
    {{ seconds_between('windows.day_gain_base_at', 'measures.last_observed_at') }} / 3600.0 as gain_24h_hours,
    case
        when windows.day_gain_base_at is not null then null
        when not windows.is_observed_today then 'not observed in the last 24 hours'
        when windows.is_first_observed_today then 'first observed less than 24 hours ago'
        else 'not observed 24 hours ago, give or take 10 %'
    end as gain_24h_missing_reason,
    measures.upvotes - windows.week_gain_base_upvotes as gain_7d,
    {{ seconds_between('windows.week_gain_base_at', 'measures.last_observed_at') }} / 3600.0 as gain_7d_hours,
    case
        when windows.week_gain_base_at is not null then null
        when not windows.is_observed_this_week then 'not observed in the last 7 days'
        when windows.is_first_observed_this_week then 'first observed less than 7 days ago'
        else 'not observed 7 days ago, give or take 10 %'
    end as gain_7d_missing_reason,
    case
        when windows.is_observed_today and measures.last_observed_at > windows.rate_base_at
            then
                cast(measures.upvotes - windows.rate_base_upvotes as double)
                / ({{ seconds_between('windows.rate_base_at', 'measures.last_observed_at') }} / 3600.0)
    end as rate_24h
from {{ ref('int_papers_measured') }} as measures
inner join {{ ref('int_paper_windows') }} as windows on measures.paper_id = windows.paper_id
