"""The trending list: which payloads are it, what its entries are, and that no daily listing passes as it."""

from __future__ import annotations

import html
import json
from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import Any

import pytest

import sources
from sources.daily_papers.client import DailyPapersClient
from sources.errors import FormatError
from sources.faults import Fault
from sources.http import HttpClient
from sources.replay import ReplayServer

MakeEntry = Callable[..., dict[str, Any]]


def page(**props: Any) -> bytes:
    data = html.escape(json.dumps(props))
    return f'<html><body><div data-target="DailyPapers" data-props="{data}"></div></body></html>'.encode()


def records(make_entry: MakeEntry, count: int = 3) -> list[dict[str, Any]]:
    return [make_entry(f"250{n + 1}.00001", paper__githubStars=100 - n) for n in range(count)]


def test_the_array_and_the_page_give_the_same_ranks(make_entry: MakeEntry) -> None:
    found = records(make_entry)
    array = sources.parse("trending", [json.dumps(found).encode()], listing_date=date(2025, 4, 2))
    marked = sources.parse("trending", [page(dailyPapers=found, isTrending=True, dateString="2025-04-02")])
    for listing, format in ((array, "api_json"), (marked, "page_html")):
        assert (listing.kind, listing.format, listing.served_date) == ("trending", format, None)
        assert [(entry.position, entry.paper_id, entry.github_stars) for entry in listing.entries] == [
            (1, "2501.00001", 100),
            (2, "2502.00001", 99),
            (3, "2503.00001", 98),
        ]


def test_a_record_that_can_not_be_used_leaves_a_gap_in_the_ranks(make_entry: MakeEntry) -> None:
    found = records(make_entry)
    del found[1]["paper"]["upvotes"]
    listing = sources.parse("trending", [json.dumps(found).encode()])
    assert [entry.position for entry in listing.entries] == [1, 3]
    (refusal,) = listing.refusals
    assert (refusal.position, refusal.reason_code, refusal.field_path) == (2, "missing_field", "paper.upvotes")


def test_records_marked_as_trending_are_read(make_entry: MakeEntry) -> None:
    marked = [{**record, "isTrending": True} for record in records(make_entry)]
    assert len(sources.parse("trending", [json.dumps(marked).encode()]).entries) == 3


@pytest.mark.parametrize(
    ("body", "reason_code"),
    [
        (page(dailyPapers=[], isTrending=False, dateString="2025-04-02"), "not_trending"),
        (page(dailyPapers=[], dateString="2025-04-02"), "not_trending"),
        (page(isTrending=True), "no_props"),
        (b"<html><body>Something went wrong</body></html>", "not_daily_page"),
        (b"Trending Papers\nby AK", "not_trending"),
        (b'{"error": "Internal"}', "not_a_list"),
        (b"", "unknown_format"),
    ],
)
def test_what_is_no_trending_list_is_refused(body: bytes, reason_code: str) -> None:
    with pytest.raises(FormatError) as caught:
        sources.parse("trending", [body])
    assert caught.value.reason_code == reason_code


def test_the_kind_of_a_saved_payload_is_in_its_content(make_entry: MakeEntry) -> None:
    found = records(make_entry)
    trending = page(dailyPapers=found, isTrending=True)
    for body in (trending, trending.decode().encode("utf-16"), page(dailyPapers=[], query={"sort": "trending"})):
        assert sources.kind_of(body) == "trending"
    title = make_entry(paper__title='She wrote "isTrending": true')
    for other in (page(dailyPapers=[title], isTrending=False), json.dumps(found).encode(), b"", b"\xff\xfe\x00", b"1"):
        assert sources.kind_of(other) == "daily"


def test_the_client_reads_the_first_hundred_ranks_with_one_request(
    tmp_path: Any, make_entry: MakeEntry, fast_http: HttpClient
) -> None:
    many = [make_entry(f"2501.{n:05d}", paper__githubStars=n) for n in range(120)]
    (tmp_path / "2025-04-02.json").write_text(json.dumps(many))
    with ReplayServer(tmp_path) as site:
        client = DailyPapersClient(site.url, fast_http, now=lambda: datetime(2025, 4, 2, 8, tzinfo=UTC))
        capture = client.fetch_trending()
        assert [request.path for request in site.requests] == ["/api/daily_papers?sort=trending&limit=100"]
        listing = sources.parse("trending", [payload.body for payload in capture.payloads])
        assert [entry.github_stars for entry in listing.entries] == list(range(119, 19, -1))
        site.faults = [Fault("error", route="trending", times=fast_http.limits.attempts)]
        capture = client.fetch_trending()
        assert capture.format == "page_html" and capture.used_fallback
        assert sources.parse("trending", [capture.payloads[0].body]).kind == "trending"
