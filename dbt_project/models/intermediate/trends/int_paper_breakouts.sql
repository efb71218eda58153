-- Kleinberg's two states on counts. With two states and a cost of entering the upper one, the cheapest sequence is in
-- the upper state over the stretch whose summed log-likelihood ratio is largest, if that exceeds the cost. The largest
-- stretch is a running sum less its running minimum, so no recursion is needed. Sums are rounded, as engines add in
-- different orders and a start must not depend on that.
with expected_steps as (
    select
        steps.paper_id,
        steps.observed_at,
        cast(steps.gain as double) as gain,
        cast(steps.gain_before as double) as gain_before,
        rates.rate * ({{ seconds_between('steps.previous_at', 'steps.observed_at') }} / 3600.0) as expected
    from {{ ref('int_steps_measured') }} as steps
    inner join {{ ref('int_attention_rates') }} as rates
        on steps.age = rates.age and steps.weekday = rates.weekday and steps.place = rates.place
),

levelled as (
    select *, {{ over_steps('sum(expected)', '1 preceding') }} as expected_before
    from expected_steps
),

walked as (
    select *, round({{ over_steps('sum(' ~ burst_log_likelihood_ratio() ~ ')', 'current row') }}, 12) as height
    from levelled
),

lowered as (
    select *, {{ over_steps('min(height)', '1 preceding') }} as lowest_before
    from walked
),

attention as (
    select
        paper_id,
        max_by(coalesce(expected_before, 0.0) + expected, observed_at) as expected_upvotes,
        max_by(gain_before + gain, observed_at) as gain,
        max(round(height - lowest_before, 12)) as breakout_score
    from lowered
    group by paper_id
),

-- Of equal climbs the first counts. It starts where the height was lowest last before its end.
climbs as (
    select
        lowered.paper_id,
        min(lowered.observed_at) as ended_at,
        min_by(lowered.lowest_before, lowered.observed_at) as lowest_before
    from lowered
    inner join attention
        on
            lowered.paper_id = attention.paper_id
            and round(lowered.height - lowered.lowest_before, 12) = attention.breakout_score
    where attention.breakout_score >= {{ burst_cost() }}
    group by lowered.paper_id
),

starts as (
    select climbs.paper_id, climbs.ended_at, max(lowered.observed_at) as started_at
    from climbs
    inner join lowered
        on
            climbs.paper_id = lowered.paper_id
            and climbs.ended_at > lowered.observed_at
            and climbs.lowest_before = lowered.height
    group by climbs.paper_id, climbs.ended_at
)

select
    attention.paper_id,
    attention.expected_upvotes,
    (greatest(attention.gain, 0.0) + {{ attention_prior() }})
    / (attention.expected_upvotes + {{ attention_prior() }}) as attention_rate,
    attention.breakout_score,
    attention.breakout_score >= {{ burst_cost() }} as is_breakout,
    starts.started_at as breakout_started_at,
    starts.ended_at as breakout_ended_at
from attention
left join starts on attention.paper_id = starts.paper_id
