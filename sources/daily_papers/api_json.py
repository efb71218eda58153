"""The payload of ``/api/daily_papers``: a JSON array of entries, in one or more pages.

Also what archivers saved from it, as long as it is that array: a bare number, a status wrapper, texts made
by printing the entries, or another source's rows are refused with a reason.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from sources.daily_papers.entries import parse_pages
from sources.daily_papers.records import Listing
from sources.daily_papers.repeats import Memo


def parse_api_json(pages: Sequence[bytes], listing_date: date | None = None, memo: Memo | None = None) -> Listing:
    """The listing in all pages of one fetch (UTF-8 JSON, each an array; ``[]`` is an empty listing).

    ``listing_date`` only helps to read the submission times of before 2025-03 (see ``submission.py``).
    ``memo`` caches parsed entries (see ``repeats.py``).
    The payload has no date, so ``served_date`` is None.
    Raises ``FormatError`` when the payload as a whole is no listing of Daily Papers: not_json, not_a_list,
    not_entries, wrong_source, not_utf8, too_deep, too_large.
    """
    return parse_pages(pages, format="api_json", served_date=None, listing_date=listing_date, memo=memo)
