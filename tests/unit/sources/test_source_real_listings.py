"""The parsers on the real listings, against independent counts. Skipped where they are absent."""

from __future__ import annotations

import csv
import json
from collections import Counter
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from sources.daily_papers.formats import check_served_date, detect_format, parse
from sources.daily_papers.records import Listing
from sources.errors import FormatError


def _rows(real_listings: Path) -> list[dict[str, str]]:
    with (real_listings / "manifest.tsv").open(newline="") as lines:
        return [
            row
            for row in csv.DictReader(lines, delimiter="\t")
            if row["file"].partition("/")[0] in ("api", "html", "repeats")
        ]


@pytest.fixture(scope="module")
def parsed(real_listings: Path) -> tuple[list[tuple[date, datetime, Listing]], Counter[str]]:
    listings, refused = [], Counter[str]()
    for row in _rows(real_listings):
        body = (real_listings / row["file"]).read_bytes()
        listing_date = date.fromisoformat(row["listing_date"])
        observed_at = datetime.fromisoformat(row["observed_at"])
        try:
            listing = parse(detect_format(body), [body], listing_date, observed_at)
            check_served_date(listing, listing_date)
        except FormatError as error:
            refused[error.reason_code] += 1
        else:
            listings.append((listing_date, observed_at, listing))
    return listings, refused


def test_every_listing_is_used_and_everything_else_refused(
    real_listings: Path, parsed: tuple[list[tuple[date, datetime, Listing]], Counter[str]]
) -> None:
    listings, refused = parsed
    expected = json.loads((real_listings / "expected_counts.json").read_text())["all"]
    shapes = expected["files_by_shape"]
    assert len(listings) == shapes["array of entries"] + shapes["html page"]
    assert refused == {
        "not_a_list": shapes["int"] + shapes["dict"],
        "not_entries": shapes["array of something else"],
    }
    assert sum(len(listing.entries) for _, _, listing in listings) == expected["entries"]
    assert sum(len(listing.refusals) for _, _, listing in listings) == 0


def test_totals_equal_the_independent_counts(
    real_listings: Path, parsed: tuple[list[tuple[date, datetime, Listing]], Counter[str]]
) -> None:
    expected = json.loads((real_listings / "expected_counts.json").read_text())["all"]
    listings = sorted(parsed[0], key=lambda row: row[1])
    latest = {entry.paper_id: entry for _, _, listing in listings for entry in listing.entries}
    authors = [author for entry in latest.values() for author in entry.authors]
    assert len(latest) == expected["distinct_papers"]
    assert len({day for day, _, _ in listings}) == expected["listing_dates"]
    assert len(authors) == expected["author_mentions_latest"]
    assert len({author.name for author in authors}) == expected["author_names_raw_latest"]
    assert sum(author.account_handle is not None for author in authors) == expected["mentions_with_account_latest"]
    organizations = [entry.organization for entry in latest.values() if entry.organization]
    assert len(organizations) == expected["papers_with_organization_latest"]
    assert len({item.organization_id for item in organizations}) == expected["listed_organization_ids_latest"]
    assert sum(entry.upvotes or 0 for entry in latest.values()) == expected["sum_upvotes_latest"]
    assert sum(entry.comments or 0 for entry in latest.values()) == expected["sum_comments_latest"]
    assert sum(entry.code_url is not None for entry in latest.values()) == expected["papers_with_code_url_latest"]


def test_every_known_submission_falls_on_its_listing_date(
    real_listings: Path, parsed: tuple[list[tuple[date, datetime, Listing]], Counter[str]]
) -> None:
    wrong = [
        (day, entry.paper_id)
        for day, _, listing in parsed[0]
        for entry in listing.entries
        if entry.submitted_at is not None and entry.submitted_at.date() != day
    ]
    unknown = {day for day, _, listing in parsed[0] for entry in listing.entries if entry.submitted_at is None}
    assert wrong == []
    assert unknown == {date(2025, 3, day) for day in (11, 12, 13, 14)}


def test_the_fields_are_those_of_the_profile(
    real_listings: Path, parsed: tuple[list[tuple[date, datetime, Listing]], Counter[str]]
) -> None:
    with (real_listings / "schema_profile.tsv").open(newline="") as lines:
        profile = {row["path"]: row["types"] for row in csv.DictReader(lines, delimiter="\t")}
    seen = {field.path: field.types for _, _, listing in parsed[0] for field in listing.fields}
    assert all(field.is_known for _, _, listing in parsed[0] for field in listing.fields)
    assert {path: types for path, types in seen.items() if profile.get(path) != types} == {}
    assert len(seen) > 60


def test_field_counts_equal_those_of_a_plain_walk(real_listings: Path) -> None:
    body = (real_listings / "html" / "2026-03-06@2026-03-09T103145+0000.html").read_bytes()
    listing = parse("page_html", [body])
    counts = {field.path: (field.present, field.parents) for field in listing.fields}
    papers = len(listing.entries)
    authors = sum(len(entry.authors) for entry in listing.entries)
    claimed = sum(author.account_handle is not None for entry in listing.entries for author in entry.authors)
    organized = sum(entry.organization is not None for entry in listing.entries)
    assert counts["paper"] == (papers, papers)
    assert counts["paper.authors[].name"] == (authors, authors)
    assert counts["paper.authors[].user"] == (claimed, authors)
    assert counts["paper.authors[].user.fullname"] == (claimed, claimed)
    assert counts["paper.organization"] == (organized, papers)


def test_the_text_page_gives_its_hits(real_listings: Path) -> None:
    (path,) = (real_listings / "text").glob("*.txt")
    body = path.read_bytes()
    assert detect_format(body) == "page_text"
    listing = parse("page_text", [body], observed_at=datetime(2025, 10, 31, tzinfo=UTC))
    entries = listing.entries
    assert (len(entries), listing.refusals, listing.served_date) == (44, (), date(2025, 10, 31))
    assert sum(entry.code_url is not None for entry in entries) == 9
    assert [(e.organization.slug, e.organization.name) for e in entries if e.organization] == [("apple", "Apple")]
    assert [entry.position for entry in entries if entry.published_on is None] == [13]
    assert all(entry.abstract and len(entry.abstract) > 1000 for entry in entries)
    assert all(entry.published_on is None or entry.published_on <= date(2025, 11, 1) for entry in entries)
    assert sum(entry.comments or 0 for entry in entries) == 19
    assert {entry.upvotes for entry in entries} == {None}


@pytest.mark.parametrize(
    ("name", "captured", "hits", "votes"),
    [
        ("search_Intercode-Bash", datetime(2026, 7, 28, tzinfo=UTC), 2, [19, 5]),
        ("search_Long-context-ASR", datetime(2026, 6, 29, tzinfo=UTC), 5, [0, 65, 1, 24, 1]),
        ("search_source-citations", datetime(2026, 10, 2, tzinfo=UTC), 5, [101, 173, 0, 1, 0]),
    ],
)
def test_captures_of_other_archivers_are_read(
    real_listings: Path, name: str, captured: datetime, hits: int, votes: list[int]
) -> None:
    (path,) = (real_listings / "text" / "excerpts").glob(f"{name}*")
    listing = parse("page_text", [path.read_bytes()], observed_at=captured)
    assert len(listing.entries) == hits
    assert [entry.upvotes for entry in listing.entries] == votes
    assert all(entry.published_on and entry.comments is not None for entry in listing.entries)
    assert all(entry.author_count or entry.organization for entry in listing.entries)
