select
    mentions.paper_id,
    mentions.position,
    merges.author_id,
    mentions.name_as_listed,
    mentions.mention_id,
    mentions.account_id,
    mentions.account_handle,
    mentions.claim_status
from {{ ref('int_mentions') }} as mentions
inner join {{ ref('author_merges') }} as merges on mentions.mention_id = merges.mention_id
-- Queries for an author's papers read a small part of the table.
order by merges.author_id asc nulls last
