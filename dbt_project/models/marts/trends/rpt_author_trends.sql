with author_weeks as (
    select
        authors.author_id,
        weekly.week,
        {{ summed_paper_weeks('weekly') | indent(8) }}
    from (select distinct paper_id, author_id from {{ ref('bridge_paper_authors') }}) as authors
    inner join {{ ref('int_paper_weeks') }} as weekly on authors.paper_id = weekly.paper_id
    group by authors.author_id, weekly.week
),

-- Shares are of all papers.
totals as (
    select
        weekly.week,
        {{ summed_paper_weeks('weekly') | indent(8) }}
    from {{ ref('int_paper_weeks') }} as weekly
    group by weekly.week
),

ranked as (
    {{ ranked_weeks('author_weeks') | indent(4) }}
),

weeks as (
    {{ compared_weeks('ranked', 'author_id') | indent(4) }}
)

select
    weeks.author_id,
    weeks.week,
    weeks.papers_listed,
    weeks.papers_observed,
    weeks.upvotes_gained,
    {{ share_of_gain('weeks.upvotes_gained', 'totals.upvotes_gained') }} as share_of_gain,
    weeks.rank_in_week,
    weeks.rank_in_week_missing_reason,
    weeks.rank_change,
    weeks.rank_change_missing_reason,
    weeks.gain_change
from weeks
inner join totals on weeks.week = totals.week
-- Most queries are about the latest week.
order by weeks.week asc nulls last
