"""A listing read with a memory says what it says without one, however often its entries came before."""

from __future__ import annotations

import json
from datetime import date
from typing import Any

import pytest

from sources.daily_papers.api_json import parse_api_json
from sources.daily_papers.records import Entry, Listing
from sources.daily_papers.repeats import Memo
from sources.errors import FormatError

DAY = date(2025, 9, 2)


def _entry(number: int, upvotes: Any = 3, **paper: Any) -> dict[str, Any]:
    return {
        "paper": {
            "id": f"2509.{number:05d}",
            "authors": [{"_id": "a", "name": "Ada Bell", "hidden": False}, {"name": "Bo", "user": {"user": "bo"}}],
            "title": f'On "upvotes": 7, {number}',
            "summary": 'It says \\"upvotes\\": 5, and "numComments": 1}.',
            "publishedAt": "2025-09-01T00:00:00.000Z",
            "upvotes": upvotes,
            **paper,
        },
        "publishedAt": "2025-09-01T20:00:00.000Z",
        "numComments": 2,
    }


def _body(*entries: Any) -> bytes:
    return json.dumps(entries).encode()


def _same(memo: Memo, page: bytes, day: date | None = DAY) -> Listing:
    """The listing without a memory, after it was found equal to the one with it."""
    plain, remembered = parse_api_json([page], day), parse_api_json([page], day, memo)
    assert remembered.entries == () and remembered.received == plain.received
    assert (remembered.fields, remembered.refusals) == (plain.fields, plain.refusals)
    assert [_facts(entry, entry) for entry in plain.entries] == [
        _facts(seen, seen.content) for seen in remembered.observations
    ]
    return plain


def _facts(counts: Any, still: Entry) -> tuple[Any, ...]:
    moving = (counts.position, counts.paper_id, counts.submitted_at, counts.upvotes, counts.comments)
    return (*moving, counts.github_stars, still.title, still.abstract, still.authors, still.extra, still.submitted_at)


def test_counts_that_moved_are_all_that_is_read_again() -> None:
    kept: list[Entry] = []
    memo = Memo(lambda entry: kept.append(entry) or entry)  # type: ignore[func-returns-value]
    _same(memo, _body(_entry(1), _entry(2, githubStars=5)))
    _same(memo, _body(_entry(2, 9, githubStars=6), _entry(1, 0), _entry(3)))
    _same(memo, _body(_entry(2, 9), _entry(1, 4, title="Another")))
    assert [entry.paper_id[-1] for entry in kept if entry.paper_id] == ["1", "2", "3", "2", "1"]


def test_a_repeat_in_one_listing_is_refused_as_ever() -> None:
    memo = Memo(lambda entry: entry)
    assert _same(memo, _body(_entry(1), _entry(1, 4))).refusals[0].reason_code == "duplicate_in_listing"
    assert len(_same(memo, _body(_entry(1), _entry(1, 4), _entry(1))).refusals) == 2


@pytest.mark.parametrize("upvotes", [-1, 2**31, 2**40, 1.5, "3", None, True, 10**12])
def test_a_count_that_is_none_is_read_with_care_though_its_entry_is_known(upvotes: Any) -> None:
    memo = Memo(lambda entry: entry)
    _same(memo, _body(_entry(1)))
    _same(memo, _body(_entry(1, upvotes), _entry(2)))


def test_odd_notations_are_never_taken_for_counts() -> None:
    memo = Memo(lambda entry: entry)
    plain = _body(_entry(1))
    twice = plain.replace(b'"upvotes": 3', b'"upvotes": 3, "upvotes": 4')
    escaped = plain.replace(b'"upvotes": 3', b'"\\u0075pvotes": 5')
    power = plain.replace(b'"upvotes": 3', b'"upvotes": 3e0')
    zero = plain.replace(b'"upvotes": 3', b'"upvotes": 03')
    for page in (plain, twice, escaped, power, plain, twice.replace(b"4", b"6"), escaped):
        _same(memo, page)
    with pytest.raises(FormatError, match="JSON"):
        parse_api_json([zero], DAY, memo)


def test_an_unknown_field_or_broken_text_is_met_on_every_look() -> None:
    memo = Memo(lambda entry: entry)
    for _ in range(2):
        assert _same(memo, _body(_entry(1, new={"upvotes": 1}), _entry(2))).entries[0].extra
        _same(memo, _body(_entry(1, new={"upvotes": 2}), _entry(2)))
        _same(memo, _body(_entry(3), _entry(4)).replace(b"Bo", b"B\\ud83d"))
        _same(memo, b"\xef\xbb\xbf" + _body(_entry(1), _entry(2)))
        _same(memo, _body(_entry(1, title=" ")))


def test_the_submission_that_the_listing_date_settles_is_not_remembered_for_another_date() -> None:
    memo = Memo(lambda entry: entry)
    old = _entry(1, publishedAt="2024-12-01T00:00:00.000Z")
    old["publishedAt"] = "2024-12-03T02:00:00.000Z"
    for day in (date(2024, 12, 3), date(2024, 12, 2), None):
        _same(memo, _body(old), day)


def test_what_was_not_seen_for_long_is_forgotten_and_read_again() -> None:
    kept: list[str] = []
    memo = Memo(lambda entry: kept.append(entry.title) or entry, limit=2)  # type: ignore[func-returns-value]
    for number in (1, 2, 1, 3, 1, 4, 5, 1, 6, 7, 2):
        _same(memo, _body(_entry(number, number)))
    assert len(kept) == 8
