"""Parse the pages ``/papers/date/YYYY-MM-DD`` and ``/papers/trending``, whose entries are JSON in one attribute.

Only the attribute is read: the visible cards have no abstract, authors or date.
"""

from __future__ import annotations

import re
from datetime import date
from typing import Any

import msgspec
from msgspec import UNSET, Raw, UnsetType
from selectolax.lexbor import LexborHTMLParser

from sources.daily_papers.entries import check_page, check_text, parse_pages
from sources.daily_papers.entry_cache import EntryCache
from sources.daily_papers.records import Listing
from sources.errors import FormatError

_DATE = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
#: Tags of a page that has to be parsed whole; the largest real page has 20,000.
MAX_TAGS = 500_000
_TARGET = b'data-target="DailyPapers"'
#: What a page of the trending list has in its props; most other pages are excluded without parsing them.
_TRENDING = re.compile(rb"isTrending[^:]{1,20}:\s*true|sort[^:]{1,20}:[^,}]{0,20}trending")
#: A start tag whose attributes are unambiguous.
_TAG = re.compile(rb"""<div(?:\s+[a-z-]+(?:="[^"]*"|='[^']*')?)*+\s*>""")
#: Starts and ends of text that may contain tags which are no elements.
_ASIDE = ((b"<!--", b"-->"), (b"<script", b"</script"), (b"<style", b"</style"), (b"<template", b"</template"))


class _Props(msgspec.Struct):
    dailyPapers: Raw | UnsetType = UNSET
    dateString: Any = None
    periodType: Any = "day"
    query: Any = None
    isTrending: Any = False


def parse_page_html(body: bytes, listing_date: date | None = None, cache: EntryCache | None = None) -> Listing:
    """The listing embedded in a daily page; ``served_date`` is the date that the page is for.

    The site serves the latest list for a date without one, so the caller compares ``served_date`` with the date
    requested (``check_served_date``).
    Raises ``FormatError``: not_daily_page (no list of one day on it), no_props (the list's data is missing
    or cut off), and the reasons of ``parse_api_json``.
    """
    props = _props(check_text(body))
    if isinstance(props.dailyPapers, UnsetType):
        raise FormatError("The page's data has no dailyPapers.", reason_code="no_props")
    if _is_trending(props):
        # The trending list ignores dates, so a date on this page is meaningless.
        raise FormatError(
            "The page is the trending list, which is of no date; expected the list of one day.",
            reason_code="not_daily_page",
        )
    if props.periodType != "day" or (isinstance(props.query, dict) and props.query.get("q")):
        raise FormatError(
            "The page is a search or the list of a longer period; expected the list of one day.",
            reason_code="not_daily_page",
        )
    served_date = _served_date(props.dateString)
    return parse_pages(
        [bytes(props.dailyPapers)],
        format="page_html",
        served_date=served_date,
        listing_date=listing_date or served_date,
        cache=cache,
    )


def parse_trending_html(body: bytes, cache: EntryCache | None = None) -> Listing:
    """The trending list embedded in its page. A date on that page is meaningless.

    Raises ``FormatError``: not_trending (the page is another list), and otherwise as ``parse_page_html``.
    """
    props = _props(check_text(body))
    if not _is_trending(props):
        raise FormatError("The page is not the trending list: its data has no isTrending.", reason_code="not_trending")
    if isinstance(props.dailyPapers, UnsetType):
        raise FormatError("The page's data has no dailyPapers.", reason_code="no_props")
    return parse_pages(
        [bytes(props.dailyPapers)],
        format="page_html",
        served_date=None,
        listing_date=None,
        cache=cache,
        kind="trending",
    )


def is_trending_page(body: bytes) -> bool:
    """Whether a page (UTF-8) says that it is the trending list. False for what can't be read."""
    if not _TRENDING.search(body):
        return False
    try:
        return _is_trending(_props(check_text(body)))
    except FormatError:
        return False


def _is_trending(props: _Props) -> bool:
    return bool(props.isTrending) or (isinstance(props.query, dict) and props.query.get("sort") == "trending")


def _props(body: bytes) -> _Props:
    part = _start_tag(body) or body
    if part.count(b"<") > MAX_TAGS:
        raise FormatError(f"The page has more than {MAX_TAGS} tags, which no page has.", reason_code="too_large")
    node = LexborHTMLParser(part).css_first('div[data-target="DailyPapers"]')
    if node is None:
        raise FormatError(
            "The page has no DailyPapers element; expected a page of /papers/date/.",
            reason_code="not_daily_page",
        )
    text = node.attributes.get("data-props")
    if not text:
        raise FormatError("The page's DailyPapers element has no data-props.", reason_code="no_props")
    try:
        return msgspec.json.decode(check_page(text.encode("utf-8", "replace")), type=_Props)
    except RecursionError:
        raise FormatError("The page's data nests too deeply to be read.", reason_code="too_deep") from None
    except (msgspec.DecodeError, UnicodeDecodeError):
        raise FormatError(
            "The page's data-props is not the JSON object of a daily page.", reason_code="no_props"
        ) from None


def _start_tag(body: bytes) -> bytes | None:
    """The start tag of the list's element if its bounds are certain, which avoids parsing the rest of the page."""
    at = body.find(_TARGET)
    begin = body.rfind(b"<div", 0, at)
    if begin < 0 or body.find(_TARGET, at + 1) >= 0:
        return None
    if any(body.rfind(opens, 0, begin) > body.rfind(ends, 0, begin) for opens, ends in _ASIDE):
        return None
    tag = _TAG.match(body, begin)
    return tag.group() if tag and tag.end() > at else None


def _served_date(value: object) -> date | None:
    if not isinstance(value, str) or not _DATE.fullmatch(value):
        return None
    try:
        return date.fromisoformat(value)
    except ValueError:
        return None
