"""The replay server: the site's routes, caps and clock, and its command line."""

from __future__ import annotations

import gzip
import json
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest

from sources.daily_papers.page_html import parse_page_html
from sources.errors import PermanentError
from sources.faults import Fault, read_fault
from sources.http import HttpClient
from sources.replay import ArchiveError, ReplayServer

MakeEntry = Callable[..., dict[str, Any]]


@pytest.fixture
def archive(tmp_path: Path, make_entry: MakeEntry) -> Path:
    """Two dates; the first seen three times, in three ways of writing a file."""

    def votes(number: int) -> str:
        return json.dumps([make_entry(paper__upvotes=number)])

    (tmp_path / "deep").mkdir()
    (tmp_path / "2025-04-02@2025-04-02T080000Z.json").write_text(votes(1))
    (tmp_path / "deep" / "2025-04-02@2025-04-03T080000+0000.json.gz").write_bytes(gzip.compress(votes(2).encode()))
    (tmp_path / "2025-04-02.json").write_text(votes(3))
    (tmp_path / "2025-04-03.json").write_text(json.dumps([make_entry("2501.00009")]))
    (tmp_path / "notes.txt").write_text("not a listing")
    rows = ["file\tlisting_date\tobserved_at\tsha256", "2025-04-02.json\t2025-04-02\t2025-04-04T08:00:00Z\tx"]
    (tmp_path / "manifest.tsv").write_text("\n".join(rows) + "\n")
    return tmp_path


@pytest.fixture
def site(archive: Path) -> Iterator[ReplayServer]:
    with ReplayServer(archive) as server:
        yield server


def _get(site: ReplayServer, http: HttpClient, query: str) -> list[Any]:
    found = json.loads(http.get(f"{site.url}/api/daily_papers?{query}").body)
    assert isinstance(found, list)
    return found


@pytest.mark.parametrize(
    ("now", "votes"),
    [
        (datetime(2025, 4, 2, 7, tzinfo=UTC), []),
        (datetime(2025, 4, 2, 8, tzinfo=UTC), [1]),
        (datetime(2025, 4, 3, 9, tzinfo=UTC), [2]),
        (datetime(2025, 4, 4, 9, tzinfo=UTC), [3]),
        (None, [3]),
    ],
)
def test_the_newest_capture_known_at_the_moment_is_served(
    site: ReplayServer, fast_http: HttpClient, now: datetime | None, votes: list[int]
) -> None:
    site.now = now
    found = _get(site, fast_http, "date=2025-04-02")
    assert [record["paper"]["upvotes"] for record in found] == votes


def test_without_a_limit_the_fifty_entries_with_the_most_upvotes_are_served(
    tmp_path: Path, make_entry: MakeEntry, fast_http: HttpClient
) -> None:
    records = [make_entry(f"2501.{number:05d}", paper__upvotes=number) for number in range(71)]
    (tmp_path / "2025-04-02.json").write_text(json.dumps(records))
    with ReplayServer(tmp_path) as site:
        assert [record["paper"]["upvotes"] for record in _get(site, fast_http, "date=2025-04-02")] == list(
            range(70, 20, -1)
        )
        assert len(_get(site, fast_http, "date=2025-04-02&p=1")) == 21
        assert _get(site, fast_http, "date=2025-04-02&p=2") == []
        assert len(_get(site, fast_http, "date=2025-04-02&limit=100")) == 71


@pytest.mark.parametrize("query", ["date=2025-02-30", "date=20250402", "date=x", "limit=101", "limit=0", "p=-1"])
def test_bad_parameters_are_answered_with_400(site: ReplayServer, fast_http: HttpClient, query: str) -> None:
    with pytest.raises(PermanentError) as caught:
        fast_http.get(f"{site.url}/api/daily_papers?{query}")
    assert caught.value.status == 400


def test_a_page_names_its_neighbours_and_the_latest_is_served_for_missing_dates(
    site: ReplayServer, fast_http: HttpClient
) -> None:
    def page(day: str) -> bytes:
        return fast_http.get(f"{site.url}/papers/date/{day}").body

    assert parse_page_html(page("2025-04-02")).served_date == date(2025, 4, 2)
    assert b"nextDate" in page("2025-04-02") and b"prevDate" not in page("2025-04-02")
    assert parse_page_html(page("2025-04-05")).served_date == date(2025, 4, 3)


