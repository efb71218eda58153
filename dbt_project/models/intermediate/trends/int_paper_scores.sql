-- What compares a paper with papers of its age and of its cohort, the papers first listed on its date. Deviations are
-- computed from whole numbers, whose sums are equal in any order.
with papers as (
    select
        measures.paper_id,
        measures.upvotes,
        cohorts.first_listed_on,
        {{ seconds_between('cast(cohorts.first_listed_on as timestamp)', 'windows.as_of') }} / 3600.0 as age_hours,
        {{ seconds_between(
            "cast('1970-01-01' as timestamp)", 'cast(cohorts.first_listed_on as timestamp)'
        ) }} as listed_seconds
    from {{ ref('int_papers_measured') }} as measures
    inner join {{ ref('int_paper_windows') }} as windows on measures.paper_id = windows.paper_id
    left join {{ ref('int_paper_cohorts') }} as cohorts on measures.paper_id = cohorts.paper_id
),

cohort_statistics as (
    select
        first_listed_on,
        count(*) as cohort_size,
        avg(cast(upvotes as double)) as mean_upvotes,
        sqrt(cast(count(*) * sum(upvotes * upvotes) - sum(upvotes) * sum(upvotes) as double)) / count(*) as deviation
    from papers
    where first_listed_on is not null
    group by first_listed_on
)

select
    papers.paper_id,
    papers.first_listed_on,
    papers.age_hours,
    case when papers.first_listed_on is null then 'no daily list had it' end as age_missing_reason,
    case
        when papers.age_hours >= 0 and papers.upvotes > 1
            then power(cast(papers.upvotes - 1 as double), 0.8) / power(papers.age_hours + 2.0, 1.8)
        when papers.age_hours >= 0 then cast(papers.upvotes - 1 as double) / power(papers.age_hours + 2.0, 1.8)
    end as hacker_news_score,
    case when papers.age_hours >= 0 then cast(papers.upvotes - 1 as double) / power(papers.age_hours + 2.0, 1.8) end
        as hacker_news_simple_score,
    case
        when papers.age_hours >= 0 and papers.upvotes >= 0
            then power(cast(papers.upvotes as double), 0.8) / power(papers.age_hours + 2.0, 1.8)
    end as hacker_news_raw_score,
    cast(sign(papers.upvotes) as double) * log10(cast(greatest(abs(papers.upvotes), 1) as double))
    + (papers.listed_seconds - 1134028003.0) / 45000.0 as reddit_hot_score,
    case
        when papers.age_hours is null then 'no daily list had it'
        when papers.age_hours < 0 then 'the day of its list has not begun'
    end as hacker_news_score_missing_reason,
    case
        when papers.first_listed_on is not null
            then percent_rank() over (partition by papers.first_listed_on order by papers.upvotes asc nulls first)
    end as cohort_percentile,
    case
        when cohort_statistics.deviation > 0
            then (cast(papers.upvotes as double) - cohort_statistics.mean_upvotes) / cohort_statistics.deviation
    end as cohort_z_score,
    case
        when papers.first_listed_on is null then 'no daily list had it'
        when cohort_statistics.cohort_size = 1 then 'alone in its cohort'
        when cohort_statistics.deviation = 0 then 'all papers of the cohort have equal upvotes'
    end as cohort_z_score_missing_reason,
    cohort_statistics.cohort_size
from papers
left join cohort_statistics on papers.first_listed_on = cohort_statistics.first_listed_on
