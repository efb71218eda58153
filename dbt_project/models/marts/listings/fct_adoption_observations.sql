-- Of two loads of one moment the first counts: one that found the paper, then the smaller id.
with totals as (
    select
        totals.*,
        loads.observed_at,
        row_number() over (
            partition by totals.paper_id, loads.observed_at
            order by totals.is_found desc nulls last, totals.load_id asc nulls last
        ) as preference
    from {{ ref('stg_raw__paper_totals') }} as totals
    inner join {{ ref('stg_raw__loads') }} as loads on totals.load_id = loads.load_id
),

-- The site may lack a paper that no accepted load lists any more.
papers as (
    select distinct paper_id
    from {{ ref('int_entries_identified') }}
),

final as (
    select
        totals.paper_id,
        totals.observed_at,
        totals.is_found,
        totals.models,
        totals.datasets,
        totals.spaces,
        case
            when not totals.is_found then 'the site has no such paper'
            when totals.models is null or totals.datasets is null or totals.spaces is null
                then 'not given by the source'
        end as missing_reason,
        totals.load_id
    from totals
    inner join papers on totals.paper_id = papers.paper_id
    where totals.preference = 1
)

select * from final
