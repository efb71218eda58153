-- An organization's own papers, and beside them those of its family: itself and what was up to two levels below it when
-- they were listed. Shares are of the papers for which the source provided organizations.
with own_weeks as (
    select
        owned.organization_id,
        weekly.week,
        {{ summed_paper_weeks('weekly') | indent(8) }}
    from (select distinct paper_id, organization_id from {{ ref('bridge_paper_organizations') }}) as owned
    inner join {{ ref('int_paper_weeks') }} as weekly on owned.paper_id = weekly.paper_id
    group by owned.organization_id, weekly.week
),

family_weeks as (
    select
        families.organization_id,
        weekly.week,
        {{ summed_paper_weeks('weekly') | indent(8) }}
    from {{ ref('bridge_paper_families') }} as families
    inner join {{ ref('int_paper_weeks') }} as weekly on families.paper_id = weekly.paper_id
    group by families.organization_id, weekly.week
),

totals as (
    select
        weekly.week,
        {{ summed_paper_weeks('weekly', 'base_') | indent(8) }}
    from {{ ref('int_paper_weeks') }} as weekly
    where weekly.paper_id in (select paper_id from {{ ref('dim_papers') }} where organization_status <> 'not_provided')
    group by weekly.week
),

ranked_own as (
    {{ ranked_weeks('own_weeks') | indent(4) }}
),

own as (
    {{ compared_weeks('ranked_own', 'organization_id') | indent(4) }}
),

ranked_family as (
    {{ ranked_weeks('family_weeks') | indent(4) }}
),

family as (
    {{ compared_weeks('ranked_family', 'organization_id') | indent(4) }}
)

select
    family.organization_id,
    family.week,
    coalesce(own.papers_listed, 0) as papers_listed,
    coalesce(own.papers_observed, 0) as papers_observed,
    own.upvotes_gained,
    {{ share_of_gain('own.upvotes_gained', 'totals.base_upvotes_gained') }} as share_of_gain,
    totals.base_papers_listed,
    totals.base_papers_observed,
    totals.base_upvotes_gained,
    own.rank_in_week,
    case
        when own.rank_in_week is null then coalesce(own.rank_in_week_missing_reason, 'no known gain in the week')
    end as rank_in_week_missing_reason,
    own.rank_change,
    case
        when own.rank_change is null then coalesce(own.rank_change_missing_reason, 'no known gain in the week')
    end as rank_change_missing_reason,
    own.gain_change,
    family.papers_listed as family_papers_listed,
    family.papers_observed as family_papers_observed,
    family.upvotes_gained as family_upvotes_gained,
    {{ share_of_gain('family.upvotes_gained', 'totals.base_upvotes_gained') }} as family_share_of_gain,
    family.rank_in_week as family_rank_in_week,
    family.rank_in_week_missing_reason as family_rank_in_week_missing_reason,
    family.rank_change as family_rank_change,
    family.rank_change_missing_reason as family_rank_change_missing_reason,
    family.gain_change as family_gain_change
from family
left join own on family.organization_id = own.organization_id and family.week = own.week
left join totals on family.week = totals.week
