"""Captures of the landing archive → rows of the raw tables, in several processes when there is much to read.

Belongs here: what a capture becomes, row by row. Does not belong here: the tables and their database (``raw.py``), what
a payload means (``sources``).
"""

from __future__ import annotations

import hashlib
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import partial
from typing import Any

import msgspec

from sources.daily_papers import formats
from sources.daily_papers.entries import MAX_PAGE_BYTES
from sources.daily_papers.records import Entry, Listing
from sources.daily_papers.repeats import Memo
from sources.errors import FormatError
from warehouse.keys import name_key, title_key
from warehouse.landing.archive import Landing
from warehouse.landing.captures import Capture
from warehouse.processes import available, parallel_streams, run_isolated

#: Loads, and bytes of payload, per transaction: bounds memory, and what a kill makes us read again.
CHUNK, CHUNK_BYTES = 2000, 64 * 2**20
#: Bytes of payload from which on they are read in several processes.
FORKED = 16 * 2**20
#: Memory that one load may take when it is read by itself.
MAX_LOAD_BYTES = 4 * 2**30
_MAX_WHY = 500
#: A refused record is kept to this many characters in the tables; the landing archive has all of it.
RECORD_LIMIT = 1 << 20

#: The rows of a table, column by column; no columns when there are no rows.
Columns = list[tuple[Any, ...]]


@dataclass(frozen=True)
class LoadResult:
    """What became of one capture."""

    load_id: str
    source: str
    listing_date: date | None
    observed_at: datetime
    observed_at_basis: str
    entries: int
    refused: int
    verdict: str
    reason: str | None


@dataclass(frozen=True)
class Part:
    """What one reader makes of its captures of a chunk: what became of each by load number, and rows by table."""

    results: list[tuple[int, LoadResult]]
    tables: dict[str, Columns]


def read_alone(landing: Landing, capture: Capture, number: int, run_id: str) -> Part:
    """One capture by itself, in a process of its own where there can be one. Raises RuntimeError when that dies."""

    def read() -> Part:
        reader = Reader(run_id)
        reader.add(landing, capture, number)
        return reader.take()

    if landing.can_fork and sys.platform == "linux":
        return run_isolated(read, MAX_LOAD_BYTES)
    return read()


def set_aside(capture: Capture, number: int, run_id: str, why: str) -> Part:
    """One capture that breaks the loader, as a rejected load."""
    reader = Reader(run_id)
    reader.set_aside(capture, number, why)
    return reader.take()


@contextmanager
def reading(
    landing: Landing, captures: Sequence[Capture], first_number: int, run_id: str
) -> Iterator[Iterator[tuple[Part, ...]]]:
    """The parts of one chunk after the other, in the order of the captures, which get load numbers from the first on.

    The captures of one listing date are read by one process, which remembers what it read of that list before.
    """
    processes = 1
    if landing.can_fork and sum(capture.size for capture in captures) > FORKED:
        processes = available()
    chunks = chunked(list(enumerate(captures, start=first_number)))
    with parallel_streams([partial(_read, landing, chunks, run_id, k, processes) for k in range(processes)]) as readers:
        yield zip(*readers, strict=True)


def chunked(numbered: Sequence[tuple[int, Capture]]) -> list[Sequence[tuple[int, Capture]]]:
    """Captures by the transaction."""
    chunks = []
    start = size = 0
    for index, (_, capture) in enumerate(numbered, start=1):
        size += capture.size
        if index - start == CHUNK or size >= CHUNK_BYTES or index == len(numbered):
            chunks.append(numbered[start:index])
            start, size = index, 0
    return chunks


def _read(
    landing: Landing, chunks: Sequence[Sequence[tuple[int, Capture]]], run_id: str, share: int, shares: int
) -> Iterator[Part]:
    """The part of each chunk that is one of so many shares."""
    reader = Reader(run_id)
    for chunk in chunks:
        mine = [(number, capture) for number, capture in chunk if _share(number, capture) % shares == share]
        landing.prefetch([capture for _, capture in mine])
        for number, capture in mine:
            reader.add(landing, capture, number)
        yield reader.take()


def _share(number: int, capture: Capture) -> int:
    return capture.listing_date.toordinal() if capture.listing_date else number


class _Content(msgspec.Struct, frozen=True, gc=False):
    """What the rows of an entry say of its content."""

    content_id: str
    title_key: str


