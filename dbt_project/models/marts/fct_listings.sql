{{ built_by_paper() }}
-- depends_on: {{ ref('int_papers_fingerprinted') }}
with entries as (
    select * from {{ ref('int_entries_identified') }}
    where kind = 'daily' and {{ is_of_changed_paper() }}
),

ranked as (
    select
        *,
        row_number() over (
            partition by listing_date, paper_id
            order by observed_at desc nulls last, load_id asc nulls last, position asc nulls last
        ) as recency
    from entries
),

spans as (
    select
        listing_date,
        paper_id,
        min(observed_at) as first_observed_at,
        max(observed_at) as last_observed_at,
        count(distinct observed_at) as observation_count
    from entries
    group by listing_date, paper_id
),

final as (
    select
        spans.listing_date,
        spans.paper_id,
        ranked.position as last_position,
        ranked.upvotes as last_upvotes,
        contents.submitted_at,
        contents.submitter_handle,
        spans.first_observed_at,
        spans.last_observed_at,
        spans.observation_count
    from spans
    inner join ranked
        on
            spans.listing_date = ranked.listing_date
            and spans.paper_id = ranked.paper_id
            and ranked.recency = 1
    inner join {{ ref('stg_raw__entry_contents') }} as contents on ranked.content_id = contents.content_id
)

select * from final
