"""A capture of the landing archive → rows of the raw tables.

Belongs here: which rows a capture has, and why one is rejected. Does not belong here: the columns (``schema.py``), many
captures at once (``loader.py``), what a payload means (``sources``).
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

import msgspec

import sources
from sources.daily_papers.entry_cache import EntryCache
from sources.daily_papers.records import Author, Entry, Listing, PaperTotals
from sources.errors import FormatError
from warehouse.keys import name_key, title_key
from warehouse.landing.archive import Landing
from warehouse.landing.captures import Capture
from warehouse.raw.schema import TABLES, Values, values_of

_MAX_REASON_CHARACTERS = 500
#: A quarantined record is cut to this length in the tables; the landing archive has all of it.
MAX_RECORD_CHARACTERS = 1 << 20


@dataclass(frozen=True)
class LoadResult:
    """The outcome of one load."""

    load_id: str
    source: str
    listing_date: date | None
    observed_at: datetime
    observed_at_basis: str
    entries: int
    refused: int
    verdict: str
    reason: str | None
    kind: str = sources.DAILY


@dataclass(frozen=True)
class Part:
    """Results by load number, and rows by table, of some captures of a chunk."""

    results: list[tuple[int, LoadResult]]
    tables: dict[str, Values]


class _Content(msgspec.Struct, frozen=True, gc=False):
    """The reference from the rows of ``entries`` to the content of an entry."""

    content_id: str
    title_key: str


@dataclass
class _LoadRecords:
    """Records of many loads, with the load id of each."""

    load_ids: list[str]
    records: list[Any]

    def add(self, load_id: str, records: Sequence[Any]) -> None:
        self.load_ids += [load_id] * len(records)
        self.records += records

    def values(self, table: str) -> Values:
        return {"load_id": self.load_ids, **values_of(table, self.records)}


class Reader:
    """Reads captures, in the order given, into the rows of one part after the other."""

    def __init__(self, run_id: str):
        self.run_id = run_id
        self._cache = EntryCache(self._add_content)
        self._start_part()

    def _start_part(self) -> None:
        self._results: list[tuple[int, LoadResult]] = []
        self._loads: list[dict[str, Any]] = []
        self._observations = _LoadRecords([], [])
        self._fields = _LoadRecords([], [])
        self._refusals = _LoadRecords([], [])
        self._totals = _LoadRecords([], [])
        #: Contents that this reader met for the first time; the tables may have them already.
        self._contents: dict[str, tuple[Entry, dict[str, str | None]]] = {}
        self._authors: list[tuple[str, int, str, Author]] = []

    def add(self, landing: Landing, capture: Capture, number: int) -> LoadResult:
        """Parse one capture and add its rows. A capture that can't be parsed is a rejected load."""
        try:
            max_bytes = sources.source_of(capture.kind).max_payload_bytes
        except FormatError as error:
            return self._reject(capture, number, error.reason_code, error.message)
        if capture.size > max_bytes:
            detail = f"The payloads have {capture.size} bytes, more than the {max_bytes} a listing may have."
            return self._reject(capture, number, "too_large", detail)
        try:
            payloads = landing.read(capture)
        except ValueError as error:
            return self._reject(capture, number, "damaged_payload", str(error))
        if capture.kind == sources.PAPER and capture.status == 404:
            return self._add_load(capture, number, None, listing=self._add_missing_paper(capture))
        try:
            listing = sources.parse(
                capture.kind,
                payloads,
                listing_date=capture.listing_date,
                observed_at=capture.observed_at,
                cache=self._cache,
            )
            listing_date = _listing_date(capture, listing)
            self._add_listing(capture.load_id, listing)
        except FormatError as error:
            return self._reject(capture, number, error.reason_code, error.message, payloads[0])
        except Exception as error:  # an unforeseen payload rejects its own load only
            detail = f"the parser failed ({type(error).__name__}: {error}); report it with the payload"
            first = payloads[0] if payloads else b""
            return self._reject(capture, number, "parser_failed", detail[:_MAX_REASON_CHARACTERS], first)
        return self._add_load(capture, number, listing_date, listing=listing)

    def add_unreadable(self, capture: Capture, number: int, reason: str) -> LoadResult:
        """Add a capture that breaks the loader, without parsing it, as a rejected load."""
        return self._reject(capture, number, "breaks_the_loader", reason)

    def take(self) -> Part:
        """The rows that were added since the last call."""
        entries = [entry for entry, _ in self._contents.values()]
        content_ids, positions, name_keys, authors = (
            map(list, zip(*self._authors, strict=True)) if self._authors else ([], [], [], [])
        )
        tables: dict[str, Values] = {
            "loads": {column.name: [row[column.name] for row in self._loads] for column in TABLES["loads"]},
            "entries": self._observations.values("entries"),
            "entry_authors": {
                "content_id": content_ids,
                "author_position": positions,
                "name_key": name_keys,
                **values_of("entry_authors", authors),
            },
            "entry_contents": {
                "content_id": list(self._contents),
                **{name: [keys[name] for _, keys in self._contents.values()] for name in _CONTENT_KEYS},
                **values_of("entry_contents", entries),
            },
            "paper_totals": self._totals.values("paper_totals"),
            "quarantine": self._refusals.values("quarantine"),
            "fields_seen": self._fields.values("fields_seen"),
        }
        tables["quarantine"]["record"] = list(map(_text, tables["quarantine"]["record"]))
        for table, values in tables.items():
            for column in TABLES[table]:
                if column.type == "timestamp":
                    values[column.name] = list(map(_without_zone, values[column.name]))
        part = Part(self._results, {table: values for table, values in tables.items() if any(values.values())})
        self._start_part()
        return part

    def _add_content(self, entry: Entry) -> _Content:
        content_id, key = _content_id(entry), title_key(entry.title)
        if content_id not in self._contents:
            organization = entry.organization
            keys = {
                "title_key": key,
                "organization_slug_key": title_key(organization.slug) if organization else None,
                "organization_name_key": title_key(organization.name) if organization else None,
            }
            authors = [
                (content_id, position, name_key(author.name), author)
                for position, author in enumerate(entry.authors, start=1)
            ]
            self._contents[content_id] = (entry, keys)
            self._authors += authors
        return _Content(content_id, key)

    def _add_listing(self, load_id: str, listing: Listing) -> None:
        self._observations.add(load_id, listing.observations)
        self._fields.add(load_id, listing.fields)
        self._refusals.add(load_id, listing.refusals)
        if listing.totals:
            self._totals.add(load_id, [listing.totals])
        if listing.unlisted_refusals:
            detail = (
                f"{listing.unlisted_refusals} more records can't be used; only the first {len(listing.refusals)} are "
                "kept here, the landing archive has all."
            )
            self._refusals.add(load_id, [_LoadRefusal("more_refused", detail, None)])

    def _add_missing_paper(self, capture: Capture) -> Listing:
        """Add that the site has no such paper, which a 404 says, whatever its text."""
        listing = Listing(
            format="api_json",
            kind="paper",
            served_date=None,
            entries=(),
            refusals=(),
            fields=(),
            totals=PaperTotals(capture.paper_id, False) if capture.paper_id else None,
        )
        self._add_listing(capture.load_id, listing)
        return listing

    def _reject(self, capture: Capture, number: int, code: str, detail: str, body: bytes = b"") -> LoadResult:
        """Add a rejected load and its reason."""
        self._refusals.add(capture.load_id, [_LoadRefusal(code, detail, body)])
        listing_date = capture.listing_date if capture.kind == sources.DAILY else None
        return self._add_load(capture, number, listing_date, reason=f"{code}: {detail}")

    def _add_load(
        self,
        capture: Capture,
        number: int,
        listing_date: date | None,
        *,
        listing: Listing | None = None,
        reason: str | None = None,
    ) -> LoadResult:
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
            kind=capture.kind,
        )
        self._loads.append(
            {
                "load_id": capture.load_id,
                "load_number": number,
                "format": listing.format if listing else None,
                "kind": listing.kind if listing else None,
                "source": capture.source,
                "listing_date": listing_date,
                "served_date": listing.served_date if listing else None,
                "observed_at": capture.observed_at,
                "observed_at_basis": capture.observed_at_basis,
                "landed_at": capture.landed_at,
                "landing_note": capture.note,
                "payload_count": len(capture.payloads),
                "payload_bytes": capture.size,
                "payload_sha256": " ".join(payload.sha256 for payload in capture.payloads),
                "received": listing.received if listing else 0,
                "entries": result.entries,
                "refused": result.refused,
                "verdict": result.verdict,
                "verdict_by": "loader" if reason else None,
                "verdict_reason": reason,
                "loaded_in": self.run_id,
                "capture_kind": capture.kind,
                "paper_id": capture.paper_id or (listing.totals.paper_id if listing and listing.totals else None),
                "http_status": capture.status,
            }
        )
        self._results.append((number, result))
        return result


