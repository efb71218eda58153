"""The details of one paper: totals, what is missing or of another shape, and a 404."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import sources
from sources.daily_papers.client import DailyPapersClient
from sources.daily_papers.records import PaperTotals
from sources.errors import FormatError, PermanentError
from sources.faults import Fault
from sources.http import HttpClient
from sources.replay import ReplayServer

MakeEntry = Callable[..., dict[str, Any]]
TOTALS = {
    "linkedModels": [{"id": "invented/model", "likes": 3}],
    "numTotalModels": 12,
    "linkedDatasets": [],
    "numTotalDatasets": 0,
    "linkedSpaces": [],
    "numTotalSpaces": 2,
}


def details(make_entry: MakeEntry, **changes: Any) -> bytes:
    paper = {**make_entry("2501.00001", paper__upvotes=7)["paper"], "numComments": 4, **TOTALS, **changes}
    return json.dumps({name: value for name, value in paper.items() if value is not ...}).encode()


def test_the_details_of_a_paper_are_an_entry_and_its_totals(make_entry: MakeEntry) -> None:
    listing = sources.parse("paper", [details(make_entry)])
    (entry,) = listing.entries
    assert (listing.kind, entry.paper_id, entry.position) == ("paper", "2501.00001", 1)
    assert (entry.upvotes, entry.comments, entry.github_stars) == (7, 4, 7)
    assert listing.totals == PaperTotals("2501.00001", True, 12, 0, 2)
    assert not listing.refusals and entry.extra is None
    known = {field.path: field.is_known for field in listing.fields}
    assert known["upvotes"] and known["authors[].name"] and known["numTotalModels"] and known["linkedModels"]
    assert all(known.values()) and "paper" not in known


@pytest.mark.parametrize(
    ("changes", "path", "reason", "totals"),
    [
        ({"numTotalModels": ...}, "numTotalModels", "missing_field", (None, 0, 2)),
        ({"numTotalDatasets": "0"}, "numTotalDatasets", "bad_value", (12, None, 2)),
        ({"numTotalSpaces": None}, "numTotalSpaces", "bad_value", (12, 0, None)),
        ({"numTotalModels": -1}, "numTotalModels", "bad_value", (None, 0, 2)),
        ({"numTotalModels": 1.5}, "numTotalModels", "bad_value", (None, 0, 2)),
        ({"numTotalModels": True}, "numTotalModels", "bad_value", (None, 0, 2)),
    ],
)
def test_a_total_that_is_no_count_is_refused_and_the_rest_is_used(
    make_entry: MakeEntry, changes: dict[str, Any], path: str, reason: str, totals: tuple[int | None, ...]
) -> None:
    listing = sources.parse("paper", [details(make_entry, **changes)])
    (refusal,) = listing.refusals
    assert (refusal.field_path, refusal.reason_code) == (path, reason)
    assert listing.totals == PaperTotals("2501.00001", True, *totals)
    assert [entry.upvotes for entry in listing.entries] == [7]


@pytest.mark.parametrize(
    ("changes", "path"),
    [({"id": ...}, "id"), ({"id": "39000001"}, "id"), ({"upvotes": ...}, "upvotes"), ({"upvotes": "7"}, "upvotes")],
)
def test_a_paper_without_id_or_upvotes_is_refused_with_the_path_of_the_payload(
    make_entry: MakeEntry, changes: dict[str, Any], path: str
) -> None:
    changes = {"discussionId": ..., "submittedOnDailyAt": ..., "submittedOnDailyBy": ..., **changes}
    listing = sources.parse("paper", [details(make_entry, **changes)])
    (refusal,) = listing.refusals
    assert refusal.field_path == path and "paper." not in refusal.detail
    assert not listing.entries and listing.totals is None


def test_an_unknown_field_is_kept_and_noticed(make_entry: MakeEntry) -> None:
    listing = sources.parse("paper", [details(make_entry, numTotalNotebooks=3)])
    (entry,) = listing.entries
    assert json.loads(entry.extra or "") == {"paper.numTotalNotebooks": 3}
    assert {field.path for field in listing.fields if not field.is_known} == {"numTotalNotebooks"}


@pytest.mark.parametrize(
    ("body", "reason_code"),
    [
        (b"[]", "not_a_paper"),
        (b"1", "not_a_paper"),
        (b"", "not_json"),
        (b"<html></html>", "not_json"),
        (b"\xff{}", "not_utf8"),
        (b'{"id": ' + b"[" * 100_000, "not_json"),
    ],
)
def test_what_is_no_object_is_refused(body: bytes, reason_code: str) -> None:
    with pytest.raises(FormatError) as caught:
        sources.parse("paper", [body])
    assert caught.value.reason_code in (reason_code, "too_deep")


def test_a_saved_paper_is_known_by_its_content(make_entry: MakeEntry) -> None:
    assert sources.kind_of(details(make_entry)) == "paper"
    assert sources.kind_of(b'{"status": "success", "id": "x"}') == "daily"
    assert sources.kind_of(b'{"id": "2501.00001", "title": "No upvotes"}') == "daily"


def test_the_client_returns_a_404_as_an_answer(tmp_path: Path, make_entry: MakeEntry, fast_http: HttpClient) -> None:
    (tmp_path / "2025-04-02.json").write_text(json.dumps([make_entry("2501.00001")]))
    with ReplayServer(tmp_path) as site:
        client = DailyPapersClient(site.url, fast_http)
        (found,) = client.fetch_paper("2501.00001").payloads
        assert found.status == 200 and sources.parse("paper", [found.body]).totals is not None
        (missing,) = client.fetch_paper("2501.00002").payloads
        assert (missing.status, json.loads(missing.body)) == (404, {"error": "Paper not found"})
        site.faults = [Fault("error", route="paper", status=403)]
        with pytest.raises(PermanentError):
            client.fetch_paper("2501.00001")
