"""An oracle for ``rpt_code_trends`` in plain Python, from the raw entries and the definitions in docs/trends.md."""

from __future__ import annotations

from collections import defaultdict
from datetime import datetime, timedelta
from typing import Any

import duckdb
import pytest

from tests.conftest import Papers

Stars = list[tuple[datetime, int, str]]
WINDOWS = {"24h": timedelta(hours=24), "7d": timedelta(hours=168)}


def repository_of(url: str | None) -> str | None:
    """`github.com/owner/name` of an address in the sample archive, whose links have no other parts."""
    return url.removeprefix("https://").removesuffix(".git").strip("/").lower() if url else None


@pytest.fixture
def observed(demo: Papers) -> dict[str, Stars]:
    """Paper → moment, stars and repository of each observation with stars, as the entries have them."""
    found: dict[str, set[tuple[datetime, int, str]]] = defaultdict(set)
    with duckdb.connect(str(demo.home / "raw.duckdb"), read_only=True) as raw:
        rows = raw.execute(
            """select entries.paper_id, loads.observed_at, entries.github_stars, contents.code_url
               from raw.raw.entries as entries join raw.raw.loads as loads using (load_id)
               join raw.raw.entry_contents as contents using (content_id)
               where loads.verdict = 'accepted' and loads.kind <> 'trending'
                   and entries.github_stars is not null and entries.paper_id is not null"""
        )
        for paper, moment, stars, url in rows.fetchall():
            found[paper].add((moment, stars, str(repository_of(url))))
    return {paper: sorted(rows) for paper, rows in found.items()}


def expected(stars: Stars, repository: str, now: datetime) -> dict[str, Any]:
    """Gains and rate of one paper; a metric without a base is null."""
    recent = [(moment, count) for moment, count, named in stars if named == repository]
    recent = [(moment, count) for moment, count in recent if moment >= now - timedelta(hours=185)]
    row: dict[str, Any] = {"stars_gained_24h": None, "stars_gained_7d": None, "star_rate_per_day": None}
    if not recent:
        return row
    last, total = recent[-1]
    for name, span in WINDOWS.items():
        start = now - span
        bases = [(abs(moment - start), moment, count) for moment, count in recent[:-1]]
        bases = sorted(base for base in bases if base[0] * 10 <= span)
        if last > start and bases:
            row[f"stars_gained_{name}"] = total - bases[0][2]
    first, before = recent[0]
    if last > now - WINDOWS["7d"] and last - first >= timedelta(hours=24) * 0.9:
        row["star_rate_per_day"] = (total - before) / ((last - first) / timedelta(days=1))
    return row


def test_gains_of_stars_equal_an_oracle(demo: Papers, observed: dict[str, Stars]) -> None:
    with duckdb.connect(str(demo.home / "papers.duckdb"), read_only=True) as published:
        result = published.execute("from marts.rpt_code_trends")
        names = [column[0] for column in result.description or ()]
        rows = [dict(zip(names, row, strict=True)) for row in result.fetchall()]
        papers = {paper for (paper,) in published.execute(
            "select paper_id from marts.dim_papers where repository_id is not null").fetchall()}  # fmt: skip
    assert {row["paper_id"] for row in rows} == papers and len(rows) == len(papers) > 100
    assert all(any(row[metric] is not None for row in rows) for metric in ("stars_gained_24h", "stars_gained_7d"))
    rates = {}
    for row in rows:
        want = expected(observed.get(row["paper_id"], []), row["repository_id"], row["as_of"])
        for metric, value in want.items():
            place = (row["paper_id"], metric)
            assert row[metric] == (None if value is None else pytest.approx(value, rel=1e-9, abs=1e-9)), place
            assert (value is None) == (row[f"{metric}_missing_reason"] is not None), place
        rates[row["paper_id"]] = want["star_rate_per_day"]
    known = sorted((rate for rate in rates.values() if rate is not None), reverse=True)
    ranks = {paper: known.index(rate) + 1 if rate is not None else None for paper, rate in rates.items()}
    assert {row["paper_id"]: row["star_rank"] for row in rows} == ranks
