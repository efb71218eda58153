with day_gains as (
    select
        paper_id,
        cast(observed_at as date) as day,
        cast(min(previous_at) as date) as previous_day,
        cast(sum(gain) as {{ dbt.type_bigint() }}) as gain
    from {{ ref('int_steps_measured') }}
    group by paper_id, cast(observed_at as date)
),

-- Of days that gained the same the first counts: no day is the millionth since 1970.
weighted as (
    select
        *,
        gain * 1000000 - {{ dbt.datediff("cast('1970-01-01' as date)", 'day', 'day') }} as precedence
    from day_gains
    where gain > 0
),

peaks as (
    select
        paper_id,
        max_by(day, precedence) as day,
        max_by(previous_day, precedence) as previous_day,
        max(gain) as gain
    from weighted
    group by paper_id
)

select
    paper_id,
    day as peak_day,
    gain as peak_day_gain,
    case
        when previous_day < day
            then cast({{ dbt.datediff('previous_day', 'day', 'day') }} - 1 as {{ dbt.type_bigint() }})
        when previous_day = day then 0
    end as peak_day_unobserved_days
from peaks
