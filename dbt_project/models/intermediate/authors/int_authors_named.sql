-- The name that most mentions of an author have, and what it names. The name of an organization is a team's.
with listed_names as (
    select
        author_id,
        name_as_listed,
        count(*) as mention_count
    from {{ ref('bridge_paper_authors') }}
    group by author_id, name_as_listed
),

names as (
    select
        listed_names.author_id,
        names.display_name,
        names.kind,
        row_number() over (
            partition by listed_names.author_id
            order by
                sum(listed_names.mention_count) desc nulls last,
                names.display_name asc nulls last,
                names.kind asc nulls last
        ) as popularity
    from listed_names
    inner join {{ ref('int_author_names') }} as names on listed_names.name_as_listed = names.name_as_listed
    group by listed_names.author_id, names.display_name, names.kind
),

named as (
    select
        author_id,
        display_name,
        kind,
        {{ organization_squash(organization_words('display_name')) }} as name_squash
    from names
    where popularity = 1
),

organizations as (
    select name_squash from {{ ref('int_organization_names') }}
    where name_squash <> ''
    union
    select replace({{ organization_words('organization') }}, ' ', '') as name_squash
    from {{ ref('organization_aliases') }}
    where organization is not null
)

select
    named.author_id,
    named.display_name,
    case when organizations.name_squash is not null then 'team' else named.kind end as kind
from named
left join organizations on named.name_squash = organizations.name_squash
