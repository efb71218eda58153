-- Author rows by content, as listed.
select
    content_id,
    author_position as position,
    name as name_as_listed,
    name_key,
    author_row_id,
    account_id,
    account_handle,
    account_name,
    status as claim_status,
    status_changed_at as claim_changed_at,
    is_hidden
from {{ source('raw', 'entry_authors') }}
