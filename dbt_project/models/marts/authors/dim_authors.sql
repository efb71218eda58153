with mentions as (
    select * from {{ ref('bridge_paper_authors') }}
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
        named.kind,
        accounts.account_handle,
        accounts.account_id,
        totals.paper_count,
        totals.name_count,
        totals.first_listed_on,
        totals.last_listed_on,
        totals.upvotes
    from totals
    inner join {{ ref('int_authors_named') }} as named on totals.author_id = named.author_id
    left join accounts on totals.author_id = accounts.author_id and accounts.popularity = 1
)

select * from final
