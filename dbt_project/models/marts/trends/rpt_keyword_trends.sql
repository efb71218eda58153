with keyword_weeks as (
    select
        keywords.keyword,
        weekly.week,
        {{ summed_paper_weeks('weekly') | indent(8) }}
    from {{ ref('int_paper_keywords') }} as keywords
    inner join {{ ref('int_paper_weeks') }} as weekly on keywords.paper_id = weekly.paper_id
    group by keywords.keyword, weekly.week
),

-- Of all papers that were listed, as keywords arrive late.
listed as (
    select
        weekly.week,
        cast(sum(weekly.papers_listed) as {{ dbt.type_bigint() }}) as papers_listed
    from {{ ref('int_paper_weeks') }} as weekly
    group by weekly.week
),

-- Shares are of the papers with keywords.
totals as (
    select
        weekly.week,
        {{ summed_paper_weeks('weekly', 'base_') | indent(8) }}
    from {{ ref('int_paper_weeks') }} as weekly
    where weekly.paper_id in (select paper_id from {{ ref('int_paper_keywords') }})
    group by weekly.week
),

ranked as (
    {{ ranked_weeks('keyword_weeks') | indent(4) }}
),

weeks as (
    {{ compared_weeks('ranked', 'keyword') | indent(4) }}
)

select
    weeks.keyword,
    weeks.week,
    weeks.papers_listed,
    weeks.papers_observed,
    weeks.upvotes_gained,
    {{ share_of_gain('weeks.upvotes_gained', 'totals.base_upvotes_gained') }} as share_of_gain,
    totals.base_papers_listed,
    totals.base_papers_observed,
    totals.base_upvotes_gained,
    listed.papers_listed as all_papers_listed,
    case
        when listed.papers_listed > 0 then cast(totals.base_papers_listed as double) / listed.papers_listed
    end as share_with_keywords,
    weeks.rank_in_week,
    weeks.rank_in_week_missing_reason,
    weeks.rank_change,
    weeks.rank_change_missing_reason,
    weeks.gain_change
from weeks
inner join totals on weeks.week = totals.week
inner join listed on weeks.week = listed.week
-- Most queries are about a keyword through the weeks, and equal texts side by side take little room.
order by weeks.keyword asc nulls last, weeks.week asc nulls last
