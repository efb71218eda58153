with mentions as (
    select * from {{ ref('bridge_paper_authors') }}
),

parsed as (
    select
        mentions.author_id,
        coalesce(names.display_name, {{ normalize_space('mentions.name_as_listed') }}) as display_name,
        coalesce(names.kind, 'person') as kind
    from mentions
    left join {{ ref('int_author_names') }} as names on mentions.name_as_listed = names.name_as_listed
),

names as (
    select
        author_id,
        display_name,
        kind,
        row_number() over (
            partition by author_id
            order by count(*) desc nulls last, display_name asc nulls last, kind asc nulls last
        ) as popularity
    from parsed
    group by author_id, display_name, kind
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
),

accounts as (
    select
        author_id,
        account_id,
        account_handle,
        row_number() over (
            partition by author_id
            order by count(*) desc nulls last, account_handle asc nulls last, account_id asc nulls last
        ) as popularity
    from mentions
    where account_handle is not null or account_id is not null
    group by author_id, account_id, account_handle
),

papers as (
    select
        paper_id,
        first_listed_on,
        last_listed_on,
        upvotes
    from {{ ref('dim_papers') }}
),

totals as (
    select
        mentions.author_id,
        count(distinct mentions.paper_id) as paper_count,
        count(distinct mentions.name_as_listed) as name_count,
        min(papers.first_listed_on) as first_listed_on,
        max(papers.last_listed_on) as last_listed_on,
        cast(sum(papers.upvotes) as {{ dbt.type_bigint() }}) as upvotes
    from mentions
    inner join papers on mentions.paper_id = papers.paper_id
    group by mentions.author_id
),

final as (
    select
        totals.author_id,
        named.display_name,
        case when organizations.name_squash is not null then 'team' else named.kind end as kind,
        accounts.account_handle,
        accounts.account_id,
        totals.paper_count,
        totals.name_count,
        totals.first_listed_on,
        totals.last_listed_on,
        totals.upvotes
    from totals
    inner join named on totals.author_id = named.author_id
    left join organizations on named.name_squash = organizations.name_squash
    left join accounts on totals.author_id = accounts.author_id and accounts.popularity = 1
)

select * from final
