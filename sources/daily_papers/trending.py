"""The site's trending list: an array of ``/api/daily_papers?sort=trending``, or the page ``/papers/trending``.

The list is of no date, and its order is the site's own, so a record's position is its rank. Belongs here: which parser
reads it. Does not belong here: what an entry means (``entries.py``).
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime

from sources.daily_papers.entries import parse_pages
from sources.daily_papers.entry_cache import EntryCache
from sources.daily_papers.formats import as_utf8, detect_format, guarded
from sources.daily_papers.page_html import parse_trending_html
from sources.daily_papers.records import Listing
from sources.errors import FormatError


def parse_trending(
    payloads: Sequence[bytes],
    *,
    listing_date: date | None = None,
    observed_at: datetime | None = None,
    cache: EntryCache | None = None,
) -> Listing:
    """The trending list in the payloads of one capture, as a listing of the kind ``trending``.

    Raises ``FormatError``: not_trending (the page of another list, or a text), and the reasons of a daily listing.
    """
    with guarded():
        pages = [as_utf8(payload) for payload in payloads]
        format = detect_format(pages[0])
        if format == "api_json":
            return parse_pages(pages, format=format, served_date=None, listing_date=None, cache=cache, kind="trending")
        if format == "page_html" and len(pages) == 1:
            return parse_trending_html(pages[0], cache)
        raise FormatError(
            "The payload is not the trending list; expected its JSON array or its page.", reason_code="not_trending"
        )
