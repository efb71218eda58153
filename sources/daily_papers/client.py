"""Fetch the listing of one date, the trending list or one paper, and return the payloads exactly as received.

Belongs here: which addresses to request, paging, the fallback to the daily page. Does not belong here: retries
(``http.py``) and parsing: land first, parse second. A page is decoded only to find out whether another follows.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from typing import Literal
from urllib.parse import quote, urljoin

import msgspec
from msgspec import Raw
from requests.utils import parse_header_links

from sources.daily_papers.entries import MAX_COMMAS, MAX_PAGE_BYTES
from sources.daily_papers.ids import canonical_id
from sources.errors import PermanentError, SourceError, TransientError
from sources.http import HttpClient, Response, origin_of

PAGE_SIZE = 100
#: Page sizes to try in order when the source refuses one; after them, no size.
SMALLER_SIZES = (50, 20)
MAX_PAGES = 50
#: Times that a listing is read from its start because it shifted while its pages were read.
MAX_PASSES = 3

_TOO_LARGE = re.compile(r"too (?:big|large|many)|<=|at most|less than|\bmax", re.I)
_LARGEST = re.compile(r"(?:<=?|at most|than or equal to|between \d+ and|max\w*(?: is| of|:)?)\s*(\d{1,6})\b", re.I)
_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Payload:
    """One response: decoded from its transfer encoding, otherwise as received. ``received_at`` is UTC."""

    url: str
    status: int
    body: bytes
    received_at: datetime


@dataclass(frozen=True)
class Capture:
    """The payloads of one observation of one listing date, or of the trending list or a paper (without a date).

    ``observed_at`` (UTC) is the time of the first request. ``duplicate_ids`` are the papers on more than one page,
    because votes moved them between two requests. ``used_fallback`` is the reason why the daily page was read instead
    of the API, or None. ``warnings`` are sentences about what may be missing. ``earlier`` are observations of the same
    fetch whose pages were inconsistent.
    """

    listing_date: date | None
    observed_at: datetime
    format: Literal["api_json", "page_html"]
    payloads: tuple[Payload, ...]
    duplicate_ids: tuple[str, ...] = ()
    used_fallback: str | None = None
    warnings: tuple[str, ...] = ()
    earlier: tuple[Capture, ...] = ()


class _PaperId(msgspec.Struct):
    id: str


class _EntryId(msgspec.Struct):
    paper: _PaperId


@dataclass
class _Pass:
    """The pages of one pass over a listing, how often each paper was on them, and what may be missing."""

    observed_at: datetime
    payloads: list[Payload] = field(default_factory=list)
    met: dict[str, int] = field(default_factory=dict)
    warnings: list[str] = field(default_factory=list)
    has_shifted: bool = False
    failure: SourceError | None = None

    def add(self, ids: Sequence[str]) -> bool:
        """Count the papers of a page; whether one of them is new."""
        is_new = any(paper_id not in self.met for paper_id in ids)
        for paper_id in ids:
            self.met[paper_id] = self.met.get(paper_id, 0) + 1
        return is_new

    def warn(self, warning: str) -> None:
        self.warnings.append(warning)

    @property
    def duplicate_ids(self) -> tuple[str, ...]:
        return tuple(paper_id for paper_id, times in self.met.items() if times > 1)


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
        self.http = http
        self._endpoint = endpoint.rstrip("/")
        #: The limit of a request; smaller, or None, once the source refused it.
        self._page_size: int | None = page_size
        self._max_pages = max_pages
        self._now = now

    def take_notes(self) -> list[str]:
        """Sentences about the connection for the person who started the program, each once."""
        notes, self.http.notes = self.http.notes, []
        return notes

    def fetch_listing(self, listing_date: date, only: Literal["api", "page"] | None = None) -> Capture:
        """All pages of the API for one date, or the daily page when the API fails; ``only`` selects one.

        A payload of the wrong shape is returned as received: the parser refuses it. The capture's warnings name
        what may be missing.
        Raises ``PermanentError`` when the API refuses the date (400), else the API's
        ``TransientError`` or ``PermanentError`` when the page fails as well.
        """
        if only == "page":
            return self._fetch_page(listing_date)
        try:
            capture, failure = self._fetch_api(listing_date)
        except SourceError as error:
            if only == "api" or (error.status == 400 and self._blames(error, listing_date) == "date"):
                raise
            _log.debug("%s: the API failed, the daily page is read: %s", listing_date, error)
            return self._fetch_page(listing_date, error)
        if failure is not None and only is None:
            try:
                page = self._fetch_page(listing_date, failure)
            except SourceError as error:
                _log.debug("%s: a page of the API failed, and the daily page: %s", listing_date, error)
            else:
                return replace(page, earlier=(*capture.earlier, replace(capture, earlier=())))
        return capture

    def fetch_trending(self) -> Capture:
        """The first page of the trending list: ``PAGE_SIZE`` ranks of the API, or the site's page when the API fails.

        Raises the API's ``TransientError`` or ``PermanentError`` when the page fails as well.
        """
        observed_at = self._now()
        try:
            response = self.http.get(self._api, {"sort": "trending", "limit": self._page_size or PAGE_SIZE})
            return Capture(None, observed_at, "api_json", (self._payload(response),))
        except SourceError as error:
            _log.debug("The trending list: the API failed, its page is read: %s", error)
            return self._fetch_html("/papers/trending", None, error)

    def fetch_paper(self, paper_id: str) -> Capture:
        """The details of one paper by its key (``ids.py``). A 404 is an answer: the site has no such paper.

        Raises ``TransientError`` or ``PermanentError`` for every other failure.
        """
        observed_at = self._now()
        try:
            response = self.http.get(f"{self._endpoint}/api/papers/{quote(paper_id.removeprefix('hf:'))}")
            payload = self._payload(response)
        except PermanentError as error:
            if error.status != 404:
                raise
            payload = Payload(error.url or "", 404, error.body, self._now())
        return Capture(None, observed_at, "api_json", (payload,))

    def _fetch_api(self, listing_date: date) -> tuple[Capture, SourceError | None]:
        """One pass over the pages, and further ones while the listing shifts between two requests.

        Also returns the error of a page after the first, if one failed in the pass that is returned.
        """
        notes: list[str] = []
        passes: list[_Pass] = []
        for number in range(1, MAX_PASSES + 1):
            try:
                passes.append(self._read_pages(listing_date, notes))
            except SourceError as error:
                if not passes:
                    raise
                _log.debug("%s: the listing can't be read again: %s", listing_date, error)
                break
            if number > 1 and passes[-1].met == passes[-2].met:
                # Two equal passes: the source lists papers twice; the listing has not shifted.
                passes[-1].has_shifted = False
            if not passes[-1].has_shifted and all(one.met.keys() <= passes[-1].met.keys() for one in passes):
                break
            _log.debug("%s: the listing shifted while its pages were read (pass %d).", listing_date, number)
        best = max(passes, key=lambda one: (len(one.met), not one.has_shifted))
        if best.has_shifted:
            best.warnings.append("the listing shifted while its pages were read: papers may be missing")
        captures = [
            Capture(
                listing_date,
                one.observed_at,
                "api_json",
                tuple(one.payloads),
                one.duplicate_ids,
                warnings=(*notes, *one.warnings) if one is best else (),
            )
            for one in sorted(passes, key=lambda one: one is best)
        ]
        return replace(captures[-1], earlier=tuple(captures[:-1])), best.failure

    def _read_pages(self, listing_date: date, notes: list[str]) -> _Pass:
        """Read all pages. The header ``Link`` decides whether another follows.

        Without that header, the last page is one that is empty or has no new paper. A last page that is full by the
        header is not believed: the page after it is read too.
        """
        observed_at = self._now()
        response = self._first_page(listing_date, notes)
        found = _Pass(observed_at, [self._payload(response)])
        ids, length = _read_ids(response.body)
        found.add(ids)
        asked, size = self._page_size, self._page_size
        if asked is not None and length < asked:
            # A source that limits its pages numbers them by its own size.
            size = length
        idle, follows_links = 0, False
        for page in range(1, self._max_pages + 1):
            link, has_links = self._next_link(response)
            ends_full = link is None and asked is not None and length >= asked
            if link is None and (not ids or ((has_links or follows_links) and not ends_full)):
                break
            follows_links |= link is not None
            if page == self._max_pages:
                found.warn(f"the listing may be cut: it has more than {page} pages")
                break
            try:
                query = None if link else self._query(listing_date, size, page)
                response = self.http.get(link or self._api, query)
            except SourceError as error:
                found.warn(f"the listing may be cut after {len(found.met)} papers: {error.message}")
                found.failure = error
                break
            previous, before = ids, length
            ids, length = _read_ids(response.body)
            if ids and ids == previous:
                # Each page has the same papers: the source ignores the page number.
                if asked is None or before < asked:
                    if before % 10 == 0:
                        found.warn(f"the listing may be cut at {before} papers: the source turns no pages")
                    break
                found.warn(f"the listing may be cut at {before} papers: the source repeats its full page")
            elif any(paper_id in found.met for paper_id in ids):
                found.has_shifted = True
            found.payloads.append(self._payload(response))
            if sum(len(payload.body) for payload in found.payloads) > MAX_PAGE_BYTES:
                found.payloads.pop()
                found.warn(f"the listing may be cut: its pages have more than {MAX_PAGE_BYTES} bytes")
                break
            is_new = found.add(ids)
            idle = 0 if is_new else idle + 1
            if is_new and ends_full and (has_links or follows_links):
                found.warn(f"the header Link ended after {len(found.met) - len(ids)} papers, though more followed")
            if idle > (1 if link else 0):
                break
        return found

    @property
    def _api(self) -> str:
        return f"{self._endpoint}/api/daily_papers"

    @staticmethod
    def _query(listing_date: date, size: int | None, page: int) -> dict[str, str | int]:
        query: dict[str, str | int] = {"date": listing_date.isoformat(), "limit": size or 0, "p": page}
        if size is None:
            del query["limit"]
        return query

    def _first_page(self, listing_date: date, notes: list[str]) -> Response:
        """The first page, with a smaller page size if the source refuses the present one.

        The accepted size is used for the next dates too.
        """
        asked = self._page_size
        refused: PermanentError | None = None
        sizes: list[int | None] = [asked]
        while sizes:
            size = sizes.pop(0)
            try:
                response = self.http.get(self._api, self._query(listing_date, size, 0))
            except PermanentError as error:
                if error.status not in (400, 422) or self._blames(error, listing_date) == "date" or asked is None:
                    raise
                if refused is None:
                    refused = error
                    sizes = _smaller_sizes(asked, error.answer or "")
                    _log.debug("The source refuses limit=%d (%s): smaller pages are tried.", asked, error.answer)
                    continue
                if not sizes:
                    raise
                continue
            if refused is not None:
                self._page_size = size
                how = f"limit={size}" if size else "no limit"
                notes.append(f"the source refuses limit={asked} ({refused.answer or refused.message}): read with {how}")
            return response
        raise AssertionError("unreachable: the last size is answered or raises")

    def _blames(self, error: SourceError, listing_date: date) -> Literal["date", "limit", "nothing"]:
        """Which parameter a refusal is about, by its text; a future date is always the cause."""
        text = error.answer or ""
        if re.search(r"\blimit\b", text, re.I):
            return "limit"
        if listing_date > self._now().date() or re.search(r"\b(?:date|day|future)\b", text, re.I):
            return "date"
        return "limit" if _TOO_LARGE.search(text) else "nothing"

    def _next_link(self, response: Response) -> tuple[str | None, bool]:
        """The address of the next page by the header ``Link``, and whether the header is about pages.

        An address of another origin is not followed.
        """
        headers = {name.lower(): value for name, value in response.headers.items()}
        relations = {
            relation: link["url"]
            for link in parse_header_links(headers.get("link", ""))
            for relation in link.get("rel", "").lower().split()
        }
        if "next" not in relations:
            return None, bool(relations.keys() & {"prev", "previous", "first", "last"})
        target = urljoin(response.url, relations["next"])
        if origin_of(target) != origin_of(self._endpoint):
            _log.warning("The next page is at another origin (%s): not followed.", origin_of(target)[1])
            return None, False
        return target, True

    def _fetch_page(self, listing_date: date, api_error: SourceError | None = None) -> Capture:
        return self._fetch_html(f"/papers/date/{listing_date.isoformat()}", listing_date, api_error)

    def _fetch_html(self, path: str, listing_date: date | None, api_error: SourceError | None) -> Capture:
        observed_at = self._now()
        try:
            response = self.http.get(f"{self._endpoint}{path}")
        except SourceError as page_error:
            if api_error is None:
                raise
            page = "daily page" if listing_date else "page"
            raise _both_failed(api_error, page_error, page) from None
        return Capture(
            listing_date,
            observed_at,
            "page_html",
            (self._payload(response),),
            used_fallback=f"The API failed: {_with_answer(api_error)}" if api_error else None,
        )

    def _payload(self, response: Response) -> Payload:
        return Payload(response.url, response.status, response.body, self._now())


def _smaller_sizes(asked: int, text: str) -> list[int | None]:
    """Page sizes to try after a refusal: the largest one that its text names, smaller ones, none at all."""
    named = _LARGEST.search(text)
    sizes = ([int(named[1])] if named else []) + list(SMALLER_SIZES)
    return [*dict.fromkeys(size for size in sizes if 1 <= size < asked), None]


def _with_answer(error: SourceError) -> str:
    return f"{error.message} ({error.answer[:200]})" if error.answer else error.message


def _both_failed(api_error: SourceError, page_error: SourceError, page: str) -> SourceError:
    same = page_error.message == api_error.message
    message = f"{_with_answer(api_error)} The {page} failed too" + ("." if same else f": {page_error.message}")
    if isinstance(api_error, TransientError):
        return TransientError(message, url=api_error.url, status=api_error.status, retry_after=api_error.retry_after)
    return PermanentError(message, url=api_error.url, status=api_error.status)


def _read_ids(body: bytes) -> tuple[list[str], int]:
    """The paper ids on a page that can be decoded, and the number of its records (0 if it is no list)."""
    if body.count(b",") > MAX_COMMAS:
        return [], 0  # Not a listing; decoding it could exhaust the memory.
    try:
        records = msgspec.json.decode(body, type=list[Raw])
    except (ValueError, RecursionError):
        return [], 0
    ids = []
    for record in records:
        try:
            paper_id = msgspec.json.decode(record, type=_EntryId).paper.id
        except (ValueError, RecursionError):
            continue
        ids.append(canonical_id(paper_id) or paper_id)
    return ids, len(records)