def test_a_stored_page_is_served_unchanged_and_its_entries_by_the_api(
    tmp_path: Path, site: ReplayServer, fast_http: HttpClient
) -> None:
    stored = fast_http.get(f"{site.url}/papers/date/2025-04-03").body + b"<!-- as stored -->"
    other = tmp_path / "other"
    other.mkdir()
    (other / "2025-04-03@2025-04-04T080000Z.html").write_bytes(stored)
    with ReplayServer(other) as second:
        assert fast_http.get(f"{second.url}/papers/date/2025-04-03").body == stored
        assert _get(second, fast_http, "date=2025-04-03")[0]["paper"]["id"] == "2501.00009"


def test_an_archived_payload_that_is_no_list_is_served_unchanged(tmp_path: Path, fast_http: HttpClient) -> None:
    (tmp_path / "2025-04-05.json").write_bytes(b"1")
    with ReplayServer(tmp_path) as site:
        assert fast_http.get(f"{site.url}/api/daily_papers?date=2025-04-05").body == b"1"


def test_answers_carry_a_rate_limit_and_requests_are_counted(site: ReplayServer, fast_http: HttpClient) -> None:
    response = fast_http.get(f"{site.url}/api/daily_papers?date=2025-04-02")
    assert response.headers["ratelimit"].startswith('"api";r=')
    (request,) = site.requests
    assert request.path == "/api/daily_papers?date=2025-04-02"
    assert request.at.tzinfo is not None


def test_a_fault_applies_to_its_route_and_date_and_as_often_as_stated(
    site: ReplayServer, fast_http: HttpClient
) -> None:
    site.faults = [Fault("wrong_shape", times=1, route="api", listing_date=date(2025, 4, 2))]
    url = f"{site.url}/api/daily_papers?date="
    assert fast_http.get(f"{site.url}/papers/date/2025-04-02").body != b"1"
    assert fast_http.get(url + "2025-04-03").body != b"1"
    assert fast_http.get(url + "2025-04-02").body == b"1"
    assert fast_http.get(url + "2025-04-02").body != b"1"


def test_another_dates_list_can_be_served(site: ReplayServer, fast_http: HttpClient) -> None:
    site.faults = [Fault("other_date")]
    assert _get(site, fast_http, "date=2025-04-02")[0]["paper"]["id"] == "2501.00009"
    page = parse_page_html(fast_http.get(f"{site.url}/papers/date/2025-04-02").body)
    assert page.served_date == date(2025, 4, 3)


def test_faults_are_written_on_the_command_line() -> None:
    fault = read_fault("wrong_shape=strings@api:2")
    assert (fault.kind, fault.shape, fault.route, fault.times) == ("wrong_shape", "strings", "api", 2)
    assert read_fault("slow=3").seconds == 3
    assert read_fault("error=503:1").status == 503
    for text in ("typo", "wrong_shape=typo", "cut@typo", "cut=3", "cut:x", ""):
        with pytest.raises(ValueError, match=r"."):
            read_fault(text)


@pytest.mark.parametrize("make", [False, True])
def test_a_missing_or_empty_archive_is_one_sentence(tmp_path: Path, make: bool) -> None:
    folder = tmp_path / "none"
    if make:
        folder.mkdir()
    with pytest.raises(ArchiveError):
        ReplayServer(folder)
    done = _command(str(folder))
    assert done.wait(20) == 2
    _, errors = done.communicate()
    assert errors.count("\n") == 1 and "Traceback" not in errors


def test_the_command_serves_until_it_is_terminated(archive: Path, fast_http: HttpClient) -> None:
    command = _command(str(archive), "--now", "2025-04-02T09:00:00Z", "--fault", "error:1")
    try:
        assert command.stdout is not None
        line = command.stdout.readline()
        assert line.startswith(f"serving {archive} at http://127.0.0.1:")
        url = line.rpartition(" ")[2].strip()
        body = fast_http.get(f"{url}/api/daily_papers?date=2025-04-02").body
        assert json.loads(body)[0]["paper"]["upvotes"] == 1
        command.send_signal(signal.SIGTERM)
        assert command.wait(10) == 0
    finally:
        command.kill()
        command.communicate()


def _command(*arguments: str) -> subprocess.Popen[str]:
    root = Path(__file__).resolve().parents[3]
    return subprocess.Popen(
        [sys.executable, "-m", "sources.replay", *arguments],
        cwd=root,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
