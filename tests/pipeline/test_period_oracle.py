"""An oracle for ``rpt_period_papers`` in plain Python, from the listings and observations."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from datetime import date, datetime, timedelta
from typing import Any

import duckdb

from tests.conftest import Papers

PERIODS: dict[str, Callable[[date], date]] = {
    "day": lambda day: day,
    "week": lambda day: day - timedelta(days=day.weekday()),
    "month": lambda day: day.replace(day=1),
    "year": lambda day: day.replace(month=1, day=1),
}
#: Period, first date, paper → rank, upvotes, upvotes gained.
Rows = dict[tuple[str, date, str], tuple[int, int | None, int | None]]


def gains(observations: list[tuple[datetime, int]], start_of: Callable[[date], date]) -> dict[date, int]:
    """What one paper gained by period: the last count of each less the last one before it, or its own first one."""
    by_period: dict[date, list[int]] = defaultdict(list)
    for moment, upvotes in sorted(observations):
        by_period[start_of(moment.date())].append(upvotes)
    found: dict[date, int] = {}
    before: int | None = None
    for start, counts in sorted(by_period.items()):
        if before is not None or len(counts) > 1:
            found[start] = counts[-1] - (counts[0] if before is None else before)
        before = counts[-1]
    return found


def expected(published: duckdb.DuckDBPyConnection) -> Rows:
    observations: dict[str, list[tuple[datetime, int]]] = defaultdict(list)
    for paper, moment, upvotes in published.execute(
        "select paper_id, observed_at, upvotes from marts.fct_upvote_observations where upvotes is not null"
    ).fetchall():
        observations[paper].append((moment, upvotes))
    listings: list[tuple[date, str]] = published.execute(
        "select listing_date, paper_id from marts.fct_listings"
    ).fetchall()
    rows: Rows = {}
    for period, start_of in PERIODS.items():
        members: dict[date, dict[str, date]] = defaultdict(dict)
        for day, paper in sorted(listings):
            members[start_of(day)].setdefault(paper, day)
        gained = {paper: gains(found, start_of) for paper, found in observations.items()}
        for start, papers in members.items():
            known = {paper: max(observations[paper])[1] if observations[paper] else None for paper in papers}

            def order(paper: str, known: Any = known, papers: Any = papers) -> tuple[bool, int, date, str]:
                return known[paper] is None, -(known[paper] or 0), papers[paper], paper

            for rank, paper in enumerate(sorted(papers, key=order), start=1):
                rows[period, start, paper] = rank, known[paper], gained.get(paper, {}).get(start)
    return rows


def compare(papers: Papers) -> Rows:
    """The table's rows, which equal the oracle's; each without a gain has a reason."""
    with papers.published() as published:
        found = published.execute(
            """select period, period_start, paper_id, rank, upvotes, upvotes_gained, upvotes_gained_missing_reason
               from marts.rpt_period_papers"""
        ).fetchall()
        want = expected(published)
    rows = {(row[0], row[1], row[2]): (row[3], row[4], row[5]) for row in found}
    assert len(rows) == len(found)
    assert rows == want
    assert all((gained is None) == (reason is not None) for *_, gained, reason in found)
    return rows


def test_periods_of_the_sample_equal_an_oracle(demo: Papers) -> None:
    rows = compare(demo)
    assert {period for period, _, _ in rows} == set(PERIODS)
    assert sum(gained is not None for _, _, gained in rows.values()) > 100