class Reader:
    """Reads captures into the rows of one part after the other, in the order of the captures."""

    def __init__(self, run_id: str):
        self.run_id = run_id
        self._memo = Memo(self._keep)
        self._start()

    def _start(self) -> None:
        self._results: list[tuple[int, LoadResult]] = []
        #: Contents met for the first time by this reader; they may be stored all the same.
        self._contents: dict[str, tuple[tuple[Any, ...], list[tuple[Any, ...]]]] = {}
        self._loads: list[tuple[Any, ...]] = []
        self._quarantine: list[tuple[Any, ...]] = []
        self._entries: list[tuple[Any, ...]] = []
        self._fields: list[tuple[Any, ...]] = []

    def _keep(self, entry: Entry) -> _Content:
        content_id, key = _content_id(entry), title_key(entry.title)
        if content_id not in self._contents:
            # Made here, where what can't be made refuses one load.
            self._contents[content_id] = (_content_row(content_id, key, entry), _author_rows(content_id, entry))
        return _Content(content_id, key)

    def take(self) -> Part:
        """What was read since the last call."""
        authors: list[tuple[Any, ...]] = []
        contents: list[tuple[Any, ...]] = []
        for content, its_authors in self._contents.values():
            contents.append(content)
            authors += its_authors
        rows = {
            "loads": self._loads,
            "entries": self._entries,
            "entry_authors": authors,
            "entry_contents": contents,
            "quarantine": self._quarantine,
            "fields_seen": self._fields,
        }
        part = Part(self._results, {table: list(zip(*some, strict=True)) for table, some in rows.items()})
        self._start()
        return part

    def add(self, landing: Landing, capture: Capture, number: int) -> LoadResult:
        """Parse one capture and append its rows. A capture that can't be parsed is a rejected load."""
        listing: Listing | None = None
        reason: str | None = None
        pages: list[bytes] = []
        try:
            if capture.size > MAX_PAGE_BYTES:
                large = f"The payloads have {capture.size} bytes, more than the {MAX_PAGE_BYTES} a listing may have."
                return self._append(capture, number, None, self._refuse(capture, "too_large", large, b""))
            pages = landing.read(capture)
        except ValueError as error:
            reason = self._refuse(capture, "damaged_payload", str(error), b"")
        if not reason:
            listing, reason = self._parse(capture, pages)
        return self._append(capture, number, listing, reason)

    def set_aside(self, capture: Capture, number: int, why: str) -> LoadResult:
        """Append a capture that breaks the loader, unread, as a rejected load."""
        return self._append(capture, number, None, self._refuse(capture, "breaks_the_loader", why, b""))

    def _parse(self, capture: Capture, pages: list[bytes]) -> tuple[Listing | None, str | None]:
        """Parse one capture and append the rows of its entries; else why it is refused."""
        try:
            listing = formats.parse(
                formats.detect_format(formats.as_utf8(pages[0])),
                pages,
                listing_date=capture.listing_date,
                observed_at=capture.observed_at,
                memo=self._memo,
            )
            _listing_date(capture, listing)
            self._add_listing(capture.load_id, listing)
        except FormatError as error:
            return None, self._refuse(capture, error.reason_code, error.message, pages[0])
        except Exception as error:  # whatever a payload does to the parser, the others are loaded
            why = f"the parser failed ({type(error).__name__}: {error}); report it with the payload"[:_MAX_WHY]
            return None, self._refuse(capture, "parser_failed", why, pages[0] if pages else b"")
        return listing, None

    def _append(self, capture: Capture, number: int, listing: Listing | None, reason: str | None) -> LoadResult:
        """Append the row of a load."""
        listing_date = _listing_date(capture, listing) if listing else capture.listing_date
        result = LoadResult(
            load_id=capture.load_id,
            source=capture.source,
            listing_date=listing_date,
            observed_at=capture.observed_at,
            observed_at_basis=capture.observed_at_basis,
            entries=len(listing.observations) if listing else 0,
            refused=listing.refused if listing else 0,
            verdict="rejected" if reason else "pending",
            reason=reason,
        )
        self._loads.append(
            (
                capture.load_id,
                number,
                listing.format if listing else None,
                listing.kind if listing else None,
                capture.source,
                listing_date,
                listing.served_date if listing else None,
                _naive(capture.observed_at),
                capture.observed_at_basis,
                _naive(capture.landed_at),
                capture.note,
                len(capture.payloads),
                capture.size,
                " ".join(p.sha256 for p in capture.payloads),
                listing.received if listing else 0,
                result.entries,
                result.refused,
                result.verdict,
                "loader" if reason else None,
                reason,
                self.run_id,
            )
        )
        self._results.append((number, result))
        return result

    def _refuse(self, capture: Capture, code: str, detail: str, body: bytes) -> str:
        self._quarantine.append((capture.load_id, None, code, None, detail, _text(body)))
        return f"{code}: {detail}"

    def _add_listing(self, load_id: str, listing: Listing) -> None:
        entries = []
        for seen in listing.observations:
            content = seen.content
            entries.append(
                (
                    load_id,
                    seen.position,
                    content.content_id,
                    seen.paper_id,
                    content.title_key,
                    seen.upvotes,
                    seen.comments,
                    seen.github_stars,
                )
            )
        self._entries += entries
        for field in listing.fields:
            self._fields.append((load_id, field.path, field.types, field.present, field.parents, field.is_known))
        self._quarantine += [
            (
                load_id,
                refusal.position,
                refusal.reason_code,
                refusal.field_path,
                refusal.detail,
                _text(refusal.record),
            )
            for refusal in listing.refusals
        ]
        if listing.unlisted_refusals:
            detail = (
                f"{listing.unlisted_refusals} more records can't be used; only the first {len(listing.refusals)} are "
                "kept here, the landing archive has all."
            )
            self._quarantine.append((load_id, None, "more_refused", None, detail, None))


