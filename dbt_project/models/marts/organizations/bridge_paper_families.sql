-- A paper counts for its organization and for what that was part of at the time: when the paper was first listed, else
-- first observed.
with papers as (
    select
        owned.paper_id,
        owned.organization_id as member_organization_id,
        coalesce(papers.first_listed_on, cast(papers.first_observed_at as date)) as counted_on
    from (select distinct paper_id, organization_id from {{ ref('bridge_paper_organizations') }}) as owned
    inner join {{ ref('dim_papers') }} as papers on owned.paper_id = papers.paper_id
),

parents as (
    select
        organization_id,
        parent_organization_id,
        coalesce(valid_from, cast('1900-01-01' as date)) as valid_from,
        coalesce(valid_to, cast('9999-01-01' as date)) as valid_to
    from {{ ref('bridge_organization_parents') }}
),

first_level as (
    select
        papers.paper_id, papers.member_organization_id, papers.counted_on,
        parents.parent_organization_id as organization_id
    from papers
    inner join parents
        on
            papers.member_organization_id = parents.organization_id
            and papers.counted_on >= parents.valid_from
            and papers.counted_on < parents.valid_to
),

second_level as (
    select
        papers.paper_id, papers.member_organization_id, papers.counted_on,
        parents.parent_organization_id as organization_id
    from first_level as papers
    inner join parents
        on
            papers.organization_id = parents.organization_id
            and papers.counted_on >= parents.valid_from
            and papers.counted_on < parents.valid_to
),

every_level as (
    select paper_id, member_organization_id, counted_on, member_organization_id as organization_id, 0 as levels
    from papers
    union all
    select paper_id, member_organization_id, counted_on, organization_id, 1 as levels from first_level
    union all
    select paper_id, member_organization_id, counted_on, organization_id, 2 as levels from second_level
),

ranked as (
    select
        *,
        row_number() over (
            partition by paper_id, organization_id
            order by levels asc nulls last, member_organization_id asc nulls last
        ) as nearness
    from every_level
)

select
    paper_id,
    organization_id,
    member_organization_id,
    levels,
    counted_on
from ranked
where nearness = 1
