"""Paging, fallback and faults of the client, through HTTP against the replay server."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest

from sources.daily_papers.client import Capture, DailyPapersClient
from sources.daily_papers.formats import parse
from sources.errors import FormatError, PermanentError, TransientError
from sources.faults import Fault
from sources.http import HttpClient, Response
from sources.replay import ReplayServer

MakeEntry = Callable[..., dict[str, Any]]
DAY = date(2025, 4, 2)
NOW = datetime(2025, 4, 3, 8, tzinfo=UTC)


def _write(folder: Path, name: str, records: Any) -> None:
    (folder / name).write_text(json.dumps(records))


def _listing(capture: Capture) -> Any:
    return parse(
        capture.format,
        [payload.body for payload in capture.payloads],
        capture.listing_date,
        capture.observed_at,
    )


def test_a_long_listing_is_turned_to_its_short_page(
    tmp_path: Path, make_entry: MakeEntry, fast_http: HttpClient
) -> None:
    records = [make_entry(f"2501.{number:05d}", paper__upvotes=number) for number in range(250)]
    _write(tmp_path, "2025-04-02.json", records)
    with ReplayServer(tmp_path) as site:
        capture = DailyPapersClient(site.url + "/", fast_http, now=lambda: NOW).fetch_listing(DAY)
        assert [request.path.partition("?")[2] for request in site.requests] == [
            f"date=2025-04-02&limit=100&p={page}" for page in range(3)
        ]
    assert (capture.listing_date, capture.observed_at, capture.format) == (DAY, NOW, "api_json")
    assert (capture.duplicate_ids, capture.used_fallback) == ((), None)
    listing = _listing(capture)
    assert len(listing.entries) == 250
    assert [entry.upvotes for entry in listing.entries] == sorted(range(250), reverse=True)


def test_a_full_last_page_is_followed_by_an_empty_one(
    tmp_path: Path, make_entry: MakeEntry, fast_http: HttpClient
) -> None:
    _write(tmp_path, "2025-04-02.json", [make_entry(f"2501.{number:05d}") for number in range(100)])
    with ReplayServer(tmp_path) as site:
        capture = DailyPapersClient(site.url, fast_http).fetch_listing(DAY)
    assert [len(json.loads(payload.body)) for payload in capture.payloads] == [100, 0]


def test_a_day_without_papers_is_an_empty_listing(tmp_path: Path, make_entry: MakeEntry, fast_http: HttpClient) -> None:
    _write(tmp_path, "2025-04-02.json", [make_entry()])
    with ReplayServer(tmp_path) as site:
        capture = DailyPapersClient(site.url, fast_http).fetch_listing(date(2025, 4, 5))
    assert [payload.body for payload in capture.payloads] == [b"[]"]
    assert _listing(capture).received == 0


class _Pages:
    """Answers pages from a list, whatever is asked."""

    def __init__(self, pages: list[bytes]) -> None:
        self.pages = pages
        self.asked = 0

    def get(self, url: str, params: Any = None) -> Response:
        page = self.pages[min(self.asked, len(self.pages) - 1)]
        self.asked += 1
        return Response(url, 200, page)


def test_a_paper_met_on_two_pages_is_noticed(make_entry: MakeEntry) -> None:
    pages = _Pages(
        [
            json.dumps([make_entry("2501.00001"), make_entry("2501.00002")]).encode(),
            json.dumps([make_entry("2501.00002")]).encode(),
        ]
    )
    capture = DailyPapersClient("http://site.invalid", pages, page_size=2).fetch_listing(DAY)  # type: ignore[arg-type]
    assert capture.duplicate_ids == ("2501.00002",)
    assert [refusal.reason_code for refusal in _listing(capture).refusals] == ["duplicate_in_listing"]


def test_a_server_that_repeats_its_page_is_not_asked_for_ever(make_entry: MakeEntry) -> None:
    pages = _Pages([json.dumps([make_entry("2501.00001")]).encode()])
    capture = DailyPapersClient("http://site.invalid", pages, page_size=1).fetch_listing(DAY)  # type: ignore[arg-type]
    assert len(capture.payloads) == 2
    assert capture.duplicate_ids == ("2501.00001",)


def test_the_number_of_pages_is_bounded(make_entry: MakeEntry) -> None:
    pages = _Pages([json.dumps([make_entry(f"2501.{number:05d}")]).encode() for number in range(50)])
    client = DailyPapersClient("http://site.invalid", pages, page_size=1, max_pages=5)  # type: ignore[arg-type]
    assert len(client.fetch_listing(DAY).payloads) == 5


@pytest.mark.parametrize("shape", ["bare_one", "status", "strings", "pubmed", "html_error"])
def test_a_wrong_shape_is_brought_home_for_the_parser_to_refuse(
    tmp_path: Path, make_entry: MakeEntry, fast_http: HttpClient, shape: str
) -> None:
    _write(tmp_path, "2025-04-02.json", [make_entry()])
    with ReplayServer(tmp_path, faults=[Fault("wrong_shape", shape=shape)]) as site:
        capture = DailyPapersClient(site.url, fast_http).fetch_listing(DAY)
    assert len(capture.payloads) == 1
    with pytest.raises(FormatError):
        _listing(capture)


@pytest.mark.parametrize("kind", ["error", "oversized", "foreign_redirect", "unreachable", "cut", "gzip_bomb"])
def test_the_daily_page_stands_in_for_a_failing_api(
    tmp_path: Path, make_entry: MakeEntry, fast_http: HttpClient, kind: Any
) -> None:
    _write(tmp_path, "2025-04-02.json", [make_entry(), make_entry("2501.00002")])
    with ReplayServer(tmp_path, faults=[Fault(kind, route="api", size=2 * 2**20)]) as site:
        capture = DailyPapersClient(site.url, fast_http).fetch_listing(DAY)
    assert capture.format == "page_html"
    assert capture.used_fallback is not None and capture.used_fallback.startswith("The API failed: ")
    listing = _listing(capture)
    assert (len(listing.entries), listing.served_date) == (2, DAY)


def test_the_page_of_a_date_without_list_shows_the_latest_one(
    tmp_path: Path, make_entry: MakeEntry, fast_http: HttpClient
) -> None:
    _write(tmp_path, "2025-04-02.json", [make_entry()])
    with ReplayServer(tmp_path, faults=[Fault("error", route="api")]) as site:
        capture = DailyPapersClient(site.url, fast_http).fetch_listing(date(2025, 4, 5))
    assert _listing(capture).served_date == DAY


def test_both_failures_are_told(tmp_path: Path, make_entry: MakeEntry, fast_http: HttpClient) -> None:
    _write(tmp_path, "2025-04-02.json", [make_entry()])
    faults = [Fault("error", route="api", status=502), Fault("foreign_redirect", route="page")]
    with ReplayServer(tmp_path, faults=faults) as site, pytest.raises(TransientError) as caught:
        DailyPapersClient(site.url, fast_http).fetch_listing(DAY)
    assert "502" in caught.value.message
    assert "The daily page failed too" in caught.value.message
    assert caught.value.status == 502


def test_a_bad_date_is_not_asked_again_as_a_page(tmp_path: Path, make_entry: MakeEntry, fast_http: HttpClient) -> None:
    _write(tmp_path, "2025-04-02.json", [make_entry()])
    with ReplayServer(tmp_path, faults=[Fault("error", status=400)]) as site:
        with pytest.raises(PermanentError) as caught:
            DailyPapersClient(site.url, fast_http).fetch_listing(DAY)
        assert len(site.requests) == 1
    assert caught.value.status == 400
