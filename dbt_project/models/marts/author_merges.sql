select
    mention_id,
    paper_id,
    position,
    name_as_listed,
    account_id,
    own_author_id,
    author_id,
    rule,
    evidence,
    decided_at
from {{ ref('int_mentions_resolved') }}
