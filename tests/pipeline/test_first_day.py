"""The query ``first_day`` equals an oracle in plain Python on the sample archive."""

from __future__ import annotations

from collections import defaultdict
from datetime import datetime, time, timedelta
from statistics import fmean

import duckdb
import pytest

from tests.conftest import Papers
from warehouse.publication.queries import load_queries


def test_shares_of_the_first_day_equal_an_oracle(demo: Papers) -> None:
    with duckdb.connect(str(demo.home / "papers.duckdb"), read_only=True) as published:
        answer = published.execute(load_queries()["first_day"].sql).fetchall()
        rows = published.execute(
            """select listing_date, observed_at, upvotes from marts.fct_upvote_observations
               where listing_date is not null"""
        ).fetchall()
    papers: dict[datetime, dict[datetime, int]] = defaultdict(lambda: defaultdict(int))
    upvotes: dict[datetime, dict[datetime, int]] = defaultdict(lambda: defaultdict(int))
    for day, moment, count in rows:
        start = datetime.combine(day, time())
        papers[start][moment] += 1
        upvotes[start][moment] += count or 0
    found: dict[int, list[tuple[float, float, float | None, float | None]]] = defaultdict(list)
    for start, moments in papers.items():
        final = max(moments)
        if final < start + timedelta(hours=48):
            continue
        before = None
        for hour, moment in {int((one - start) // timedelta(hours=1)): one for one in sorted(moments)}.items():
            here = (moments[moment] / moments[final], upvotes[start][moment] / upvotes[start][final])
            added = (here[0] - before[0], here[1] - before[1]) if before else (None, None)
            found[hour].append((*here, *added))
            before = here
    assert {len([row for row in rows if row[2] is not None]) == len(rows) for rows in found.values()} == {True, False}
    expected = []
    for hour in range(48):
        shares, votes, added, votes_added = ([row[n] for row in found[hour] if row[n] is not None] for n in range(4))
        means = [fmean(values) if values else None for values in (shares, votes, added, votes_added)]
        expected.append((hour, len(shares), *means[:2], len(added), *means[2:]))
    assert len(answer) == len(expected)
    for row, wanted in zip(answer, expected, strict=True):
        for value, other in zip(row, wanted, strict=True):
            assert value == (None if other is None else pytest.approx(other, rel=1e-9, abs=1e-9)), wanted
    assert sum(row[1] == 0 for row in answer) > 1 and {row[2] for row in answer if row[1] == 0} == {None}
