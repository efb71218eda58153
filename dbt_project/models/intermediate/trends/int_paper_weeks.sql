{{ built_by_paper() }}
-- depends_on: {{ ref('int_papers_fingerprinted') }}
with events as (
    select
        paper_id,
        {{ iso_week('day') }} as week,
        0 as papers_listed,
        1 as papers_observed,
        gained
    from {{ ref('fct_paper_upvotes_daily') }}
    where {{ is_of_changed_paper() }}
    union all
    select
        paper_id,
        {{ iso_week('min(listing_date)') }} as week,
        1 as papers_listed,
        0 as papers_observed,
        cast(null as {{ dbt.type_bigint() }}) as gained
    from {{ ref('fct_listings') }}
    where {{ is_of_changed_paper() }}
    group by paper_id
),

final as (
    select
        paper_id,
        week,
        max(papers_listed) as papers_listed,
        max(papers_observed) as papers_observed,
        cast(sum(gained) as {{ dbt.type_bigint() }}) as upvotes_gained
    from events
    group by paper_id, week
)

select * from final
