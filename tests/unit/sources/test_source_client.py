"""Paging, fallback and faults of the client, through HTTP against the replay server."""

from __future__ import annotations

import json
import tracemalloc
from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

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


def test_all_pages_of_a_long_listing_are_read(tmp_path: Path, make_entry: MakeEntry, fast_http: HttpClient) -> None:
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


def test_a_paper_on_two_pages_is_in_duplicate_ids(make_entry: MakeEntry) -> None:
    pages = _Pages(
        [
            json.dumps([make_entry("2501.00001"), make_entry("2501.00002")]).encode(),
            json.dumps([make_entry("2501.00002")]).encode(),
        ]
    )
    capture = DailyPapersClient("http://site.invalid", pages, page_size=2).fetch_listing(DAY)  # type: ignore[arg-type]
    assert capture.duplicate_ids == ("2501.00002",)
    assert [refusal.reason_code for refusal in _listing(capture).refusals] == ["duplicate_in_listing"]


def test_a_server_that_ignores_the_page_number_is_requested_a_bounded_number_of_times(make_entry: MakeEntry) -> None:
    pages = _Pages([json.dumps([make_entry("2501.00001")]).encode()])
    capture = DailyPapersClient("http://site.invalid", pages, page_size=1).fetch_listing(DAY)  # type: ignore[arg-type]
    assert len(capture.payloads) == 2
    assert capture.duplicate_ids == ("2501.00001",)


def test_the_number_of_pages_is_bounded(make_entry: MakeEntry) -> None:
    pages = _Pages([json.dumps([make_entry(f"2501.{number:05d}")]).encode() for number in range(50)])
    client = DailyPapersClient("http://site.invalid", pages, page_size=1, max_pages=5)  # type: ignore[arg-type]
    assert len(client.fetch_listing(DAY).payloads) == 5


@pytest.mark.parametrize("shape", ["bare_one", "status", "strings", "pubmed", "html_error"])
def test_a_payload_of_the_wrong_shape_is_returned_for_the_parser_to_refuse(
    tmp_path: Path, make_entry: MakeEntry, fast_http: HttpClient, shape: str
) -> None:
    _write(tmp_path, "2025-04-02.json", [make_entry()])
    with ReplayServer(tmp_path, faults=[Fault("wrong_shape", shape=shape)]) as site:
        capture = DailyPapersClient(site.url, fast_http).fetch_listing(DAY)
    assert len(capture.payloads) == 1
    with pytest.raises(FormatError):
        _listing(capture)


