with known as (
    select
        paper_id,
        observed_at,
        upvotes,
        comments
    from {{ ref('fct_upvote_observations') }}
    where upvotes is not null
),

spans as (
    select
        paper_id,
        count(*) as observation_count,
        min(observed_at) as first_observed_at,
        max(observed_at) as last_observed_at,
        min_by(upvotes, observed_at) as first_upvotes,
        max_by(upvotes, observed_at) as upvotes,
        max_by(comments, case when comments is not null then observed_at end) as comments
    from known
    group by paper_id
),

half_moments as (
    select
        known.paper_id,
        min(known.observed_at) as half_at
    from known
    inner join spans on known.paper_id = spans.paper_id
    where known.upvotes * 2 >= spans.upvotes
    group by known.paper_id
),

-- The step that reached half of the upvotes; none where the first observation had them.
half as (
    select
        half_moments.paper_id,
        half_moments.half_at,
        steps.previous_at as half_previous_at
    from half_moments
    left join {{ ref('int_steps_measured') }} as steps
        on half_moments.paper_id = steps.paper_id and half_moments.half_at = steps.observed_at
)

select
    spans.paper_id,
    spans.observation_count,
    spans.first_observed_at,
    spans.last_observed_at,
    {{ seconds_between('spans.first_observed_at', 'spans.last_observed_at') }} / 3600.0 as observed_hours,
    spans.first_upvotes,
    spans.upvotes,
    spans.comments,
    case
        when half.half_at > spans.first_observed_at
            then {{ seconds_between('spans.first_observed_at', 'half.half_at') }} / 3600.0
    end as half_life_hours,
    case
        when half.half_at > spans.first_observed_at
            then {{ seconds_between('half.half_previous_at', 'half.half_at') }} / 3600.0
    end as half_life_resolution_hours,
    case
        when half.half_at > spans.first_observed_at then null
        when spans.observation_count = 1 then 'one observation only'
        when spans.upvotes = 0 then 'no upvotes'
        else 'half was reached before the first observation'
    end as half_life_missing_reason
from spans
left join half on spans.paper_id = half.paper_id
