-- One row per override about authors, of the project's seed and of the home, in the order in which they are applied.
with project as (
    select
        action,
        mention_id,
        author_id,
        reason,
        row_number
    from {{ ref('author_overrides') }}
),

home as (
    select * from {{ ref('stg_raw__author_overrides') }}
),

final as (
    select action, mention_id, author_id, reason, row_number as override_number from project
    union all
    select action, mention_id, author_id, reason, 1000000 + row_number as override_number from home
)

select * from final
