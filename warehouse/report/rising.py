"""The papers that rise now, with the evidence for each."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import duckdb

from warehouse.database import scalar
from warehouse.display import plural
from warehouse.publication.risers import hour_words, risers_query, span_words
from warehouse.report.curves import Point, points_of
from warehouse.report.rows import fetch
from warehouse.report.words import count, day, decimal, moment, percentile, signed, times

#: Rows of each table of the page.
MAX_RISERS = 30
MAX_NEWCOMERS = 12
MAX_BREAKOUTS = 12


@dataclass(frozen=True)
class Window:
    """The window of the page's gains: the shortest one in which any paper rose."""

    column: str
    short: str
    sentence: str


#: Windows by their name in ``warehouse.publication.risers``.
WINDOWS = {
    "24h": Window("gain_24h", "24 h", "in the last 24 hours"),
    "7d": Window("gain_7d", "7 days", "in the last 7 days"),
}
SINCE_FIRST_OBSERVED = Window("gain_observed", "so far", "since they were first observed")


@dataclass(frozen=True)
class Riser:
    """A paper with its gain in a window and the evidence that it rises. Moments are UTC.

    The gain is null for a paper observed once.
    """

    paper_id: str
    title: str
    organization_id: str | None
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
    gain_hours: float | None = None
    is_new: bool = False
    is_of_window: bool = False

    @property
    def over(self) -> str | None:
        """The time that the gain was measured over, where that is not the window of the page."""
        if self.gain_hours is None or self.is_of_window:
            return None
        return f"in {span_words(self.gain_hours, self.is_new)}"

    @property
    def reasons(self) -> list[str]:
        """Why the paper is shown as rising: one fact each, strongest evidence first."""
        upvotes = f"{count(self.upvotes)} {plural(self.upvotes, 'upvote')}"
        reasons = [
            f"{upvotes}, observed once: {moment(self.last_observed_at)}"
            if self.base_upvotes is None
            else f"{count(self.base_upvotes)} → {upvotes}, "
            f"{moment(self.base_at)} to {moment(self.last_observed_at)}"
            + (f" ({hour_words(self.gain_hours)})" if self.gain_hours is not None else "")
        ]
        if self.attention_rate is not None and self.expected_upvotes is not None:
            reasons.append(
                f"{times(self.attention_rate)} usual: {signed(self.gain_observed)} since first observed, "
                f"{decimal(self.expected_upvotes)} expected"
            )
        others = (self.cohort_size or 1) - 1
        if self.cohort_percentile is not None and others:
            reasons.append(
                f"ahead of {percentile(self.cohort_percentile)} of the other {count(others)} {plural(others, 'paper')} "
                f"of {day(self.first_listed_on)}"
            )
        if self.breakout_started_at is not None:
            reasons.append(
                f"broke out after {moment(self.breakout_started_at)} "
                f"(evidence {decimal(self.breakout_score, 0)} nats, flagged from 12)"
            )
        return reasons


@dataclass(frozen=True)
class Rising:
    """The page's facts. ``as_of`` is the last observation of any paper (UTC), None in an empty warehouse."""

    as_of: datetime | None
    paper_count: int
    observed_twice_count: int
    observation_count: int
    measured_count: int
    window: Window
    risers: list[Riser]
    newcomers: list[Riser]
    breakouts: list[Riser]
    latest: list[Riser]


_COLUMNS = """
    trends.paper_id, papers.title, papers.organization_id, organizations.display_name as organization,
    trends.first_listed_on, trends.upvotes,
    {gain} as gain, {base_upvotes} as base_upvotes, {base_at} as base_at,
    trends.last_observed_at, trends.first_observed_at, trends.gain_observed, trends.velocity, trends.expected_upvotes,
    trends.attention_rate, trends.cohort_percentile, trends.cohort_size, trends.breakout_started_at,
    trends.breakout_score"""
_TABLES = """
    inner join dim_papers as papers on trends.paper_id = papers.paper_id
    left join dim_organizations as organizations on papers.organization_id = organizations.organization_id"""
