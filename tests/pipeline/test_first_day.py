"""The query ``first_day`` equals an oracle in plain Python, from the raw entries of the sample archive."""

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
    with duckdb.connect(str(demo.home / "raw.duckdb"), read_only=True) as raw:
        rows = raw.execute(
            """select loads.listing_date, loads.observed_at, entries.paper_id, entries.upvotes
               from raw.raw.entries as entries join raw.raw.loads as loads using (load_id)
               where loads.verdict = 'accepted' and loads.kind = 'daily'"""
        ).fetchall()
    listings: dict[datetime, dict[datetime, dict[str, int]]] = defaultdict(lambda: defaultdict(dict))
    for day, moment, paper, count in rows:
        listings[datetime.combine(day, time())][moment][paper] = count
    found: dict[int, list[tuple[float, float, float | None, float | None]]] = defaultdict(list)
    for start, moments in listings.items():
        last = max(moments)
        final = moments[last]
        if last < start + timedelta(hours=48):
            continue
        before = None
        for hour, moment in {int((one - start) // timedelta(hours=1)): one for one in sorted(moments)}.items():
            seen = {paper: count for paper, count in moments[moment].items() if paper in final}
            here = (len(seen) / len(final), sum(seen.values()) / sum(final.values()))
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
    assert max(row[2] for row in answer if row[1]) == 1
    assert sum(row[1] == 0 for row in answer) > 1 and {row[2] for row in answer if row[1] == 0} == {None}
