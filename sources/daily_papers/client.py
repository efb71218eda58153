"""Asks the site for the list of one date and returns the answers exactly as received.

Belongs here: which addresses to ask, paging, the fallback to the daily page. Does not belong here: retries
(``http.py``) and parsing: land first, parse second. A page is only looked at to know whether another follows.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Literal

import msgspec
from msgspec import Raw

from sources.errors import PermanentError, SourceError, TransientError
from sources.http import HttpClient, Response

PAGE_SIZE = 100
MAX_PAGES = 20


@dataclass(frozen=True)
class Payload:
    """One answer: decoded from its transfer encoding, otherwise as received. ``received_at`` is UTC."""

    url: str
    status: int
    body: bytes
    received_at: datetime


@dataclass(frozen=True)
class Capture:
    """Everything one look at one listing date brought home.

    ``observed_at`` (UTC) is when the first payload was asked for. ``duplicate_ids`` are the papers met on
    more than one page, because votes moved them while we turned it. ``used_fallback`` says why the daily
    page was taken instead of the API, and is None if it was not.
    """

    listing_date: date
    observed_at: datetime
    format: Literal["api_json", "page_html"]
    payloads: tuple[Payload, ...]
    duplicate_ids: tuple[str, ...] = ()
    used_fallback: str | None = None


class _PaperId(msgspec.Struct):
    id: str


class _EntryId(msgspec.Struct):
    paper: _PaperId


class DailyPapersClient:
    """Listings of one site. ``endpoint`` like ``https://huggingface.co``; ``now`` returns aware UTC."""

    def __init__(
        self,
        endpoint: str,
        http: HttpClient,
        *,
        page_size: int = PAGE_SIZE,
        max_pages: int = MAX_PAGES,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._endpoint = endpoint.rstrip("/")
        self._http = http
        self._page_size = page_size
        self._max_pages = max_pages
        self._now = now

    def fetch_listing(self, listing_date: date, only: Literal["api", "page"] | None = None) -> Capture:
        """All pages of the API for one date, or the daily page when the API fails; ``only`` asks just one of them.

        A payload of the wrong shape is returned as it came: refusing it is the parser's work.
        Raises ``PermanentError`` when the API calls the date a bad one (400), else the API's
        ``TransientError`` or ``PermanentError`` when the page fails as well.
        """
        if only == "page":
            return self._fetch_page(listing_date)
        try:
            return self._fetch_api(listing_date)
        except SourceError as error:
            if error.status == 400 or only == "api":
                raise
            return self._fetch_page(listing_date, error)

    def _fetch_api(self, listing_date: date) -> Capture:
        observed_at = self._now()
        payloads: list[Payload] = []
        seen: dict[str, int] = {}
        for page in range(self._max_pages):
            response = self._http.get(
                f"{self._endpoint}/api/daily_papers",
                {"date": listing_date.isoformat(), "limit": self._page_size, "p": page},
            )
            payloads.append(self._payload(response))
            ids, length = _look_at(response.body)
            brings_new = any(paper_id not in seen for paper_id in ids)
            for paper_id in ids:
                seen[paper_id] = seen.get(paper_id, 0) + 1
            if length < self._page_size or not brings_new:
                break
        repeated = tuple(paper_id for paper_id, times in seen.items() if times > 1)
        return Capture(listing_date, observed_at, "api_json", tuple(payloads), repeated)

    def _fetch_page(self, listing_date: date, api_error: SourceError | None = None) -> Capture:
        observed_at = self._now()
        try:
            response = self._http.get(f"{self._endpoint}/papers/date/{listing_date.isoformat()}")
        except SourceError as page_error:
            if api_error is None:
                raise
            raise _both_failed(api_error, page_error) from None
        return Capture(
            listing_date,
            observed_at,
            "page_html",
            (self._payload(response),),
            used_fallback=f"The API failed: {api_error.message}" if api_error else None,
        )

    def _payload(self, response: Response) -> Payload:
        return Payload(response.url, response.status, response.body, self._now())


def _both_failed(api_error: SourceError, page_error: SourceError) -> SourceError:
    message = f"{api_error.message} The daily page failed too: {page_error.message}"
    if isinstance(api_error, TransientError):
        return TransientError(message, url=api_error.url, status=api_error.status, retry_after=api_error.retry_after)
    return PermanentError(message, url=api_error.url, status=api_error.status)


def _look_at(body: bytes) -> tuple[list[str], int]:
    """The paper ids on a page, as far as they can be read, and its number of records (0: it is no list)."""
    try:
        records = msgspec.json.decode(body, type=list[Raw])
    except (ValueError, RecursionError):
        return [], 0
    ids = []
    for record in records:
        try:
            ids.append(msgspec.json.decode(record, type=_EntryId).paper.id)
        except (ValueError, RecursionError):
            continue
    return ids, len(records)
