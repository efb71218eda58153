-- question: Which countries do authors link, with papers for organizations of both?
-- grain: one row per pair of countries, the first by its code first
-- columns: authors is the number of authors with papers for organizations of both countries (ISO 3166-1 alpha-2, by
--   seat), papers the number of these papers. The source names one organization a paper and none for an author, so
--   this does not show co-authors of one paper who work in two countries, and an author who moved counts as one who
--   collaborates
-- empty: no author has papers for organizations of two known countries.
with authored as (
    select distinct
        authors.author_id,
        authors.paper_id,
        organizations.country_code
    from marts.bridge_paper_authors as authors
    inner join marts.bridge_paper_organizations as bridge on authors.paper_id = bridge.paper_id
    inner join marts.dim_organizations as organizations on bridge.organization_id = organizations.organization_id
    where organizations.country_code is not null
),

links as (
    select distinct
        one.author_id,
        one.country_code,
        other.country_code as other_country_code
    from authored as one
    inner join authored as other on one.author_id = other.author_id and one.country_code < other.country_code
)

select
    links.country_code,
    links.other_country_code,
    count(distinct links.author_id) as authors,
    count(distinct authored.paper_id) as papers
from links
inner join authored
    on
        links.author_id = authored.author_id
        and authored.country_code in (links.country_code, links.other_country_code)
group by links.country_code, links.other_country_code
order by authors desc, papers desc, links.country_code, links.other_country_code
