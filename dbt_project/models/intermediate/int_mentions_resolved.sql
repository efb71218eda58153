-- One row per mention with the person it was placed in: by the resolver, or by people's overrides.
with mentions as (
    select * from {{ ref('int_mentions') }}
),

decisions as (
    select * from {{ ref('int_author_decisions') }}
),

placements as (
    select * from {{ ref('int_author_placements') }}
),

final as (
    select
        mentions.mention_id,
        mentions.paper_id,
        mentions.position,
        mentions.name_as_listed,
        mentions.name_key,
        mentions.author_row_id,
        mentions.account_id,
        mentions.account_handle,
        mentions.account_name,
        mentions.claim_status,
        mentions.claim_changed_at,
        mentions.own_author_id,
        coalesce(placements.author_id, decisions.author_id) as author_id,
        coalesce(placements.rule, decisions.rule) as rule,
        coalesce(placements.evidence, decisions.evidence) as evidence,
        decisions.decided_at
    from mentions
    left join decisions on mentions.mention_id = decisions.mention_id
    left join placements on mentions.mention_id = placements.mention_id
)

select * from final
