-- Each mention with the author that it was placed in, by the resolver or by people's overrides.
select
    mentions.mention_id,
    mentions.paper_id,
    mentions.position,
    mentions.name_as_listed,
    mentions.account_id,
    mentions.own_author_id,
    coalesce(placements.author_id, decisions.author_id) as author_id,
    coalesce(placements.rule, decisions.rule) as rule,
    coalesce(placements.evidence, decisions.evidence) as evidence,
    decisions.decided_at
from {{ ref('int_mentions') }} as mentions
left join {{ ref('int_author_decisions') }} as decisions on mentions.mention_id = decisions.mention_id
left join {{ ref('int_author_placements') }} as placements on mentions.mention_id = placements.mention_id
