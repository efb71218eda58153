"""The papers that rose in a window, and their gain: one selection for the report, the digest, the feeds and the demo.

SQL over the public tables; each output filters it and writes its own texts.
"""

from __future__ import annotations

from dataclasses import dataclass

from warehouse.display import plural

#: A paper that was not observed around the start of a window counts from its last observation before, if that is at
#: most this many windows old: a weekend without a run still shows what rose, a gain over months is no gain of a day.
MAX_WINDOWS = 3


@dataclass(frozen=True)
class Window:
    """The last ``hours`` hours, and the column of their gain in ``rpt_paper_trends``."""

    column: str
    hours: int


#: The bounds of the last complete calendar month (UTC) as SQL: timestamps, the end excluded.
MONTH_END = "date_trunc('month', as_of)"
MONTH_START = f"{MONTH_END} - to_months(1)"
WINDOWS = {"24h": Window("gain_24h", 24), "7d": Window("gain_7d", 168)}


def risers_query(name: str) -> str:
    """A query with one row per paper that has a gain for a window, which may be 0 or negative.

    Its columns are those of ``rpt_paper_trends`` and ``gain``, the moment ``base_at`` (UTC) and the ``base_upvotes``
    that it counts from, ``gain_hours`` from there to the last observation, ``is_new`` (first observed in the window),
    ``is_of_window`` (the gain is the column's of the window) and ``place``, from 1 by greatest gain.
    """
    window = WINDOWS[name]
    gain, started = window.column, f"as_of - to_hours({window.hours})"
    return f"""
with observed as (
    select
        *,
        {gain} is not null as is_of_window,
        {gain} is null and first_observed_at > {started} as is_new,
        -- The hours of a window's gain give the moment of its first observation, to the microsecond.
        coalesce(last_observed_at - to_microseconds(cast(round({gain}_hours * 3600000000) as bigint)), {started})
            as counted_since
    from marts.rpt_paper_trends
    where {gain} is not null or (observation_count > 1 and last_observed_at > {started})
),

bases as (
    select
        observed.paper_id,
        coalesce(
            max(points.observed_at) filter (where points.observed_at <= observed.counted_since), min(points.observed_at)
        ) as base_at,
        coalesce(
            max_by(points.upvotes, points.observed_at) filter (where points.observed_at <= observed.counted_since),
            min_by(points.upvotes, points.observed_at)
        ) as base_upvotes
    from observed
    inner join marts.fct_upvote_observations as points on observed.paper_id = points.paper_id
    where points.upvotes is not null
    group by observed.paper_id
),

measured as (
    select
        observed.*,
        bases.base_at,
        bases.base_upvotes,
        (epoch(observed.last_observed_at) - epoch(bases.base_at)) / 3600 as gain_hours,
        case
            when observed.is_of_window then observed.{gain}
            when observed.is_new then observed.gain_observed
            when bases.base_at >= observed.as_of - to_hours({MAX_WINDOWS * window.hours})
                then observed.upvotes - bases.base_upvotes
        end as gain
    from observed
    inner join bases on observed.paper_id = bases.paper_id
)

select
    *,
    row_number() over (
        order by gain desc, velocity desc nulls last, upvotes desc, first_listed_on nulls last, paper_id
    ) as place
from measured
where gain is not null"""


def month_risers_query() -> str:
    """As ``risers_query``, for the last complete calendar month (UTC): the month before that of ``as_of``.

    A gain is the last total observed in the month − the last one before it, if that is at most ``MAX_WINDOWS`` months
    before the month's end, else − the first one in it. ``gain_hours`` lie between the two, ``gain_until`` is the moment
    of the later. A paper that was listed in the month has the same gain in the table of papers by period.
    """
    return f"""
with bounds as (
    select {MONTH_START} as starts_at, {MONTH_END} as ends_at, {MONTH_END} - to_months({MAX_WINDOWS}) as base_from
    from (select max(as_of) as as_of from marts.rpt_paper_trends)
),

totals as (
    select
        paper_id,
        max(observed_at) as gain_until,
        max_by(upvotes, observed_at) as last_upvotes,
        max(observed_at) filter (where observed_at < starts_at) as before_at,
        max_by(upvotes, observed_at) filter (where observed_at < starts_at) as upvotes_before,
        min(observed_at) filter (where observed_at >= starts_at) as first_at,
        min_by(upvotes, observed_at) filter (where observed_at >= starts_at) as first_upvotes
    from marts.fct_upvote_observations, bounds
    where upvotes is not null and observed_at >= base_from and observed_at < ends_at
    group by paper_id
),

measured as (
    select
        trends.*,
        totals.gain_until,
        trends.first_observed_at >= bounds.starts_at as is_new,
        (epoch(totals.gain_until) - epoch(coalesce(totals.before_at, totals.first_at))) / 3600 as gain_hours,
        totals.last_upvotes - coalesce(totals.upvotes_before, totals.first_upvotes) as gain
    from totals
    inner join marts.rpt_paper_trends as trends on totals.paper_id = trends.paper_id
    cross join bounds
    where totals.gain_until > coalesce(totals.before_at, totals.first_at)
)

select
    *,
    row_number() over (order by gain desc, upvotes desc, first_listed_on nulls last, paper_id) as place
from measured"""


def upvotes_per_hour(papers: str, observed_at: str) -> str:
    """SQL: upvotes divided by the hours from the submission to an observation, of which the first counts as whole.

    ``papers`` has the columns ``upvotes`` and ``submitted_at``, which must be before ``observed_at``.
    """
    return f"{papers}.upvotes / greatest((epoch({observed_at}) - epoch({papers}.submitted_at)) / 3600.0, 1)"


def span_words(gain_hours: float, is_new: bool) -> str:
    """The time of a gain as text: ``24 hours``, ``the 12 hours since it was first observed``."""
    span = hour_words(gain_hours) if gain_hours < 72 else f"{gain_hours / 24:.1f} days".replace(".0 ", " ")
    return f"the {span} since it was first observed" if is_new else span


def hour_words(hours: float) -> str:
    """Whole hours: ``1 hour``, ``24 hours``."""
    return f"{hours:.0f} {plural(round(hours), 'hour')}"
