with clock as (
    select max(last_observed_at) as as_of from {{ ref('int_papers_measured') }}
),

replaced as (
    select distinct paper_id
    from {{ ref('int_star_observations') }}
    where not is_of_listed_repository
),

-- Stars that the source gives are those of the code link.
listed as (
    select
        *,
        case when repository_source = 'code link' then github_stars end as listed_stars
    from {{ ref('dim_papers') }}
    where repository_id is not null
),

-- Reasons are in the order in which they are given: the first that applies.
papers as (
    select
        listed.paper_id,
        clock.as_of,
        case
            when listed.repository_source = 'code link' then listed.code_url
            else concat('https://', listed.repository_id)
        end as code_url,
        listed.repository_id,
        coalesce(windows.stars, listed.listed_stars) as stars,
        case
            when coalesce(windows.stars, listed.listed_stars) is null then 'the source gives no stars of it'
        end as stars_reason,
        case
            when not coalesce(windows.is_observed_today, false) then 'not observed in the last 24 hours'
            when listed.first_observed_at > {{ hours_before('clock.as_of', 24) }}
                then 'first observed less than 24 hours ago'
        end as day_reason,
        case
            when not coalesce(windows.is_observed_this_week, false) then 'not observed in the last 7 days'
        end as week_reason,
        case
            when listed.first_observed_at > {{ hours_before('clock.as_of', 168) }}
                then 'first observed less than 7 days ago'
        end as new_reason,
        case when replaced.paper_id is not null then 'another repository was listed before' end as replaced_reason,
        'its stars were not observed 24 hours ago, give or take 10 %' as day_base_reason,
        'its stars were not observed 7 days ago, give or take 10 %' as week_base_reason,
        'observed for less than 24 hours of the last 7 days, give or take 10 %' as rate_base_reason
    from listed
    cross join clock
    left join {{ ref('int_star_windows') }} as windows on listed.paper_id = windows.paper_id
    left join replaced on listed.paper_id = replaced.paper_id
),

measured as (
    select
        papers.*,
        papers.stars - windows.day_base_stars as day_gain,
        {{ seconds_between('windows.day_base_at', 'windows.last_observed_at') }} / 3600.0 as day_hours,
        papers.stars - windows.week_base_stars as week_gain,
        {{ seconds_between('windows.week_base_at', 'windows.last_observed_at') }} / 3600.0 as week_hours,
        {{ seconds_between('windows.rate_base_at', 'windows.last_observed_at') }} / 86400.0 as rate_days,
        cast(papers.stars - windows.rate_base_stars as double)
        / ({{ seconds_between('windows.rate_base_at', 'windows.last_observed_at') }} / 86400.0) as rate
    from papers
    left join {{ ref('int_star_windows') }} as windows on papers.paper_id = windows.paper_id
)

select
    paper_id,
    as_of,
    code_url,
    repository_id,
    stars,
    stars_reason as stars_missing_reason,
    case when day_hours is not null then day_gain end as stars_gained_24h,
    day_hours as stars_gained_24h_hours,
    case
        when day_hours is null then coalesce(stars_reason, day_reason, replaced_reason, day_base_reason)
    end as stars_gained_24h_missing_reason,
    case when week_hours is not null then week_gain end as stars_gained_7d,
    week_hours as stars_gained_7d_hours,
    case
        when week_hours is null then coalesce(stars_reason, week_reason, new_reason, replaced_reason, week_base_reason)
    end as stars_gained_7d_missing_reason,
    rate as star_rate_per_day,
    rate_days as star_rate_days,
    case
        when rate is null
            then coalesce(stars_reason, week_reason, replaced_reason, rate_base_reason)
    end as star_rate_per_day_missing_reason,
    case when rate is not null then cast(rank() over (order by rate desc nulls last) as {{ dbt.type_bigint() }}) end
        as star_rank
from measured