_SINCE_FIRST_OBSERVED = _COLUMNS.format(
    gain="trends.gain_observed",
    base_upvotes="trends.upvotes - trends.gain_observed",
    base_at="trends.first_observed_at",
)

_RISERS_OF_WINDOW = (
    "with risers as ({risers}) select "
    + _COLUMNS.format(gain="trends.gain", base_upvotes="trends.base_upvotes", base_at="trends.base_at")
    + ", trends.gain_hours, trends.is_new, trends.is_of_window from risers as trends"
    + _TABLES
    + " where trends.gain > 0 order by trends.place limit ?"
)


def read_rising(connection: duckdb.DuckDBPyConnection) -> Rising:
    """The papers that rise, over the shortest window with a known gain."""
    counts = connection.execute(
        """select max(as_of), count(*), count(*) filter (observation_count > 1), sum(observation_count),
                  count(*) filter (gain_observed > 0)
           from rpt_paper_trends"""
    ).fetchall()[0]
    as_of, papers, observed_twice, observations, risen = counts
    window, measured, risers = SINCE_FIRST_OBSERVED, observed_twice, list[Riser]()
    for name, candidate in WINDOWS.items():
        query = risers_query(name)
        if found := fetch(connection, Riser, _RISERS_OF_WINDOW.format(risers=query), [MAX_RISERS]):
            window, risers = candidate, found
            measured = scalar(connection, f"select count(*) from ({query})")
            break
    else:
        order = "last_observed_at desc, gain_observed desc, upvotes desc"
        risers = _since_first_observed(connection, "gain_observed > 0", order, MAX_RISERS)
    return Rising(
        as_of=as_of,
        paper_count=papers,
        observed_twice_count=observed_twice,
        observation_count=observations or 0,
        measured_count=measured,
        window=window,
        risers=risers,
        newcomers=_since_first_observed(
            connection,
            "first_observed_at > as_of - to_hours(24) and gain_24h is null and gain_observed > 0",
            "velocity desc nulls last, upvotes desc",
            MAX_NEWCOMERS,
        ),
        breakouts=_since_first_observed(
            connection,
            "is_breakout and breakout_ended_at > as_of - to_hours(24 * 7)",
            "breakout_score desc, upvotes desc",
            MAX_BREAKOUTS,
        ),
        latest=[]
        if risen
        else _since_first_observed(
            connection,
            "first_listed_on = (select max(first_listed_on) from rpt_paper_trends)",
            "upvotes desc",
            MAX_RISERS,
        ),
    )


def _since_first_observed(
    connection: duckdb.DuckDBPyConnection, condition: str, order: str, max_rows: int
) -> list[Riser]:
    """Papers with their gain since their first observation."""
    return fetch(
        connection,
        Riser,
        f"""with trends as (
                select * from rpt_paper_trends where {condition}
                order by {order}, first_listed_on nulls last, paper_id limit ?
            )
            select {_SINCE_FIRST_OBSERVED} from trends {_TABLES}
            order by {", ".join("trends." + part.strip() for part in order.split(","))},
                trends.first_listed_on nulls last, trends.paper_id""",
        [max_rows],
    )


def read_points(connection: duckdb.DuckDBPyConnection, paper_ids: Collection[str]) -> dict[str, list[Point]]:
    """Observations and carried days of the given papers, by paper id, in order of time."""
    wanted = [list(paper_ids)]
    observed: dict[str, list[Any]] = defaultdict(list)
    for paper_id, *pair in connection.execute(
        """select paper_id, observed_at, upvotes from fct_upvote_observations
           where upvotes is not null and paper_id in (select unnest(?::varchar[])) order by observed_at""",
        wanted,
    ).fetchall():
        observed[paper_id].append(pair)
    carried: dict[str, list[Any]] = defaultdict(list)
    for paper_id, *pair in connection.execute(
        """select paper_id, day, upvotes from fct_paper_upvotes_daily
           where not is_observed and paper_id in (select unnest(?::varchar[])) order by day""",
        wanted,
    ).fetchall():
        carried[paper_id].append(pair)
    return {paper_id: points_of(pairs, carried.get(paper_id, ())) for paper_id, pairs in observed.items()}
