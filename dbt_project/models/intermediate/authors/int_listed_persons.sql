-- The persons of author rows that name several, and the authors behind them, whom they move: one row per place among the
-- authors of such a content. Contents whose author rows name one person each, nearly all, have none.
with authors as (
    select
        content_id,
        position,
        name_as_listed
    from {{ ref('stg_raw__entry_authors') }}
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

contents as (
    select distinct content_id from authors
    where name_as_listed in (select name_as_listed from lists)
),

final as (
    select
        authors.content_id,
        authors.position as row_position,
        persons.person_name,
        coalesce(persons.person_number, 1) as person_number,
        cast(row_number() over (
            partition by authors.content_id
            order by authors.position asc nulls last, persons.person_number asc nulls last
        ) as {{ dbt.type_int() }}) as position
    from authors
    inner join contents on authors.content_id = contents.content_id
    left join persons on authors.name_as_listed = persons.name_as_listed
)

select * from final
