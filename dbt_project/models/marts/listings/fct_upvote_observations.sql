-- Two loads of one moment should agree. Where they don't, a listing is preferred to the details of a paper, the API to
-- the page and the page to a text, then the load with the smaller id, so that the order of arrival changes nothing.
with ranked as (
    select
        *,
        row_number() over (
            partition by paper_id, observed_at
            order by
                case when kind = 'paper' then 1 else 0 end asc nulls last,
                case format when 'api_json' then 1 when 'page_html' then 2 else 3 end asc nulls last,
                load_id asc nulls last,
                position asc nulls last
        ) as preference
    from {{ ref('int_entries_identified') }}
),

final as (
    select
        paper_id,
        observed_at,
        upvotes,
        comments,
        github_stars,
        case when kind = 'daily' then position end as position,
        case when kind = 'daily' then listing_date end as listing_date,
        format,
        load_id
    from ranked
    where preference = 1
)

-- Sorted by paper, and papers by age, so that a query of some papers skips the rest of the file.
select * from final
order by paper_id asc nulls last, observed_at asc nulls last
