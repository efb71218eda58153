-- question: How many papers and upvotes does each country have, week by week?
-- grain: one row per ISO week of the first listing, by its Monday, and country
-- columns: country_code (ISO 3166-1 alpha-2) is the seat of the paper's organization, or of its parent, not where its
--   authors work; papers first listed in the week, upvotes the sum of their latest counts, share_of_papers 0 to 1 of
--   base_papers, the papers of the week whose organization has a known country
-- empty: no listed paper names an organization whose country is known.
with placed as (
    select distinct
        papers.paper_id,
        papers.upvotes,
        organizations.country_code,
        cast(date_trunc('week', papers.first_listed_on) as date) as week
    from marts.dim_papers as papers
    inner join marts.bridge_paper_organizations as bridge on papers.paper_id = bridge.paper_id
    inner join marts.dim_organizations as organizations on bridge.organization_id = organizations.organization_id
    where papers.first_listed_on is not null and organizations.country_code is not null
),

weeks as (
    select week, count(distinct paper_id) as base_papers from placed group by week
)

select
    placed.week,
    placed.country_code,
    count(*) as papers,
    sum(placed.upvotes) as upvotes,
    count(*) / weeks.base_papers as share_of_papers,
    weeks.base_papers
from placed
inner join weeks on placed.week = weeks.week
group by placed.week, placed.country_code, weeks.base_papers
order by placed.week, papers desc, placed.country_code
