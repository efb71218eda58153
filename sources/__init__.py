"""Sources of papers: HTTP and payload formats in, typed records out.

``SOURCES`` is all that the loader reads of a source. To add one, add a folder here and an entry below; a source's kinds
of captures carry its name, because a kind selects the parser over all sources.
Belongs here: requests, retries, parsers, the replay server. Does not belong here: anything that uses the
orchestrator, a database, a data frame or dbt (a test checks the imports).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from types import MappingProxyType
from typing import Protocol

from sources.daily_papers.entries import MAX_PAGE_BYTES
from sources.daily_papers.entry_cache import EntryCache
from sources.daily_papers.formats import as_utf8, parse_capture
from sources.daily_papers.page_html import is_trending_page
from sources.daily_papers.paper import is_paper, parse_paper
from sources.daily_papers.records import Listing
from sources.daily_papers.trending import parse_trending
from sources.errors import FormatError

#: Kinds of captures: the listing of one date (or a saved search page), the trending list, the details of one paper.
DAILY, TRENDING, PAPER = "daily", "trending", "paper"


class Parser(Protocol):
    """The listing in the payloads of one capture; with a ``cache`` as observations. Raises ``FormatError``."""

    def __call__(
        self,
        payloads: Sequence[bytes],
        *,
        listing_date: date | None = None,
        observed_at: datetime | None = None,
        cache: EntryCache | None = None,
    ) -> Listing: ...


@dataclass(frozen=True)
class Source:
    """One source. ``parsers`` maps a kind of capture to its parser."""

    name: str
    title: str
    first_listing_date: date
    max_payload_bytes: int
    parsers: Mapping[str, Parser]


DAILY_PAPERS = Source(
    name="daily_papers",
    title="Hugging Face Daily Papers",
    first_listing_date=date(2023, 5, 4),  # https://huggingface.co/papers/date/2023-05-04
    max_payload_bytes=MAX_PAGE_BYTES,
    parsers=MappingProxyType({DAILY: parse_capture, TRENDING: parse_trending, PAPER: parse_paper}),
)
SOURCES = (DAILY_PAPERS,)


def source_of(kind: str) -> Source:
    """The source that has this kind of captures. Raises ``FormatError`` (unknown_kind)."""
    for source in SOURCES:
        if kind in source.parsers:
            return source
    raise FormatError(
        f"No source has captures of the kind {kind!r}: upgrade to the version that landed it, then re-parse the load.",
        reason_code="unknown_kind",
    )


def kind_of(body: bytes) -> str:
    """The kind of capture that a saved payload is by its own content; ``daily`` where it does not say another."""
    try:
        body = as_utf8(body)
    except FormatError:
        return DAILY
    if body.removeprefix(b"\xef\xbb\xbf").lstrip()[:1] == b"[":  # an array does not say what it is
        return DAILY
    if is_trending_page(body):
        return TRENDING
    return PAPER if is_paper(body) else DAILY


def parse(
    kind: str,
    payloads: Sequence[bytes],
    *,
    listing_date: date | None = None,
    observed_at: datetime | None = None,
    cache: EntryCache | None = None,
) -> Listing:
    """The listing in the payloads of a capture of this kind. Raises ``FormatError``."""
    parser = source_of(kind).parsers[kind]
    return parser(payloads, listing_date=listing_date, observed_at=observed_at, cache=cache)