def _content_id(entry: Entry) -> str:
    """16 hex digits of everything in an entry but what moves between two observations."""
    still = msgspec.structs.replace(entry, position=0, upvotes=None, comments=None, github_stars=None)
    return hashlib.blake2b(msgspec.json.encode(still), digest_size=8).hexdigest()


def _content_row(content_id: str, key: str, entry: Entry) -> tuple[Any, ...]:
    """In the order of the columns of ``entry_contents``."""
    organization, submitter = entry.organization, entry.submitter
    return (
        content_id,
        entry.paper_id,
        entry.title,
        key,
        entry.abstract,
        _naive(entry.published_at),
        entry.published_on,
        _naive(entry.submitted_at),
        entry.author_count,
        organization.organization_id if organization else None,
        organization.slug if organization else None,
        organization.name if organization else None,
        title_key(organization.slug) if organization else None,
        title_key(organization.name) if organization else None,
        submitter.account_id if submitter else None,
        submitter.handle if submitter else None,
        submitter.name if submitter else None,
        entry.code_url,
        entry.project_url,
        entry.ai_summary,
        entry.ai_keywords,
        entry.discussion_id,
        entry.thumbnail_url,
        entry.is_author_participating,
        entry.extra,
    )


def _author_rows(content_id: str, entry: Entry) -> list[tuple[Any, ...]]:
    """In the order of the columns of ``entry_authors``."""
    return [
        (
            content_id,
            position,
            author.name,
            name_key(author.name),
            author.author_row_id,
            author.account_id,
            author.account_handle,
            author.account_name,
            author.status,
            _naive(author.status_changed_at),
            author.is_hidden,
        )
        for position, author in enumerate(entry.authors, start=1)
    ]


def _listing_date(capture: Capture, listing: Listing) -> date | None:
    """The date of a listing: what was asked for, else what the page says, else when most entries were submitted.

    Raises FormatError when nothing says it, or the entries are of many days (the list of a week, the trending list):
    a listing without a date can't be placed.
    """
    if capture.listing_date or listing.served_date:
        return capture.listing_date or listing.served_date
    if listing.kind == "search":
        return None
    days = Counter(entry.submitted_at.date() for entry in listing.observations if entry.submitted_at)
    if not days:
        raise FormatError(
            "neither its name nor its content tells the date of this listing: "
            "import it again with --listing-date or a manifest",
            reason_code="unknown_listing_date",
        )
    day = max(days, key=lambda day: (days[day], day))
    if 2 * days[day] < days.total():
        raise FormatError(
            f"its {days.total()} entries were submitted on {len(days)} days, so this is no list of one day: "
            "if it is one, import it again with --listing-date or a manifest",
            reason_code="unknown_listing_date",
        )
    return day


def _naive(moment: datetime | None) -> datetime | None:
    """UTC without a zone, as the tables keep it."""
    if moment is not None and moment.tzinfo is UTC:
        return moment.replace(tzinfo=None)
    return None if moment is None else (moment - moment.utcoffset()).replace(tzinfo=None)  # type: ignore[operator]


def _text(body: bytes) -> str:
    return body[: 4 * RECORD_LIMIT].decode("utf-8", errors="replace")[:RECORD_LIMIT]