_CONTENT_KEYS = ("title_key", "organization_slug_key", "organization_name_key")


class _LoadRefusal(msgspec.Struct, frozen=True):
    """What is quarantined about a load as a whole; the columns of a ``Refusal``."""

    reason_code: str
    detail: str
    record: bytes | None
    position: None = None
    field_path: None = None


def _content_id(entry: Entry) -> str:
    """16 hex digits of a hash of everything in an entry but what changes between two observations."""
    content = msgspec.structs.replace(entry, position=0, upvotes=None, comments=None, github_stars=None)
    return hashlib.blake2b(msgspec.json.encode(content), digest_size=8).hexdigest()


def _listing_date(capture: Capture, listing: Listing) -> date | None:
    """The date of a listing: the requested one, else that in the page, else that of most submissions.

    Raises FormatError where none is given or the entries are of many days (the listing of a week, the trending list): a
    listing without a date can't be assigned to a day. The trending list and a paper have none. Raises FormatError, too,
    for another paper than was asked for.
    """
    if listing.kind in ("trending", "paper"):
        _check_paper(capture, listing)
        return None
    if capture.listing_date or listing.served_date:
        return capture.listing_date or listing.served_date
    if listing.kind == "search":
        return None
    days = Counter(entry.submitted_at.date() for entry in listing.observations if entry.submitted_at)
    if not days:
        raise FormatError(
            "neither its name nor its content has the date of this listing: "
            "import it again with --listing-date or a manifest",
            reason_code="unknown_listing_date",
        )
    day = max(days, key=lambda day: (days[day], day))
    if 2 * days[day] < days.total():
        raise FormatError(
            f"its {days.total()} entries were submitted on {len(days)} days, so this is no listing of one day: "
            "if it is one, import it again with --listing-date or a manifest",
            reason_code="unknown_listing_date",
        )
    return day


def _check_paper(capture: Capture, listing: Listing) -> None:
    """Raise FormatError (other_paper) when the site sent another paper than was asked for."""
    served = listing.totals.paper_id if listing.totals else None
    if served is not None and capture.paper_id not in (None, served):
        raise FormatError(f"The site sent the paper {served} instead of {capture.paper_id}.", reason_code="other_paper")


def _without_zone(moment: datetime | None) -> datetime | None:
    """A moment in UTC without a time zone, as the tables have it."""
    if moment is None or moment.tzinfo is None:
        return moment
    return (moment if moment.tzinfo is UTC else moment.astimezone(UTC)).replace(tzinfo=None)


def _text(body: bytes | None) -> str | None:
    if body is None:
        return None
    return body[: 4 * MAX_RECORD_CHARACTERS].decode("utf-8", errors="replace")[:MAX_RECORD_CHARACTERS]
