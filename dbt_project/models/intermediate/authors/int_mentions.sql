-- One row per author row of a paper, and per person where a row names several, as the latest full listing has it.
-- The account is known by its id; where the source gave only a handle, by the id that the handle has elsewhere.
{% set mention_id -%}
concat(papers.paper_id, '#', cast(authors.row_position as {{ dbt.type_string() }}), authors.mention_suffix)
{%- endset %}
with authors as (
    select * from {{ ref('int_listed_persons') }}
),

handles as (
    select
        account_handle,
        max(account_id) as account_id
    from authors
    where account_handle is not null and account_id is not null
    group by account_handle
),

-- Ids of author rows that a content has more than once, as the source should not.
repeated as (
    select
        content_id,
        author_row_id,
        min(position) as first_position
    from authors
    where author_row_id is not null
    group by content_id, author_row_id
    having count(*) > 1
),

identified as (
    select
        {{ mention_id }} as mention_id,
        papers.paper_id,
        authors.position,
        authors.name_as_listed,
        case
            when authors.author_row_id is null or authors.position > repeated.first_position
                then {{ mention_id }}
            else concat(papers.paper_id, '/', authors.author_row_id)
        end as author_key,
        coalesce(
            authors.account_id,
            handles.account_id,
            case when authors.account_handle is not null then concat('handle:', authors.account_handle) end
        ) as account_id,
        authors.account_handle,
        authors.claim_status,
        papers.learned_at,
        papers.first_observed_at,
        papers.description_hash
    from {{ ref('int_papers_described') }} as papers
    inner join authors on papers.content_id = authors.content_id
    left join repeated
        on authors.content_id = repeated.content_id and authors.author_row_id = repeated.author_row_id
    left join handles on authors.account_handle = handles.account_handle
),

final as (
    select
        identified.mention_id,
        identified.paper_id,
        identified.position,
        identified.name_as_listed,
        names.display_name as readable_name,
        identified.account_id,
        identified.account_handle,
        identified.claim_status,
        -- The id of an author whose first mention this is.
        concat('a', {{ short_hash('identified.author_key') }}) as own_author_id,
        identified.learned_at,
        identified.first_observed_at,
        concat(identified.description_hash, '/', coalesce(identified.account_id, '')) as fingerprint
    from identified
    left join {{ ref('int_author_names') }} as names on identified.name_as_listed = names.name_as_listed
)

select * from final
