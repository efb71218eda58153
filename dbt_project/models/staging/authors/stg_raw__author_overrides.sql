-- Overrides about authors that people keep in the home.
select
    action,
    mention_id,
    author_id,
    reason,
    row_number
from {{ source('raw', 'author_overrides') }}
