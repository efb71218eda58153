with decisions as (
    select * from {{ ref('int_author_decisions') }}
),

mentions as (
    select * from {{ ref('bridge_paper_authors') }}
),

pairs as (
    select
        least(mentions.author_id, others.author_id) as author_id,
        greatest(mentions.author_id, others.author_id) as other_author_id,
        least(decisions.mention_id, others.mention_id) as mention_id,
        greatest(decisions.mention_id, others.mention_id) as other_mention_id,
        decisions.near_log_odds as log_odds,
        decisions.near_reason as reason
    from decisions
    inner join mentions on decisions.mention_id = mentions.mention_id
    inner join mentions as others on decisions.near_mention_id = others.mention_id
    where mentions.author_id <> others.author_id
),

ranked as (
    select
        *,
        row_number() over (
            partition by author_id, other_author_id
            order by log_odds desc nulls last, mention_id asc nulls last, other_mention_id asc nulls last
        ) as pair_rank
    from pairs
)

select
    author_id,
    other_author_id,
    mention_id,
    other_mention_id,
    log_odds,
    reason
from ranked
where pair_rank = 1
