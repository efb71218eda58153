"""Every fault of the replay server, met by the real client, loader and gate: each line of the README's table."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import get_args

import pytest
from fault_table import TABLE, Row, markdown
from gate_pieces import Warehouse

from sources.daily_papers.client import DailyPapersClient
from sources.faults import WRONG_SHAPES, FaultKind, read_fault
from sources.http import HttpClient, HttpLimits
from sources.replay import ReplayServer
from tests.conftest import ROOT, SAMPLE
from warehouse.landing.fetching import fetch_listings, fetch_papers, fetch_trending

DAY = date(2026, 9, 9)
TOKEN = "hf_secret_of_the_fault_tests"
#: The shipped limits but for their durations, so that giving up does not take minutes.
LIMITS = HttpLimits(min_interval=0, backoff=0.01, read_timeout=1, deadline=1, attempts=2, max_wait=2)


@pytest.fixture(scope="module")
def site() -> Iterator[ReplayServer]:
    with ReplayServer(SAMPLE) as server:
        yield server


#: Of each outcome the first fault is met in the fast tests, the others in the slow ones.
FAST = {row.became: row for row in reversed(TABLE)}.values()


@pytest.mark.parametrize(
    "row",
    [pytest.param(row, marks=() if row in FAST else pytest.mark.slow, id="+".join(row.faults)) for row in TABLE],
)
def test_a_fault_has_the_outcome_in_the_table(row: Row, site: ReplayServer, tmp_path: Path) -> None:
    home = Warehouse.at(tmp_path / "home")
    site.shifted.clear()
    site.faults[:] = [read_fault(text) for text in row.faults]
    with HttpClient(limits=LIMITS, token=TOKEN, token_endpoint=site.url) as http:
        client = DailyPapersClient(site.url, http)
        if row.kind != "daily":
            check_kind(row, home, client)
            return
        report = fetch_listings(home.landing, client, [DAY])
    if row.became == "not fetched":
        assert list(report.failures) == [DAY] and not report.landed
        assert TOKEN not in report.failures[DAY] and "Traceback" not in report.failures[DAY]
        assert not list(home.landing.captures()), "nothing half is landed"
        return
    load = report.landed[DAY]
    assert bool(report.remarks) == row.is_remarked
    gate = home.check()
    (state,) = home.rows(f"select verdict, verdict_by, entries from raw.loads where load_id = '{load}'")
    if row.became.startswith("accepted"):
        assert state[0] == "accepted" and state[2] > 5 and gate.problem is None
    else:
        by = "loader" if "loader" in row.became else "gate"
        assert state[:2] == ("rejected", by) and gate.problem
        assert list(home.landing.captures()), "what was received is kept"
    for file in home.settings.home.rglob("*"):
        assert not file.is_file() or TOKEN.encode() not in file.read_bytes(), file


def check_kind(row: Row, home: Warehouse, client: DailyPapersClient) -> None:
    """A fault of the trending list or of a paper has its outcome, and the listing of the same run is accepted."""
    (day,) = fetch_listings(home.landing, client, [DAY]).landed.values()
    paper_id = json.loads(home.landing.read(next(home.landing.captures()))[0])[0]["paper"]["id"]
    if row.kind == "trending":
        report = fetch_trending(home.landing, client)
    else:
        report = fetch_papers(home.landing, client, [paper_id])
    assert bool(report.failures) == (row.became == "not fetched")
    gate = home.check()
    assert gate.problem is None
    verdicts = {load_id: state for load_id, *state in home.rows("select load_id, verdict, verdict_by from raw.loads")}
    assert verdicts.pop(day) == ["accepted", "gate"]
    verdict = {"accepted": ["accepted", "gate"], "rejected by the gate": ["rejected", "gate"]}
    if row.became == "not fetched":
        assert not verdicts
    else:
        assert list(verdicts.values()) == [verdict.get(row.became, ["rejected", "loader"])]


def test_the_table_names_every_fault_and_the_page_shows_the_table() -> None:
    named = [read_fault(text) for row in TABLE for text in row.faults]
    assert {fault.kind for fault in named} == set(get_args(FaultKind))
    assert {fault.shape for fault in named if fault.kind == "wrong_shape"} == set(WRONG_SHAPES)
    assert markdown() in (ROOT / "README.md").read_text(encoding="utf-8")
