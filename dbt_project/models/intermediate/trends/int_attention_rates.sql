-- Learned from all steps. Whole numbers, upvotes and microseconds, are summed by cell of age, weekday and place: such
-- sums are equal in any order. Sums of doubles are over the cells, in a fixed order.
with cells as (
    select
        age,
        weekday,
        place,
        {{ exact_sum('gain') }} as gain,
        cast({{ exact_sum(microseconds_between('previous_at', 'observed_at')) }} as double) / 3600000000.0 as hours
    from {{ ref('int_steps_measured') }}
    where age is not null
    group by age, weekday, place
),

age_rates as (
    select
        age,
        greatest(cast(sum(gain) as double), 0.0)
        / {{ ordered_sum('hours', 'weekday asc nulls last, place asc nulls last') }} as rate
    from cells
    group by age
),

weekday_factors as (
    select
        cells.weekday,
        {{ shrunk_factor(
            'cells.gain', 'age_rates.rate * cells.hours', 'cells.age asc nulls last, cells.place asc nulls last'
        ) }} as factor
    from cells
    inner join age_rates on cells.age = age_rates.age
    group by cells.weekday
),

place_factors as (
    select
        cells.place,
        {{ shrunk_factor(
            'cells.gain', 'age_rates.rate * weekday_factors.factor * cells.hours',
            'cells.age asc nulls last, cells.weekday asc nulls last'
        ) }} as factor
    from cells
    inner join age_rates on cells.age = age_rates.age
    inner join weekday_factors on cells.weekday = weekday_factors.weekday
    group by cells.place
)

select
    cells.age,
    cells.weekday,
    cells.place,
    age_rates.rate * weekday_factors.factor * place_factors.factor as rate
from cells
inner join age_rates on cells.age = age_rates.age
inner join weekday_factors on cells.weekday = weekday_factors.weekday
inner join place_factors on cells.place = place_factors.place
