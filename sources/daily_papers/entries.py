"""From JSON arrays of records to a listing: the part that the API and the daily page share.

Belongs here: what a field means, which record is used, which refused. Does not belong here: how the array
was found (``api_json.py``, ``page_html.py``). A page whose records are all as known decodes in one go;
otherwise each record is decoded by itself, and only an odd one is read field by field.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from datetime import UTC, date, datetime
from typing import Any, TypeVar

import msgspec
from msgspec import UNSET, Raw, UnsetType

from sources.daily_papers.fields import FieldTally
from sources.daily_papers.lenient import MAX_DEPTH, Unusable, depth_exceeds, read_leniently
from sources.daily_papers.records import Author, Entry, Format, Listing, Organization, Refusal, Submitter
from sources.daily_papers.submission import submission_from_top_level
from sources.daily_papers.wire import WireAuthor, WireEntry, WireOrganization, WireUser
from sources.errors import FormatError

T = TypeVar("T")

#: Bytes of one page; the largest real one has 0.7 MB.
MAX_PAGE_BYTES = 64 * 2**20

_decode_page = msgspec.json.Decoder(list[WireEntry]).decode
_decode_record = msgspec.json.Decoder(WireEntry).decode
_decode_records = msgspec.json.Decoder(list[Raw]).decode
_decode_any = msgspec.json.Decoder().decode

_ESCAPE = re.compile(rb"\\(?:u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}|u[0-9a-fA-F]{4}|.)", re.S)
_LONE_SURROGATE = re.compile(rb"\\u[dD][89a-fA-F][0-9a-fA-F]{2}")


def parse_pages(
    pages: Sequence[bytes], *, format: Format, served_date: date | None, listing_date: date | None
) -> Listing:
    """The listing that these JSON arrays of records are, in the order received.

    Raises ``FormatError``: too_large, not_utf8, not_json, too_deep, not_a_list, not_entries, wrong_source.
    """
    builder = _Builder(listing_date)
    try:
        for page in pages:
            builder.add_page(page)
        return builder.listing(format, served_date)
    except RecursionError:
        raise FormatError("The payload is JSON nested too deeply to be read.", reason_code="too_deep") from None


def check_page(page: bytes) -> bytes:
    """The page without byte order mark and halves of surrogate pairs.

    Raises ``FormatError`` (too_large, not_utf8).
    """
    if len(page) > MAX_PAGE_BYTES:
        raise FormatError(
            f"The payload has {len(page)} bytes, more than the {MAX_PAGE_BYTES} a listing may have.",
            reason_code="too_large",
        )
    page = page.removeprefix(b"\xef\xbb\xbf")
    try:
        page.decode("utf-8")
    except UnicodeDecodeError as error:
        raise FormatError(
            f"The payload is not UTF-8: byte {error.start} can't be decoded.", reason_code="not_utf8"
        ) from None
    if b"\\ud" in page or b"\\uD" in page:
        # JavaScript cuts strings in the middle of an emoji; half a surrogate pair is not encodable.
        page = _ESCAPE.sub(
            lambda match: b"\\ufffd" if _LONE_SURROGATE.fullmatch(match.group()) else match.group(), page
        )
    return page


class _Builder:
    """Collects the records of all pages of one listing."""

    def __init__(self, listing_date: date | None) -> None:
        self._listing_date = listing_date
        self._tally = FieldTally()
        self._entries: list[Entry] = []
        self._refusals: list[Refusal] = []
        self._ids: set[str] = set()
        self._position = 0
        self._foreign = 0
        self._objects = 0

    def add_page(self, page: bytes) -> None:
        page = check_page(page)
        try:
            typed = _decode_page(page)
        except (msgspec.DecodeError, UnicodeDecodeError):
            self._add_records(_split(page))
            return
        self._tally.add_typed(typed)
        self._objects += len(typed)
        if len({item.paper.id for item in typed} | self._ids) == len(self._ids) + len(typed):
            for item in typed:
                self._accept(item, None)
        else:
            for item, raw in zip(typed, _split(page), strict=True):
                self._accept(item, raw)

    def _add_records(self, records: Sequence[Raw]) -> None:
        for raw in records:
            try:
                item = _decode_record(raw)
            except (msgspec.DecodeError, RecursionError):
                self._add_odd(raw)
            else:
                self._objects += 1
                self._tally.add_typed((item,))
                self._accept(item, raw)

    def _add_odd(self, raw: Raw) -> None:
        try:
            record = _decode_untyped(raw)
            self._tally.add_untyped(record)
            self._objects += isinstance(record, dict)
            item, odd = read_leniently(record)
        except Unusable as error:
            is_foreign = error.reason_code != "too_deep" and error.field_path in (None, "paper", "paper.id")
            self._foreign += is_foreign
            self._position += 1
            self._refuse(error.reason_code, error.field_path, error.detail, raw)
        else:
            self._accept(item, raw, _encode_extra(odd) if odd else None)

    def _accept(self, item: WireEntry, raw: Raw | None, extra: str | None = None) -> None:
        self._position += 1
        paper_id = item.paper.id
        if paper_id in self._ids and raw is not None:
            detail = f"{paper_id} is already in this listing."
            self._refuse("duplicate_in_listing", "paper.id", detail, raw)
            return
        self._ids.add(paper_id)
        self._entries.append(_entry(item, self._position, self._listing_date, extra))

    def _refuse(self, reason_code: str, field_path: str | None, detail: str, raw: Raw) -> None:
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
        received = len(self._entries) + len(self._refusals)
        if received and not self._objects:
            raise FormatError(
                f"The payload is a list of {received} values that are no objects; "
                "expected the entries of Daily Papers.",
                reason_code="not_entries",
            )
        if received and self._foreign == received:
            raise FormatError(
                f"None of the {received} records is of Daily Papers: "
                "expected an object `paper` with an arXiv id in each.",
                reason_code="wrong_source",
            )
        return Listing(
            format=format,
            kind="daily",
            served_date=served_date,
            entries=tuple(self._entries),
            refusals=tuple(self._refusals),
            fields=self._tally.seen(),
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
    try:
        record = _decode_any(raw)
    except msgspec.DecodeError as error:
        raise Unusable("bad_value", None, f"The record can't be decoded: {error}.") from None
    except RecursionError:
        record = None
    is_too_deep = record is None and bytes(raw).strip() != b"null"
    if is_too_deep or depth_exceeds(record, MAX_DEPTH):
        raise Unusable("too_deep", None, f"The record nests deeper than {MAX_DEPTH} levels.")
    return record


def _encode_extra(odd: dict[str, Any]) -> str:
    return json.dumps(odd, ensure_ascii=False, separators=(",", ":"))


def _entry(item: WireEntry, position: int, listing_date: date | None, extra: str | None) -> Entry:
    paper = item.paper
    published_at = _utc(paper.publishedAt)
    submitted_at: datetime | None = None
    if paper.submittedOnDailyAt is not UNSET:
        submitted_at = _utc(paper.submittedOnDailyAt)
    elif item.publishedAt is not UNSET:
        submitted_at = submission_from_top_level(_utc(item.publishedAt), published_at, listing_date)
    organization = item.organization if paper.organization is UNSET else paper.organization
    submitter = item.submittedBy if paper.submittedOnDailyBy is UNSET else paper.submittedOnDailyBy
    return Entry(
        position=position,
        title=paper.title,
        paper_id=paper.id,
        abstract=_known(item.summary if paper.summary is UNSET else paper.summary),
        published_at=published_at,
        published_on=published_at.date(),
        submitted_at=submitted_at,
        upvotes=paper.upvotes,
        comments=item.numComments,
        author_count=len(paper.authors),
        authors=tuple([_author(author) for author in paper.authors]),
        organization=None if organization is UNSET else _organization(organization),
        submitter=None if submitter is UNSET else _submitter(submitter),
        code_url=_known(paper.githubRepo),
        github_stars=_known(paper.githubStars),
        project_url=_known(paper.projectPage),
        ai_summary=_known(paper.ai_summary),
        ai_keywords=() if paper.ai_keywords is UNSET else tuple(paper.ai_keywords),
        discussion_id=_known(paper.discussionId),
        thumbnail_url=_known(item.thumbnail),
        is_author_participating=_known(item.isAuthorParticipating),
        extra=extra,
    )


def _author(author: WireAuthor) -> Author:
    user = author.user
    return Author(
        author.name,
        _known(author.row_id),
        None if user is UNSET else _account_id(user),
        None if user is UNSET else _known(user.name if user.user is UNSET else user.user),
        None if user is UNSET else _known(user.fullname),
        _known(author.status),
        None if author.statusLastChangedAt is UNSET else _utc(author.statusLastChangedAt),
        _known(author.hidden),
    )


def _account_id(user: WireUser) -> str | None:
    """``_id``; until 2024-08 it was called ``id`` or left out."""
    return _known(user.old_id if user.row_id is UNSET else user.row_id)


def _organization(organization: WireOrganization) -> Organization:
    name = organization.name if organization.fullname is UNSET else organization.fullname
    return Organization(organization.name, name, _known(organization.row_id))


def _submitter(user: WireUser) -> Submitter:
    """``user`` is the handle; ``name`` repeats it, and in ``submittedBy`` stands alone."""
    handle = _known(user.name if user.user is UNSET else user.user)
    return Submitter(_account_id(user), handle, _known(user.fullname))


def _known(value: T | UnsetType) -> T | None:
    return None if value is UNSET else value


def _utc(moment: datetime) -> datetime:
    """In UTC; the source only knows UTC, so a time without zone is UTC too."""
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
