with entries as (
    select * from {{ ref('int_entries_identified') }}
    where kind = 'daily'
),

spans as (
    select
        listing_date,
        paper_id,
        min(observed_at) as first_observed_at,
        max(observed_at) as last_observed_at,
        count(*) as observation_count
    from (select distinct listing_date, paper_id, observed_at from entries) as observations
    group by listing_date, paper_id
),

-- Of one moment's entries the first counts.
ranked as (
    select
        entries.*,
        row_number() over (
            partition by entries.listing_date, entries.paper_id
            order by entries.load_id asc nulls last, entries.position asc nulls last
        ) as recency
    from entries
    inner join spans
        on
            entries.listing_date = spans.listing_date
            and entries.paper_id = spans.paper_id
            and entries.observed_at = spans.last_observed_at
),

final as (
    select
        spans.listing_date,
        spans.paper_id,
        ranked.position as last_position,
        ranked.upvotes as last_upvotes,
        {{ submission_time('contents.submitted_at') }} as submitted_at,
        {{ submission_time_missing_reason('contents.submitted_at') }} as submitted_at_missing_reason,
        cast(contents.submitted_at as date) as submitted_on,
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
    left join {{ ref('int_loads_with_cut_times') }} as cut on ranked.load_id = cut.load_id
)

select * from final
