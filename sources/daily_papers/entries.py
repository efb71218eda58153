"""Build a listing from JSON arrays of records; the API and the daily page share it.

Belongs here: what a field means, which record is used, which refused. Does not belong here: how the array
was found (``api_json.py``, ``page_html.py``). A record is first looked up in the cache, if there is one, then decoded
strictly, and parsed field by field only if that fails.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from datetime import UTC, date, datetime
from typing import Any, TypeVar

import msgspec
from msgspec import UNSET, Raw, UnsetType

from sources.daily_papers.entry_cache import (
    CachedEntry,
    EntryCache,
    SplitEntry,
    cached_observation,
    observation_of,
    split_counts,
)
from sources.daily_papers.field_parser import MAX_DEPTH, UnusableRecord, depth_exceeds, parse_by_field
from sources.daily_papers.fields import FieldTally, entry_shape
from sources.daily_papers.payload_types import PayloadAuthor, PayloadEntry, PayloadOrganization, PayloadUser, is_odd
from sources.daily_papers.records import (
    Author,
    Entry,
    Format,
    Listing,
    ListingKind,
    Observation,
    Organization,
    Refusal,
    Submitter,
)
from sources.daily_papers.submission import submission_from_top_level
from sources.errors import FormatError

T = TypeVar("T")

#: Bytes of all pages of a listing; the largest real one has 0.7 MB.
MAX_PAGE_BYTES = 64 * 2**20
#: Commas of all pages, which bound the values before any is decoded; the largest real page has 6,000.
MAX_COMMAS = 500_000
#: Records of a listing; the largest real one has 130.
MAX_RECORDS = 10_000
#: Bytes of one record; the largest real one has 0.5 MB.
MAX_RECORD_BYTES = 4 * 2**20
#: Author rows of a listing.
MAX_AUTHOR_ROWS = 200_000
#: Refused records that are kept with reason and bytes; further ones of a listing are counted.
MAX_REFUSALS = 100
#: Characters of the odd values in ``Entry.extra``; the landing archive has all.
MAX_EXTRA = 64 * 1024

_decode_record = msgspec.json.Decoder(PayloadEntry).decode
_decode_records = msgspec.json.Decoder(list[Raw]).decode
_decode_any = msgspec.json.Decoder().decode

_ESCAPE = re.compile(rb"\\(?:u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}|u[0-9a-fA-F]{4}|.)", re.S)
_LONE_SURROGATE = re.compile(rb"\\u[dD][89a-fA-F][0-9a-fA-F]{2}")


def parse_pages(
    pages: Sequence[bytes],
    *,
    format: Format,
    served_date: date | None,
    listing_date: date | None,
    cache: EntryCache | None = None,
    kind: ListingKind = "daily",
) -> Listing:
    """The listing that these JSON arrays of records are, in the order received; with a ``cache`` as observations.

    Raises ``FormatError``: too_large, not_utf8, not_json, too_deep, not_a_list, not_entries, wrong_source, and for the
    kind ``daily`` not_daily_page.
    """
    builder = _Builder(listing_date, cache, kind)
    try:
        check_size(pages)
        for page in pages:
            builder.add_page(page)
        return builder.listing(format, served_date)
    except RecursionError:
        raise FormatError("The payload is JSON nested too deeply to be read.", reason_code="too_deep") from None


def check_text(page: bytes) -> bytes:
    """The page without byte order mark.

    Raises ``FormatError`` (too_large, not_utf8).
    """
    check_size([page])
    page = page.removeprefix(b"\xef\xbb\xbf")
    try:
        page.decode("utf-8")
    except UnicodeDecodeError as error:
        raise FormatError(
            f"The payload is not UTF-8: byte {error.start} can't be decoded.", reason_code="not_utf8"
        ) from None
    return page


def check_page(page: bytes) -> bytes:
    """The JSON page without byte order mark and halves of surrogate pairs. Raises as ``check_text``."""
    page = check_text(page)
    if b"\\ud" in page or b"\\uD" in page:
        # JavaScript cuts strings in the middle of an emoji; half a surrogate pair is not encodable.
        page = _ESCAPE.sub(
            lambda match: b"\\ufffd" if _LONE_SURROGATE.fullmatch(match.group()) else match.group(), page
        )
    return page


def check_size(pages: Sequence[bytes]) -> None:
    """Raise ``FormatError`` (too_large) when the pages of a listing have more bytes or values than it may have."""
    size = sum(map(len, pages))
    if size > MAX_PAGE_BYTES:
        raise FormatError(
            f"The payload has {size} bytes, more than the {MAX_PAGE_BYTES} a listing may have.",
            reason_code="too_large",
        )
    if size > MAX_COMMAS and sum(page.count(b",") for page in pages) > MAX_COMMAS:
        raise FormatError(
            f"The payload has more than {MAX_COMMAS} values, which no listing has.", reason_code="too_large"
        )


class _Builder:
    """Builds one listing from the records of all its pages."""

    def __init__(self, listing_date: date | None, cache: EntryCache | None, kind: ListingKind) -> None:
        self._kind = kind
        self._listing_date = listing_date
        self._cache = cache
        self._tally = FieldTally()
        self._entries: list[Entry] = []
        self._observations: list[Observation] = []
        self._refusals: list[Refusal] = []
        self._unlisted = 0
        self._is_all_trending = True
        self._author_rows = 0
        self._ids: set[str] = set()
        self._position = 0
        self._foreign = 0
        self._objects = 0

    def add_page(self, page: bytes) -> None:
        """Add the records of one page.

        A page whose records all decode strictly is valid UTF-8; any other page is checked and decoded again.
        """
        try:
            records = _decode_records(page)
            self._check_count(records)
            found = [self._read(raw) for raw in records]
            is_clean = None not in found
        except (msgspec.DecodeError, RecursionError):
            records, found, is_clean = [], [], False
        if not is_clean:
            checked = check_page(page)
            if checked is not page or not records:
                records = _split(checked)
                self._check_count(records)
                found = [self._read(raw) for raw in records]
        for raw, record in zip(records, found, strict=True):
            self._position += 1
            try:
                if record is None:
                    self._add_odd(raw)
                elif isinstance(record[0], PayloadEntry):
                    self._add_new(raw, record[0], record[1])
                elif record[1] is not None:
                    self._add_cached(raw, record[0], record[1])
            except Exception as error:
                # An unforeseen record must not lose the others.
                self._refuse("unreadable", None, f"The record can't be read ({type(error).__name__}: {error}).", raw)

    def _check_count(self, records: Sequence[Raw]) -> None:
        if self._position + len(records) > MAX_RECORDS:
            raise FormatError(
                f"The payload has {self._position + len(records)} records, more than the {MAX_RECORDS} that a listing "
                "may have.",
                reason_code="too_large",
            )

    def _read(self, raw: Raw) -> tuple[PayloadEntry | CachedEntry, SplitEntry | None] | None:
        """The cached or strictly decoded record, and its split bytes if there is a cache; None if it is odd."""
        split = None
        if self._cache is not None and (split := split_counts(raw, self._listing_date)) is not None:
            cached = self._cache.find(split)
            if cached is not None:
                return cached, split
        try:
            item = _decode_record(raw)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            return None
        return None if len(memoryview(raw)) > MAX_RECORD_BYTES or is_odd(item) else (item, split)

    def _add_cached(self, raw: Raw, cached: CachedEntry, split: SplitEntry) -> None:
        self._objects += 1
        self._tally.add_shape(cached.shape)
        if self._is_first(cached.paper_id, raw):
            self._observations.append(cached_observation(cached, split.counts, self._position))

    def _add_new(self, raw: Raw, item: PayloadEntry, split: SplitEntry | None) -> None:
        self._objects += 1
        shape = entry_shape(item)
        self._tally.add_shape(shape)
        if self._is_first(item.paper.id, raw) and self._has_room(item, raw):
            entry = _entry(item, self._position, self._listing_date, None)
            if self._cache is None:
                self._entries.append(entry)
            else:
                content = self._cache.add(split, item, entry, shape)
                self._observations.append(observation_of(entry, content))

    def _add_odd(self, raw: Raw) -> None:
        try:
            record = _decode_untyped(raw)
            self._objects += isinstance(record, dict)
            try:
                item, odd = parse_by_field(record, is_daily=self._kind == "daily")
            except UnusableRecord:
                self._tally.add_untyped(record)
                raise
            self._tally.add_untyped(record, odd)
        except UnusableRecord as error:
            is_foreign = error.reason_code != "too_deep" and error.field_path in (None, "paper", "paper.id")
            self._foreign += is_foreign
            self._refuse(error.reason_code, error.field_path, error.detail, raw)
            return
        if self._is_first(item.paper.id, raw) and self._has_room(item, raw):
            entry = _entry(item, self._position, self._listing_date, _encode_extra(odd) if odd else None)
            if self._cache is None:
                self._entries.append(entry)
            else:
                self._observations.append(observation_of(entry, self._cache.content_of(entry)))

    def _has_room(self, item: PayloadEntry, raw: Raw) -> bool:
        """Whether the listing may have the author rows of one more paper; the record is refused if not."""
        self._author_rows += 0 if item.paper.authors is UNSET else len(item.paper.authors)
        if self._author_rows > MAX_AUTHOR_ROWS:
            detail = f"The listing has more than {MAX_AUTHOR_ROWS} author rows."
            self._refuse("too_large", "paper.authors", detail, raw)
            return False
        return True

    def _is_first(self, paper_id: str, raw: Raw) -> bool:
        """Whether a paper is new to this listing; a second record of it is refused."""
        if paper_id in self._ids:
            self._refuse("duplicate_in_listing", "paper.id", f"{paper_id} is already in this listing.", raw)
            return False
        self._ids.add(paper_id)
        return True

    def _refuse(self, reason_code: str, field_path: str | None, detail: str, raw: Raw) -> None:
        self._is_all_trending &= reason_code == "not_daily"
        if len(self._refusals) >= MAX_REFUSALS:
            self._unlisted += 1
            return
        self._refusals.append(
            Refusal(
                position=self._position,
                reason_code=reason_code,
                field_path=field_path,
                detail=detail,
                record=bytes(raw),
            )
        )

    def listing(self, format: Format, served_date: date | None) -> Listing:
        if self._refusals and self._is_all_trending and not self._ids:
            raise FormatError(
                "The payload is the trending list, which is of no date; expected the list of one day.",
                reason_code="not_daily_page",
            )
        received = len(self._entries) + len(self._observations) + len(self._refusals) + self._unlisted
        if received and not self._objects:
            raise FormatError(
                f"The payload is a list of {received} values that are no objects; "
                "expected the entries of Daily Papers.",
                reason_code="not_entries",
            )
        if received and self._foreign == received and self._kind != "paper":
            raise FormatError(
                f"None of the {received} records is of Daily Papers: "
                "expected an object `paper` with an arXiv id in each.",
                reason_code="wrong_source",
            )
        return Listing(
            format=format,
            kind=self._kind,
            served_date=served_date,
            entries=tuple(self._entries),
            refusals=tuple(self._refusals),
            unlisted_refusals=self._unlisted,
            fields=self._tally.seen(),
            observations=tuple(self._observations),
        )


def _split(page: bytes) -> list[Raw]:
    try:
        return _decode_records(page)
    except msgspec.ValidationError:
        kind = {b"{": "an object", b'"': "a text"}.get(page.lstrip()[:1], "a single value")
        raise FormatError(f"The payload is {kind}; expected a list of entries.", reason_code="not_a_list") from None
    except msgspec.DecodeError as error:
        what = f"is not JSON: {error}" if page.strip() else "is empty"
        raise FormatError(f"The payload {what}.", reason_code="not_json") from None


def _decode_untyped(raw: Raw) -> Any:
    size = len(memoryview(raw))
    if size > MAX_RECORD_BYTES:
        raise UnusableRecord("too_large", None, f"The record has {size} bytes, more than {MAX_RECORD_BYTES}.")
    try:
        record = _decode_any(raw)
    except msgspec.DecodeError as error:
        raise UnusableRecord("bad_value", None, f"The record can't be decoded: {error}.") from None
    except RecursionError:
        record = None
    is_too_deep = record is None and bytes(raw).strip() != b"null"
    if is_too_deep or depth_exceeds(record, MAX_DEPTH):
        raise UnusableRecord("too_deep", None, f"The record nests deeper than {MAX_DEPTH} levels.")
    return record


def _encode_extra(odd: dict[str, Any]) -> str:
    """The odd values by path as a JSON object; those beyond ``MAX_EXTRA`` are counted."""
    text = json.dumps(odd, ensure_ascii=False, separators=(",", ":"))
    if len(text) <= MAX_EXTRA:
        return text
    kept: dict[str, Any] = {}
    room = MAX_EXTRA
    for path, value in odd.items():
        size = len(path) + len(json.dumps(value, ensure_ascii=False)) + 8
        if size <= room:
            kept[path] = value
            room -= size
    return json.dumps({**kept, "…": f"{len(odd) - len(kept)} more"}, ensure_ascii=False, separators=(",", ":"))


def _entry(item: PayloadEntry, position: int, listing_date: date | None, extra: str | None) -> Entry:
    paper = item.paper
    published_at = None if paper.publishedAt is UNSET else _utc(paper.publishedAt)
    submitted_at: datetime | None = None
    if paper.submittedOnDailyAt is not UNSET:
        submitted_at = _utc(paper.submittedOnDailyAt)
    elif item.publishedAt is not UNSET and published_at is not None:
        submitted_at = submission_from_top_level(_utc(item.publishedAt), published_at, listing_date)
    organization = item.organization if paper.organization is UNSET else paper.organization
    submitter = item.submittedBy if paper.submittedOnDailyBy is UNSET else paper.submittedOnDailyBy
    return Entry(
        position=position,
        title="" if paper.title is UNSET else paper.title,
        paper_id=paper.id,
        abstract=_or_none(item.summary if paper.summary is UNSET else paper.summary),
        published_at=published_at,
        published_on=None if published_at is None else published_at.date(),
        submitted_at=submitted_at,
        upvotes=paper.upvotes,
        comments=_or_none(item.numComments),
        author_count=None if paper.authors is UNSET else len(paper.authors),
        authors=() if paper.authors is UNSET else tuple([_author(author) for author in paper.authors]),
        organization=None if organization is UNSET else _organization(organization),
        submitter=None if submitter is UNSET else _submitter(submitter),
        code_url=_or_none(paper.githubRepo),
        code_added_by=_or_none(paper.githubRepoAddedBy),
        github_stars=_or_none(paper.githubStars),
        project_url=_or_none(paper.projectPage),
        ai_summary=_or_none(paper.ai_summary),
        ai_summary_model=_or_none(paper.ai_summary_model),
        ai_keywords=() if paper.ai_keywords is UNSET else tuple(paper.ai_keywords),
        discussion_id=_or_none(paper.discussionId),
        thumbnail_url=_or_none(item.thumbnail),
        is_author_participating=_or_none(item.isAuthorParticipating),
        extra=extra,
    )


def _author(author: PayloadAuthor) -> Author:
    # Conditions in line: authors are ten times as many as entries.
    row_id, status, changed, hidden = author.row_id, author.status, author.statusLastChangedAt, author.hidden
    user = author.user
    return Author(
        author.name,
        None if row_id is UNSET else row_id,
        None if user is UNSET else _account_id(user),
        None if user is UNSET else _or_none(user.name if user.user is UNSET else user.user),
        None if user is UNSET else _or_none(user.fullname),
        None if status is UNSET else status,
        None if changed is UNSET else _utc(changed),
        None if hidden is UNSET else hidden,
    )


def _account_id(user: PayloadUser) -> str | None:
    """``_id``; until 2024-08 it was ``id``, or absent."""
    return _or_none(user.old_id if user.row_id is UNSET else user.row_id)


def _organization(organization: PayloadOrganization) -> Organization:
    name = organization.name if organization.fullname is UNSET else organization.fullname
    return Organization(organization.name, name, _or_none(organization.row_id))


def _submitter(user: PayloadUser) -> Submitter:
    """The handle is ``user``, or ``name`` where ``user`` is absent (``submittedBy``)."""
    handle = _or_none(user.name if user.user is UNSET else user.user)
    return Submitter(_account_id(user), handle, _or_none(user.fullname))


def _or_none(value: T | UnsetType) -> T | None:
    return None if value is UNSET else value


def _utc(moment: datetime) -> datetime:
    """In UTC. All times of the source are UTC, so one without a zone is too."""
    if moment.tzinfo is UTC:
        return moment
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
