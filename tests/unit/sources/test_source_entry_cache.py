"""A listing parsed with a cache equals the listing parsed without one, however often its entries were parsed before."""

from __future__ import annotations

import json
from datetime import date
from typing import Any

import pytest

from sources.daily_papers.api_json import parse_api_json
from sources.daily_papers.entry_cache import EntryCache
from sources.daily_papers.records import Entry, Listing
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


def _parse_both(cache: EntryCache, page: bytes, day: date | None = DAY) -> Listing:
    """The listing parsed without the cache, asserted to equal the one parsed with it."""
    plain, with_cache = parse_api_json([page], day), parse_api_json([page], day, cache)
    assert with_cache.entries == () and with_cache.received == plain.received
    assert (with_cache.fields, with_cache.refusals) == (plain.fields, plain.refusals)
    assert [_facts(entry, entry) for entry in plain.entries] == [
        _facts(observation, observation.content) for observation in with_cache.observations
    ]
    return plain


def _facts(counts: Any, content: Entry) -> tuple[Any, ...]:
    observed = (counts.position, counts.paper_id, counts.submitted_at, counts.upvotes, counts.comments)
    return (
        *observed,
        counts.github_stars,
        content.title,
        content.abstract,
        content.authors,
        content.extra,
        content.submitted_at,
    )


def test_an_entry_with_other_counts_only_is_not_parsed_again() -> None:
    parsed: list[Entry] = []
    cache = EntryCache(lambda entry: parsed.append(entry) or entry)  # type: ignore[func-returns-value]
    _parse_both(cache, _body(_entry(1), _entry(2, githubStars=5)))
    _parse_both(cache, _body(_entry(2, 9, githubStars=6), _entry(1, 0), _entry(3)))
    _parse_both(cache, _body(_entry(2, 9), _entry(1, 4, title="Another")))
    assert [entry.paper_id[-1] for entry in parsed if entry.paper_id] == ["1", "2", "3", "2", "1"]


def test_a_cached_entry_twice_in_one_listing_is_refused() -> None:
    cache = EntryCache(lambda entry: entry)
    assert _parse_both(cache, _body(_entry(1), _entry(1, 4))).refusals[0].reason_code == "duplicate_in_listing"
    assert len(_parse_both(cache, _body(_entry(1), _entry(1, 4), _entry(1))).refusals) == 2


@pytest.mark.parametrize("upvotes", [-1, 2**31, 2**40, 1.5, "3", None, True, 10**12])
def test_an_impossible_count_of_a_cached_entry_is_parsed_field_by_field(upvotes: Any) -> None:
    cache = EntryCache(lambda entry: entry)
    _parse_both(cache, _body(_entry(1)))
    _parse_both(cache, _body(_entry(1, upvotes), _entry(2)))


def test_counts_in_unusual_json_notation_are_decoded_not_matched() -> None:
    cache = EntryCache(lambda entry: entry)
    plain = _body(_entry(1))
    twice = plain.replace(b'"upvotes": 3', b'"upvotes": 3, "upvotes": 4')
    escaped = plain.replace(b'"upvotes": 3', b'"\\u0075pvotes": 5')
    power = plain.replace(b'"upvotes": 3', b'"upvotes": 3e0')
    zero = plain.replace(b'"upvotes": 3', b'"upvotes": 03')
    for page in (plain, twice, escaped, power, plain, twice.replace(b"4", b"6"), escaped):
        _parse_both(cache, page)
    with pytest.raises(FormatError, match="JSON"):
        parse_api_json([zero], DAY, cache)


def test_an_unknown_field_or_broken_text_is_reported_each_time() -> None:
    cache = EntryCache(lambda entry: entry)
    for _ in range(2):
        assert _parse_both(cache, _body(_entry(1, new={"upvotes": 1}), _entry(2))).entries[0].extra
        _parse_both(cache, _body(_entry(1, new={"upvotes": 2}), _entry(2)))
        _parse_both(cache, _body(_entry(3), _entry(4)).replace(b"Bo", b"B\\ud83d"))
        _parse_both(cache, b"\xef\xbb\xbf" + _body(_entry(1), _entry(2)))
        _parse_both(cache, _body(_entry(1, title=" ")))


def test_a_submission_time_that_depends_on_the_listing_date_is_cached_by_date() -> None:
    cache = EntryCache(lambda entry: entry)
    old = _entry(1, publishedAt="2024-12-01T00:00:00.000Z")
    old["publishedAt"] = "2024-12-03T02:00:00.000Z"
    for day in (date(2024, 12, 3), date(2024, 12, 2), None):
        _parse_both(cache, _body(old), day)


def test_entries_that_were_not_used_for_long_are_evicted_and_parsed_again() -> None:
    parsed: list[str] = []
    cache = EntryCache(lambda entry: parsed.append(entry.title) or entry, min_entries=2)  # type: ignore[func-returns-value]
    for number in (1, 2, 1, 3, 1, 4, 5, 1, 6, 7, 2):
        _parse_both(cache, _body(_entry(number, number)))
    assert len(parsed) == 8
