"""The payload of ``/api/daily_papers``: a JSON array of entries, in one or more pages.

Files that archivers saved from it are read too, if they are that array. A bare number, a status wrapper, printed
entries and rows of another source are refused with a reason.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from sources.daily_papers.entries import parse_pages
from sources.daily_papers.entry_cache import EntryCache
from sources.daily_papers.records import Listing


def parse_api_json(
    pages: Sequence[bytes], listing_date: date | None = None, cache: EntryCache | None = None
) -> Listing:
    """The listing in all pages of one fetch (UTF-8 JSON, each an array; ``[]`` is an empty listing).

    ``listing_date`` only helps to read the submission times of before 2025-03 (see ``submission.py``).
    ``cache`` caches parsed entries (see ``entry_cache.py``).
    The payload has no date, so ``served_date`` is None.
    Raises ``FormatError`` when the payload as a whole is no listing of Daily Papers: not_json, not_a_list,
    not_entries, wrong_source, not_utf8, too_deep, too_large.
    """
    return parse_pages(pages, format="api_json", served_date=None, listing_date=listing_date, cache=cache)
