select
    paper_id,
    position,
    author_id,
    name_as_listed,
    mention_id,
    account_id,
    account_handle,
    claim_status
from {{ ref('int_mentions_resolved') }}
