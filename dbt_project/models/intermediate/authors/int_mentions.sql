-- One row per author row of a paper, and per person where a row names several, as the latest full listing has it. A *mention* is what resolution places.
-- The account is known by its id; where the source gave only a handle, by the id that the handle has elsewhere.
with papers as (
    select * from {{ ref('int_papers_described') }}
),

authors as (
    select * from {{ ref('stg_raw__entry_authors') }}
),

-- The account of a row that names several persons is that of one of them: none of them gets it.
persons as (
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
        concat(
            papers.paper_id, '#', cast(authors.position as {{ dbt.type_string() }}),
            case when persons.person_number > 1 then '.' else '' end,
            case when persons.person_number > 1 then cast(persons.person_number as {{ dbt.type_string() }}) else '' end
        ) as mention_id,
        papers.paper_id,
        coalesce(persons.position, authors.position) as position,
        coalesce(persons.person_name, authors.name_as_listed) as name_as_listed,
        authors.author_row_id,
        case
            when persons.person_name is null
                then coalesce(
                    authors.account_id,
                    handles.account_id,
                    case when authors.account_handle is not null then concat('handle:', authors.account_handle) end
                )
        end as account_id,
        case when persons.person_name is null then authors.account_handle end as account_handle,
        case when persons.person_name is null then authors.claim_status end as claim_status,
        papers.learned_at,
        papers.first_observed_at,
        papers.description_hash,
        coalesce(authors.position > repeated.first_position or persons.person_number > 1, false) as is_repeated_row
    from papers
    inner join authors on papers.content_id = authors.content_id
    left join repeated
        on authors.content_id = repeated.content_id and authors.author_row_id = repeated.author_row_id
    left join handles on authors.account_handle = handles.account_handle
    left join persons on authors.content_id = persons.content_id and authors.position = persons.row_position
),

keyed as (
    select
        *,
        case
            when author_row_id is not null and not is_repeated_row then concat(paper_id, '/', author_row_id)
            else mention_id
        end as author_key
    from identified
),

final as (
    select
        mention_id,
        paper_id,
        position,
        name_as_listed,
        account_id,
        account_handle,
        claim_status,
        -- The id of an author whose first mention this is.
        concat('a', {{ short_hash('author_key') }}) as own_author_id,
        learned_at,
        first_observed_at,
        concat(description_hash, '/', coalesce(account_id, '')) as fingerprint
    from keyed
)

select * from final
