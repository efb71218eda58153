"""Which papers rose in a window, and by how much: the one selection of the report, the digest, the feeds and the demo.

SQL over the public tables; what a reader filters and how it words the result is its own.
"""

from __future__ import annotations

from dataclasses import dataclass

from warehouse.display import plural

#: A paper that was not observed around the start of a window counts from its last observation before, if that is at
#: most this many windows old: a weekend without a run still shows what rose, a gain over months is no gain of a day.
MAX_WINDOWS = 3


@dataclass(frozen=True)
class Window:
    """A stretch of hours up to now with its gain in ``rpt_paper_trends``."""

    column: str
    hours: int


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
with watched as (
    select
        *,
        {gain} is not null as is_of_window,
        {gain} is null and first_observed_at > {started} as is_new,
        -- The hours of a window's gain lead back to its observation, to the microsecond.
        coalesce(last_observed_at - to_microseconds(cast(round({gain}_hours * 3600000000) as bigint)), {started})
            as counted_since
    from marts.rpt_paper_trends
    where {gain} is not null or (observation_count > 1 and last_observed_at > {started})
),

bases as (
    select
        watched.paper_id,
        coalesce(
            max(seen.observed_at) filter (where seen.observed_at <= watched.counted_since), min(seen.observed_at)
        ) as base_at,
        coalesce(
            max_by(seen.upvotes, seen.observed_at) filter (where seen.observed_at <= watched.counted_since),
            min_by(seen.upvotes, seen.observed_at)
        ) as base_upvotes
    from watched
    inner join marts.fct_upvote_observations as seen on watched.paper_id = seen.paper_id
    where seen.upvotes is not null
    group by watched.paper_id
),

measured as (
    select
        watched.*,
        bases.base_at,
        bases.base_upvotes,
        (epoch(watched.last_observed_at) - epoch(bases.base_at)) / 3600 as gain_hours,
        case
            when watched.is_of_window then watched.{gain}
            when watched.is_new then watched.gain_observed
            when bases.base_at >= watched.as_of - to_hours({MAX_WINDOWS * window.hours})
                then watched.upvotes - bases.base_upvotes
        end as gain
    from watched
    inner join bases on watched.paper_id = bases.paper_id
)

select
    *,
    row_number() over (
        order by gain desc, velocity desc nulls last, upvotes desc, first_listed_on nulls last, paper_id
    ) as place
from measured
where gain is not null"""


def span_words(gain_hours: float, is_new: bool) -> str:
    """Over how long a gain was measured: ``24 hours``, ``the 12 hours since it was first seen``."""
    span = hour_words(gain_hours) if gain_hours < 72 else f"{gain_hours / 24:.1f} days".replace(".0 ", " ")
    return f"the {span} since it was first seen" if is_new else span


def hour_words(hours: float) -> str:
    """Whole hours: ``1 hour``, ``24 hours``."""
    return f"{hours:.0f} {plural(round(hours), 'hour')}"
