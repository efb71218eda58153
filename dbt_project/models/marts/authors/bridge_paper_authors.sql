select
    mentions.paper_id,
    mentions.position,
    placed.author_id,
    mentions.name_as_listed,
    mentions.readable_name,
    mentions.mention_id,
    mentions.account_id,
    mentions.account_handle,
    mentions.claim_status
from {{ ref('int_mentions') }} as mentions
inner join {{ ref('author_merges') }} as placed on mentions.mention_id = placed.mention_id
-- Queries for an author's papers read a small part of the table.
order by placed.author_id asc nulls last
