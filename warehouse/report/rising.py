"""What rises now, and the evidence for saying so."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

import duckdb

from warehouse.display import plural
from warehouse.report.rows import fetch
from warehouse.report.words import count, decimal, percentile, short_day, short_moment, signed, times

#: Rows of the table; the rest is found by the search.
MOST_RISERS = 30
MOST_NEW = 12
MOST_BREAKOUTS = 12


@dataclass(frozen=True)
class Window:
    """The stretch over which gains are compared: the shortest one for which the warehouse has looked often enough."""

    column: str
    hours: int | None
    short: str
    sentence: str


WINDOWS = (
    Window("gain_24h", 24, "24 h", "in the last 24 hours"),
    Window("gain_7d", 168, "7 days", "in the last 7 days"),
    Window("gain_observed", None, "so far", "since they were first seen"),
)


@dataclass(frozen=True)
class Riser:
    """A paper with what it gained in a window and what speaks for it. Moments are UTC.

    The gain is null for a paper observed once.
    """

    paper_id: str
    title: str
    organization: str | None
    first_listed_on: date | None
    upvotes: int
    gain: int | None
    base_upvotes: int | None
    base_at: datetime
    last_observed_at: datetime
    first_observed_at: datetime
    gain_observed: int | None
    velocity: float | None
    expected_upvotes: float | None
    attention_rate: float | None
    cohort_percentile: float | None
    cohort_size: int | None
    breakout_started_at: datetime | None
    breakout_score: float | None

    @property
    def reasons(self) -> list[str]:
        """Why we say that it rises: one fact each, strongest evidence first."""
        upvotes = f"{count(self.upvotes)} {plural(self.upvotes, 'upvote')}"
        reasons = [
            f"{upvotes}, observed once: {short_moment(self.last_observed_at)}"
            if self.base_upvotes is None
            else f"{count(self.base_upvotes)} → {upvotes}, "
            f"{short_moment(self.base_at)} to {short_moment(self.last_observed_at)}"
        ]
        if self.attention_rate is not None and self.expected_upvotes is not None:
            reasons.append(
                f"{times(self.attention_rate)} usual: {signed(self.gain_observed)} since first seen, "
                f"{decimal(self.expected_upvotes)} expected"
            )
        others = (self.cohort_size or 1) - 1
        if self.cohort_percentile is not None and others:
            reasons.append(
                f"ahead of {percentile(self.cohort_percentile)} of the other {count(others)} {plural(others, 'paper')} "
                f"of {short_day(self.first_listed_on)}"
            )
        if self.breakout_started_at is not None:
            reasons.append(
                f"broke out of its own course after {short_moment(self.breakout_started_at)} "
                f"(evidence {decimal(self.breakout_score, 0)} nats, flagged from 12)"
            )
        return reasons


@dataclass(frozen=True)
class Rising:
    """The page's facts. ``as_of`` is the last observation of any paper (UTC), None in an empty warehouse."""

    as_of: datetime | None
    paper_count: int
    watched_count: int
    observation_count: int
    measured_count: int
    window: Window
    risers: list[Riser]
    newcomers: list[Riser]
    breakouts: list[Riser]
    latest: list[Riser]


_COLUMNS = """
    trends.paper_id, papers.title, organizations.display_name as organization, trends.first_listed_on, trends.upvotes,
    {gain} as gain, {base_upvotes} as base_upvotes, {base_at} as base_at,
    trends.last_observed_at, trends.first_observed_at, trends.gain_observed, trends.velocity, trends.expected_upvotes,
    trends.attention_rate, trends.cohort_percentile, trends.cohort_size, trends.breakout_started_at,
    trends.breakout_score"""
_TABLES = """
    inner join dim_papers as papers on trends.paper_id = papers.paper_id
    left join dim_organizations as organizations on papers.organization_id = organizations.organization_id"""
_SINCE_FIRST_SEEN = _COLUMNS.format(
    gain="trends.gain_observed",
    base_upvotes="trends.upvotes - trends.gain_observed",
    base_at="trends.first_observed_at",
)

_RISERS_OF_WINDOW = (
    """
    with chosen as (
        select * from rpt_paper_trends where {column} > 0
        order by {column} desc, velocity desc nulls last, upvotes desc, paper_id limit ?
    ),
    bases as (
        select chosen.paper_id, max(seen.observed_at) as base_at
        from chosen inner join fct_upvote_observations as seen on chosen.paper_id = seen.paper_id
        where seen.upvotes is not null and seen.observed_at <= chosen.as_of - to_hours(?)
        group by chosen.paper_id
    )
    select """
    + _COLUMNS.format(gain="trends.{column}", base_upvotes="trends.upvotes - trends.{column}", base_at="bases.base_at")
    + """
    from chosen as trends inner join bases on trends.paper_id = bases.paper_id"""
    + _TABLES
    + """
    order by trends.{column} desc, trends.velocity desc nulls last, trends.upvotes desc, trends.paper_id"""
)


def read_rising(connection: duckdb.DuckDBPyConnection) -> Rising:
    """What rises, over the shortest window that anything is known for."""
    counts = connection.execute(
        """select max(as_of), count(*), count(*) filter (observation_count > 1), sum(observation_count),
                  count(gain_24h), count(gain_7d), count(*) filter (gain_observed > 0),
                  count(*) filter (gain_24h > 0), count(*) filter (gain_7d > 0)
           from rpt_paper_trends"""
    ).fetchall()[0]
    as_of, papers, watched, observations, day, week, ever, day_rises, week_rises = counts
    window, measured = next(
        (w, m)
        for w, m, rises in zip(WINDOWS, (day, week, watched), (day_rises, week_rises, True), strict=True)
        if rises
    )
    risers = (
        fetch(connection, Riser, _RISERS_OF_WINDOW.format(column=window.column), [MOST_RISERS, window.hours])
        if window.hours
        else _since_first_seen(
            connection, "gain_observed > 0", "last_observed_at desc, gain_observed desc", MOST_RISERS
        )
    )
    return Rising(
        as_of=as_of,
        paper_count=papers,
        watched_count=watched,
        observation_count=observations or 0,
        measured_count=measured,
        window=window,
        risers=risers,
        newcomers=_since_first_seen(
            connection,
            "first_observed_at > as_of - to_hours(24) and observation_count > 1 and gain_observed > 0",
            "velocity desc nulls last, upvotes desc",
            MOST_NEW,
        ),
        breakouts=_since_first_seen(
            connection,
            "is_breakout and breakout_ended_at > as_of - to_hours(24 * 7)",
            "breakout_score desc",
            MOST_BREAKOUTS,
        ),
        latest=[]
        if ever
        else _since_first_seen(
            connection,
            "first_listed_on = (select max(first_listed_on) from rpt_paper_trends)",
            "upvotes desc",
            MOST_RISERS,
        ),
    )


def _since_first_seen(connection: duckdb.DuckDBPyConnection, condition: str, order: str, most: int) -> list[Riser]:
    """Papers with what they gained since they were first seen."""
    return fetch(
        connection,
        Riser,
        f"""with trends as (
                select * from rpt_paper_trends where {condition} order by {order}, paper_id limit ?
            )
            select {_SINCE_FIRST_SEEN} from trends {_TABLES}
            order by {", ".join("trends." + part.strip() for part in order.split(","))}, trends.paper_id""",
        [most],
    )
