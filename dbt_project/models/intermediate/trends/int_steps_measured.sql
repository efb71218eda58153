with spaced as (
    select
        paper_id,
        observed_at,
        upvotes,
        lag(observed_at) over (partition by paper_id order by observed_at asc nulls first) as previous_at,
        lag(upvotes) over (partition by paper_id order by observed_at asc nulls first) as previous_upvotes,
        lag(position) over (partition by paper_id order by observed_at asc nulls first) as previous_position,
        first_value(upvotes) over (partition by paper_id order by observed_at asc nulls first) as first_upvotes
    from {{ ref('fct_upvote_observations') }}
    where upvotes is not null
)

select
    spaced.paper_id,
    spaced.observed_at,
    spaced.previous_at,
    spaced.upvotes - spaced.previous_upvotes as gain,
    spaced.previous_upvotes - spaced.first_upvotes as gain_before,
    case
        when cohorts.first_listed_on is not null
            then
                {{ age_band(
                    seconds_between('cast(cohorts.first_listed_on as timestamp)', 'spaced.previous_at') ~ ' / 3600.0'
                ) }}
    end as age,
    cast({{ iso_weekday('spaced.previous_at') }} as {{ dbt.type_int() }}) as weekday,
    {{ place_band('spaced.previous_position') }} as place
from spaced
left join {{ ref('int_paper_cohorts') }} as cohorts on spaced.paper_id = cohorts.paper_id
where spaced.previous_at is not null
