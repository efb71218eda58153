with events as (
    select
        paper_id,
        {{ period_start('week', 'day') }} as week,
        0 as papers_listed,
        1 as papers_observed,
        gained
    from {{ ref('fct_paper_upvotes_daily') }}
    union all
    select
        paper_id,
        {{ period_start('week', 'min(listing_date)') }} as week,
        1 as papers_listed,
        0 as papers_observed,
        cast(null as {{ dbt.type_bigint() }}) as gained
    from {{ ref('fct_listings') }}
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
