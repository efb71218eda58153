"""Fetching as a whole: how long it may take, and what it says."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from sources.daily_papers.client import DailyPapersClient
from sources.faults import Fault
from sources.http import HttpClient, HttpLimits
from sources.replay import ReplayServer
from warehouse.landing import fetching
from warehouse.landing.fetching import fetch_listings
from warehouse.landing.folder import FolderLanding

DAYS = [date(2026, 9, day) for day in range(1, 8)]


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    record: dict[str, Any] = {"paper": {"id": "2609.00001", "title": "A Paper", "upvotes": 1}}
    for day in DAYS:
        (tmp_path / f"{day}.json").write_text(json.dumps([record]))
    return tmp_path


class Slow:
    """A clock on which 25 seconds pass whenever it is read, several times for each request."""

    def __init__(self) -> None:
        self.time = 0.0

    def __call__(self) -> float:
        self.time += 25
        return self.time


def test_fetching_from_a_slow_source_stops_after_a_bounded_time(archive: Path, tmp_path: Path) -> None:
    landing = FolderLanding(tmp_path / "landing")
    clock = Slow()
    with ReplayServer(archive) as site, HttpClient(clock=clock, sleep=lambda _: None) as http:
        report = fetch_listings(landing, DailyPapersClient(site.url, http), DAYS)
    assert 0 < len(report.landed) < len(DAYS)
    assert set(report.landed) | set(report.failures) == set(DAYS)
    assert "time for this fetch is over" in " ".join(report.failures.values())
    assert clock.time <= 2 * (fetching.MAX_SECONDS + fetching.MAX_SECONDS_PER_DATE * len(DAYS))


def test_a_note_of_the_connection_is_remarked_once(archive: Path, tmp_path: Path) -> None:
    with ReplayServer(archive) as site:
        http = HttpClient(limits=HttpLimits(min_interval=0), token="hf_a\n_b", token_endpoint=site.url)
        report = fetch_listings(FolderLanding(tmp_path / "landing"), DailyPapersClient(site.url, http), DAYS)
    assert [remark for remark in report.remarks if "HF_TOKEN" in remark] == report.remarks != []


def test_both_captures_of_a_listing_that_shifted_are_landed(tmp_path: Path) -> None:
    records = [{"paper": {"id": f"2609.{n:05d}", "title": f"Paper {n}", "upvotes": 90 - n}} for n in range(60)]
    (tmp_path / f"{DAYS[0]}.json").write_text(json.dumps(records))
    landing = FolderLanding(tmp_path / "landing")
    faults = [Fault("page_cap", entries=50), Fault("shift", times=1)]
    with ReplayServer(tmp_path, faults=faults) as site, HttpClient(limits=HttpLimits(min_interval=0)) as http:
        report = fetch_listings(landing, DailyPapersClient(site.url, http), DAYS[:1])
    first, second = landing.captures()
    assert second.load_id == report.landed[DAYS[0]] and first.note and "on two pages" in first.note
    assert second.note is None
