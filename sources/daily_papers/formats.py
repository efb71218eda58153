"""Detect the format of a payload (API JSON, page HTML, page text) and call its parser."""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import date, datetime

import msgspec
from msgspec import Raw

from sources.daily_papers.api_json import parse_api_json
from sources.daily_papers.entry_cache import EntryCache, with_observations
from sources.daily_papers.page_html import parse_page_html
from sources.daily_papers.page_text import parse_page_text
from sources.daily_papers.records import Format, Listing
from sources.errors import FormatError

_COMMENTS = re.compile(rb"\A(?:\s*<!--.*?-->)*\s*", re.S)
_MARKUP = re.compile(rb"<(?:!doctype|[a-z][a-z0-9]*[\s/>])", re.I)
#: A list of objects, texts or nothing; an object: JSON even when it is cut off. ``[101](…)`` is Markdown.
_JSON_START = re.compile(rb'(?:\[\s*(?:[{"\]]|\Z)|\{\s*(?:["}]|\Z))')
#: Byte order marks. UTF-32 is first, because its mark starts with that of UTF-16.
_MARKS = (
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_CONTROL = re.compile(rb"[\x00-\x08\x0e-\x1a\x1c-\x1f]")


def as_utf8(body: bytes) -> bytes:
    """The payload in UTF-8. UTF-16 and UTF-32, which some editors and shells save, are converted.

    Raises ``FormatError`` (not_utf8) when it is damaged.
    """
    encoding = next((name for mark, name in _MARKS if body.startswith(mark)), None)
    if encoding is None:
        # Without a mark: every second byte of mostly Latin text is zero; UTF-8 text has no zero bytes.
        start = body[:400]
        if start[1::2].count(0) > len(start) // 3 and b"\0" not in start[::2]:
            encoding = "utf-16-le"
        elif start[::2].count(0) > len(start) // 3 and b"\0" not in start[1::2]:
            encoding = "utf-16-be"
        else:
            return body
    try:
        return body.decode(encoding).removeprefix("\ufeff").encode("utf-8")
    except UnicodeError as error:
        raise FormatError(
            f"The payload is damaged {encoding.upper()} text ({error}).", reason_code="not_utf8"
        ) from None


def detect_format(body: bytes) -> Format:
    """The format of one payload (in UTF-8), by its content alone.

    Raises ``FormatError`` (unknown_format) for an empty file and for what is neither JSON, HTML nor text.
    """
    content = body.removeprefix(b"\xef\xbb\xbf")
    if not content.strip():
        raise FormatError("The payload is empty.", reason_code="unknown_format")
    start = _COMMENTS.sub(b"", content[:100_000], count=1)
    if b'data-target="DailyPapers"' in content or _MARKUP.match(start):
        return "page_html"
    if _JSON_START.match(start) or _is_json(content):
        return "api_json"
    if _is_text(content):
        return "page_text"
    raise FormatError(
        "The payload is neither JSON, an HTML page nor text; it looks like binary data.",
        reason_code="unknown_format",
    )


def parse_capture(
    payloads: Sequence[bytes],
    *,
    listing_date: date | None = None,
    observed_at: datetime | None = None,
    cache: EntryCache | None = None,
) -> Listing:
    """The listing in the payloads of one capture, whose first payload decides the format. Raises as ``parse``."""
    format = detect_format(as_utf8(payloads[0]))
    return parse(format, payloads, listing_date=listing_date, observed_at=observed_at, cache=cache)


def parse(
    format: Format,
    pages: Sequence[bytes],
    listing_date: date | None = None,
    observed_at: datetime | None = None,
    cache: EntryCache | None = None,
) -> Listing:
    """The listing in the payloads of one capture; with a ``cache`` as observations.

    Only the API's format comes in more than one page. ``observed_at`` (aware UTC) is needed for text, whose
    dates leave the current year out. Raises ``FormatError`` when the payload is no listing, and
    ``ValueError`` when the call itself is wrong.
    """
    if format != "api_json" and len(pages) != 1:
        raise FormatError(
            f"The first of {len(pages)} pages is {format}; only JSON comes in several pages.", reason_code="not_json"
        )
    if format == "page_text" and observed_at is None:
        raise ValueError("The text of a page needs the time of its capture.")
    with guarded():
        pages = [as_utf8(page) for page in pages]
        if format == "api_json":
            return parse_api_json(pages, listing_date, cache)
        if format == "page_html":
            return parse_page_html(pages[0], listing_date, cache)
        assert observed_at is not None
        listing = parse_page_text(pages[0], observed_at)
        return with_observations(listing, cache) if cache else listing


@contextmanager
def guarded() -> Iterator[None]:
    """Turns an unforeseen error of a parser into a ``FormatError`` (parser_failed): it must not lose other payloads."""
    try:
        yield
    except FormatError:
        raise
    except Exception as error:
        raise FormatError(
            f"The payload can't be read ({type(error).__name__}: {error}); report it with the payload.",
            reason_code="parser_failed",
        ) from error


def check_served_date(listing: Listing, listing_date: date) -> None:
    """Raise ``FormatError`` (other_date) if a daily list is for another date than the one requested."""
    if listing.kind == "daily" and listing.served_date not in (None, listing_date):
        raise FormatError(
            f"The page is for {listing.served_date}, not for {listing_date} that was asked for; "
            "the site answers a date without a list with its latest one.",
            reason_code="other_date",
        )


def _is_json(content: bytes) -> bool:
    try:
        msgspec.json.decode(content, type=Raw)
    except (ValueError, RecursionError):
        return False
    return True


def _is_text(content: bytes) -> bool:
    try:
        content.decode("utf-8")
    except UnicodeDecodeError:
        # A text in a legacy encoding counts as text: its parser refuses it with a precise reason.
        return len(_CONTROL.findall(content)) == 0 and sum(byte > 127 for byte in content) < len(content) // 3
    return _CONTROL.search(content) is None
