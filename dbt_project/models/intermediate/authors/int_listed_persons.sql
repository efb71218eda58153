{{ config(materialized='view') }}
-- One row per author row of a content, and per person where a row names several: the persons after them move, so that
-- `position` is the place among the authors. An account is one person's, so the persons of such a row have none.
with authors as (
    select * from {{ ref('stg_raw__entry_authors') }}
),

lists as (
    select
        name_as_listed,
        split(persons, ';') as persons
    from {{ ref('int_author_names') }}
    where persons <> ''
),

persons as (
    select
        name_as_listed,
        element as person_name,
        element_position as person_number
    from {{ unnest_with_position('lists', 'persons') }} as names
),

-- Nearly all contents have no such row.
contents as (
    select distinct content_id from authors
    where name_as_listed in (select name_as_listed from lists)
),

moved as (
    select
        authors.content_id,
        authors.position as row_position,
        persons.person_name,
        case
            when persons.person_number > 1 then concat('.', cast(persons.person_number as {{ dbt.type_string() }}))
            else ''
        end as mention_suffix,
        cast(row_number() over (
            partition by authors.content_id
            order by authors.position asc nulls last, persons.person_number asc nulls last
        ) as {{ dbt.type_int() }}) as position
    from authors
    inner join contents on authors.content_id = contents.content_id
    left join persons on authors.name_as_listed = persons.name_as_listed
),

final as (
    select
        authors.content_id,
        authors.position as row_position,
        authors.author_row_id,
        coalesce(moved.mention_suffix, '') as mention_suffix,
        coalesce(moved.position, authors.position) as position,
        coalesce(moved.person_name, authors.name_as_listed) as name_as_listed,
        case when moved.person_name is null then authors.account_id end as account_id,
        case when moved.person_name is null then authors.account_handle end as account_handle,
        case when moved.person_name is null then authors.claim_status end as claim_status
    from authors
    left join moved on authors.content_id = moved.content_id and authors.position = moved.row_position
)

select * from final
