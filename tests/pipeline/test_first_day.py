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
    shares: dict[int, list[tuple[float, float]]] = defaultdict(list)
    for start, moments in papers.items():
        final = max(moments)
        if final < start + timedelta(hours=48):
            continue
        last_in_hour = {int((moment - start) // timedelta(hours=1)): moment for moment in sorted(moments)}
        for hour, moment in last_in_hour.items():
            if 0 <= hour < 48:
                shares[hour].append((moments[moment] / moments[final], upvotes[start][moment] / upvotes[start][final]))
    assert len(shares) > 1
    expected = [
        (hour, len(found), fmean(share for share, _ in found), fmean(share for _, share in found))
        for hour, found in sorted(shares.items())
    ]
    assert answer == [pytest.approx(row, rel=1e-9) for row in expected]
