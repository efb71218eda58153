{% set periods = ['day', 'week', 'month', 'year'] %}
with listed as (
    {% for period in periods -%}
    select
        '{{ period }}' as period,
        {{ period_start(period, 'listing_date') }} as period_start,
        paper_id,
        min(listing_date) as first_listed_on
    from {{ ref('fct_listings') }}
    group by {{ period_start(period, 'listing_date') }}, paper_id
    {{ 'union all' if not loop.last }}
    {% endfor -%}
),

-- Days without an observation are left out: what a paper gained over them counts on the day of the next one.
gains as (
    {% for period in periods -%}
    select
        '{{ period }}' as period,
        {{ period_start(period, 'day') }} as period_start,
        paper_id,
        cast(sum(gained) as {{ dbt.type_bigint() }}) as upvotes_gained
    from {{ ref('fct_paper_upvotes_daily') }}
    where is_observed
    group by {{ period_start(period, 'day') }}, paper_id
    {{ 'union all' if not loop.last }}
    {% endfor -%}
),

final as (
    select
        listed.period,
        listed.period_start,
        listed.paper_id,
        listed.first_listed_on,
        cast(
            row_number() over (
                partition by listed.period, listed.period_start
                order by
                    papers.upvotes desc nulls last,
                    listed.first_listed_on asc nulls last,
                    listed.paper_id asc nulls last
            ) as {{ dbt.type_bigint() }}
        ) as rank,
        papers.upvotes,
        gains.upvotes_gained,
        case
            when gains.upvotes_gained is not null then null
            when gains.paper_id is null then 'not observed in this period'
            else 'one observation only'
        end as upvotes_gained_missing_reason
    from listed
    inner join {{ ref('dim_papers') }} as papers on listed.paper_id = papers.paper_id
    left join gains
        on
            listed.period = gains.period
            and listed.period_start = gains.period_start
            and listed.paper_id = gains.paper_id
)

-- Most queries are about one period.
select * from final
order by period asc nulls last, period_start asc nulls last, rank asc nulls last