@pytest.mark.parametrize("kind", ["error", "oversized", "foreign_redirect", "unreachable", "cut", "gzip_bomb"])
def test_the_daily_page_is_read_when_the_api_fails(
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


def test_the_error_names_both_failures(tmp_path: Path, make_entry: MakeEntry, fast_http: HttpClient) -> None:
    _write(tmp_path, "2025-04-02.json", [make_entry()])
    faults = [Fault("error", route="api", status=502), Fault("foreign_redirect", route="page")]
    with ReplayServer(tmp_path, faults=faults) as site, pytest.raises(TransientError) as caught:
        DailyPapersClient(site.url, fast_http).fetch_listing(DAY)
    assert "502" in caught.value.message
    assert "The daily page failed too" in caught.value.message
    assert caught.value.status == 502


def test_the_error_names_an_equal_failure_of_api_and_page_once(
    tmp_path: Path, make_entry: MakeEntry, fast_http: HttpClient
) -> None:
    _write(tmp_path, "2025-04-02.json", [make_entry()])
    with ReplayServer(tmp_path, faults=[Fault("error", status=404)]) as site, pytest.raises(PermanentError) as caught:
        DailyPapersClient(site.url, fast_http).fetch_listing(DAY)
    assert caught.value.message.endswith("The daily page failed too.") and caught.value.message.count("404") == 1


def test_the_page_of_a_refused_date_is_not_requested(
    tmp_path: Path, make_entry: MakeEntry, fast_http: HttpClient
) -> None:
    _write(tmp_path, "2025-04-02.json", [make_entry()])
    with ReplayServer(tmp_path, faults=[Fault("error", status=400)]) as site:
        with pytest.raises(PermanentError) as caught:
            DailyPapersClient(site.url, fast_http).fetch_listing(DAY)
        assert len(site.requests) == 1
    assert caught.value.status == 400


def _many(folder: Path, make_entry: MakeEntry, number: int) -> None:
    _write(folder, "2025-04-02.json", [make_entry(f"2501.{n:05d}", paper__upvotes=1000 - n) for n in range(number)])


@pytest.mark.parametrize(
    ("faults", "papers", "requests"),
    [
        ([Fault("short_page", entries=99)], 129, 2),
        ([Fault("short_page", entries=7)], 40, 6),
        ([Fault("page_cap", entries=50)], 129, 4),
        ([Fault("page_cap", entries=50)], 50, 2),
        ([Fault("page_cap", entries=30)], 75, 4),
        ([Fault("short_page", entries=99), Fault("bad_limit", entries=50)], 129, 4),
    ],
)
def test_short_pages_lose_no_papers(
    tmp_path: Path, make_entry: MakeEntry, fast_http: HttpClient, faults: list[Fault], papers: int, requests: int
) -> None:
    _many(tmp_path, make_entry, papers)
    with ReplayServer(tmp_path, faults=faults) as site:
        capture = DailyPapersClient(site.url, fast_http).fetch_listing(DAY)
        assert len(site.requests) == requests
    listing = _listing(capture)
    assert (len(listing.entries), listing.refusals, capture.duplicate_ids) == (papers, (), ())


@pytest.mark.parametrize("papers", [129, 60])
def test_papers_that_move_between_pages_are_neither_lost_nor_doubled(
    tmp_path: Path, make_entry: MakeEntry, fast_http: HttpClient, papers: int
) -> None:
    _many(tmp_path, make_entry, papers)
    faults = [Fault("page_cap", entries=50), Fault("shift", times=1)]
    with ReplayServer(tmp_path, faults=faults) as site:
        capture = DailyPapersClient(site.url, fast_http).fetch_listing(DAY)
    listing = _listing(capture)
    assert (len(listing.entries), listing.refusals) == (papers, ())
    assert [len(one.duplicate_ids) for one in capture.earlier] == [1]
    assert capture.warnings == ()


def test_a_listing_that_always_shifts_is_read_a_bounded_number_of_times(make_entry: MakeEntry) -> None:
    pages = _Pages([json.dumps([make_entry(f"2501.{n + k:05d}") for k in range(4)]).encode() for n in range(100)])
    client = DailyPapersClient("http://site.invalid", pages, page_size=4, max_pages=5)  # type: ignore[arg-type]
    capture = client.fetch_listing(DAY)
    assert pages.asked == 15
    assert any("papers may be missing" in warning for warning in capture.warnings)


def test_pages_that_always_overlap_are_no_shifted_listing(make_entry: MakeEntry) -> None:
    listing = [json.dumps([make_entry(f"2501.{2 * n + k:05d}") for k in range(3)]).encode() for n in range(3)] + [b"[]"]
    pages = _Pages(listing * 3)
    client = DailyPapersClient("http://site.invalid", pages, page_size=3)  # type: ignore[arg-type]
    capture = client.fetch_listing(DAY)
    assert pages.asked == 8 and capture.warnings == ()
    assert len(_listing(capture).entries) == 7


def _linked(make_entry: MakeEntry, link: str) -> _Pages:
    """Two pages, the first with a link; whatever is asked again brings the second."""
    pages = _Pages([json.dumps([make_entry(f"2501.0000{n}")]).encode() for n in (1, 2)])
    get = pages.get

    def linked(url: str, params: Any = None) -> Response:
        response = get(url, params)
        asked.append(url)
        return Response(url, 200, response.body, {"Link": link} if len(asked) == 1 else {})

    asked: list[str] = []
    pages.get, pages.urls = linked, asked  # type: ignore[method-assign,attr-defined]
    return pages


def test_a_link_to_another_origin_is_not_followed(make_entry: MakeEntry) -> None:
    for link in (
        "https://elsewhere.invalid/api/daily_papers?p=1",
        "http://site.invalid:81/api",
        "//elsewhere.invalid/x",
    ):
        pages = _linked(make_entry, f'<{link}>; rel="next"')
        DailyPapersClient("http://site.invalid", pages).fetch_listing(DAY)  # type: ignore[arg-type]
        assert all(url.startswith("http://site.invalid/") for url in pages.urls)  # type: ignore[attr-defined]
    pages = _linked(make_entry, '</api/daily_papers?cursor=x>; rel="prev next"')
    capture = DailyPapersClient("http://site.invalid", pages).fetch_listing(DAY)  # type: ignore[arg-type]
    assert pages.urls[1:] == ["http://site.invalid/api/daily_papers?cursor=x"]  # type: ignore[attr-defined]
    assert len(capture.payloads) == 2


def test_a_full_last_page_by_the_link_is_followed_by_one_that_shows_whether_the_link_was_right(
    make_entry: MakeEntry,
) -> None:
    def fetch(*pages: range) -> tuple[Capture, list[str]]:
        served = _Pages([json.dumps([make_entry(f"2501.{n:05d}") for n in page]).encode() for page in pages])
        get, urls = served.get, []

        def linked(url: str, params: Any = None) -> Response:
            urls.append(url)
            return Response(url, 200, get(url, params).body, {"Link": '</api/daily_papers?p=0>; rel="first"'})

        served.get = linked  # type: ignore[method-assign]
        client = DailyPapersClient("http://site.invalid", served, page_size=3)  # type: ignore[arg-type]
        return client.fetch_listing(DAY), urls

    short, urls = fetch(range(2), range(2, 4))
    assert (len(_listing(short).entries), len(urls), short.warnings) == (2, 1, ())
    full, urls = fetch(range(3), range(0))
    assert (len(_listing(full).entries), len(urls), full.warnings) == (3, 2, ())
    wrong, urls = fetch(range(3), range(3, 5), range(5, 6))
    assert (len(_listing(wrong).entries), len(urls)) == (5, 2)
    assert wrong.warnings == ("the header Link ended after 3 papers, though more followed",)


def test_a_listing_that_may_have_been_cut_warns(make_entry: MakeEntry) -> None:
    full = _Pages([json.dumps([make_entry(f"2501.{n:05d}") for n in range(50)]).encode()])
    capture = DailyPapersClient("http://site.invalid", full).fetch_listing(DAY)  # type: ignore[arg-type]
    assert capture.warnings and "may be cut at 50" in capture.warnings[0]
    assert _listing(capture).refusals == ()
    pages = _Pages([json.dumps([make_entry(f"2501.{number:05d}")]).encode() for number in range(50)])
    client = DailyPapersClient("http://site.invalid", pages, page_size=1, max_pages=5)  # type: ignore[arg-type]
    assert "more than 5 pages" in client.fetch_listing(DAY).warnings[0]


@pytest.mark.parametrize("page_works", [True, False])
def test_a_later_page_that_fails_keeps_the_papers_of_the_first(
    tmp_path: Path, make_entry: MakeEntry, fast_http: HttpClient, page_works: bool
) -> None:
    _many(tmp_path, make_entry, 129)

    class LaterPagesFail(Fault):
        def strikes(self, route: str, listing_date: date | None, page: int = 0, limit: int | None = None) -> bool:
            return page > 0 or (route == "page" and not page_works)

    with ReplayServer(tmp_path, faults=[LaterPagesFail("error")]) as site:
        capture = DailyPapersClient(site.url, fast_http).fetch_listing(DAY)
    assert len(_listing(capture).entries) == (129 if page_works else 100)
    if page_works:
        assert capture.used_fallback and [len(one.payloads) for one in capture.earlier] == [1]
    else:
        assert "may be cut after 100 papers" in capture.warnings[0]


@pytest.mark.parametrize(
    ("largest", "asked"), [(50, ["100", "50"]), (30, ["100", "30"]), (0, ["100", "50", "20", None])]
)
def test_a_refused_page_size_is_distinguished_from_a_refused_date(
    tmp_path: Path, make_entry: MakeEntry, fast_http: HttpClient, largest: int, asked: list[str | None]
) -> None:
    _many(tmp_path, make_entry, 10)
    with ReplayServer(tmp_path, faults=[Fault("bad_limit", entries=largest)]) as site:
        client = DailyPapersClient(site.url, fast_http)
        capture = client.fetch_listing(DAY)
        limits = [parse_qs(request.path).get("limit", [None])[0] for request in site.requests]
        assert limits[: len(asked)] == asked
        site.requests.clear()
        client.fetch_listing(DAY)
        assert "limit=100" not in site.requests[0].path, "what was refused once is not asked again"
    assert len(_listing(capture).entries) == 10
    assert "refuses limit=100" in capture.warnings[0]


def test_an_array_with_too_many_values_is_not_decoded_to_find_the_next_page() -> None:
    pages = _Pages([b"[" + b"1," * 1_000_000 + b"1]"])
    tracemalloc.start()
    capture = DailyPapersClient("http://site.invalid", pages).fetch_listing(DAY)  # type: ignore[arg-type]
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert len(capture.payloads) == 1 and peak < 10 * 2**20


class _Refusing:
    """Answers 400 with a text to the API, and a page."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.urls: list[str] = []

    def get(self, url: str, params: Any = None) -> Response:
        self.urls.append(url)
        if "/api/" in url:
            raise PermanentError("The server answered 400.", url=url, status=400, answer=self.text)
        return Response(url, 200, b"<html></html>")


@pytest.mark.parametrize("text", ["", "Bad Request", '{"error":"limit is not allowed"}', "Too big: expected <=10"])
def test_a_400_that_is_not_about_the_date_is_answered_by_the_page(text: str) -> None:
    http = _Refusing(text)
    capture = DailyPapersClient("http://site.invalid", http).fetch_listing(DAY)  # type: ignore[arg-type]
    assert capture.format == "page_html" and "400" in (capture.used_fallback or "")
    assert len(http.urls) <= 6
    with pytest.raises(PermanentError):
        DailyPapersClient("http://site.invalid", _Refusing(text)).fetch_listing(DAY, only="api")  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("text", "day"), [("Invalid date", DAY), ('{"error":"date lies in the future"}', DAY), ("", date(2999, 1, 1))]
)
def test_a_400_about_the_date_is_not_retried(text: str, day: date) -> None:
    http = _Refusing(text)
    with pytest.raises(PermanentError):
        DailyPapersClient("http://site.invalid", http).fetch_listing(day)  # type: ignore[arg-type]
    assert len(http.urls) == 1
