"""Fetch listings and land the payloads. Nothing is parsed here: land first, parse second."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Literal

from sources import DAILY, DAILY_PAPERS, PAPER, TRENDING
from sources.daily_papers.client import Capture, DailyPapersClient
from sources.errors import BudgetError, SourceError, TransientError
from sources.http import HttpClient, HttpLimits, RequestBudget
from warehouse.clock import utc_now
from warehouse.display import plural
from warehouse.landing.archive import Landing, LandingBatch
from warehouse.settings import Settings

#: Consecutive dates without an answer, each after all retries of the client, after which a run sends no more requests.
MAX_UNANSWERED_DATES = 2
#: Seconds that fetching may take, waits included: long enough for two windows of the site's rate limit (300 s), plus
#: some for each date. It runs while the writer's lock is held.
MAX_SECONDS, MAX_SECONDS_PER_DATE = 600, 10

_SPENT = "this run has sent its requests (PAPERS_MAX_REQUESTS)"

_log = logging.getLogger(__name__)


@dataclass
class FetchReport:
    """The outcome of fetching: load ids and failures by date, remarks, and dates that were observed already.

    ``postponed``: dates that are due and wait for the next run, for the reason that a remark gives.
    """

    landed: dict[date, str] = field(default_factory=dict)
    failures: dict[date, str] = field(default_factory=dict)
    remarks: list[str] = field(default_factory=list)
    skipped: list[date] = field(default_factory=list)
    postponed: list[date] = field(default_factory=list)


@dataclass
class KindReport:
    """The outcome of fetching the trending list, or papers by themselves.

    ``landed`` and ``failures`` are by paper id, or by ``trending``. ``missing``: landed papers that the site has not
    (404). ``postponed``: what the run had no requests left for. ``skipped_because``: why nothing was asked for, if so.
    """

    landed: dict[str, str] = field(default_factory=dict)
    missing: list[str] = field(default_factory=list)
    failures: dict[str, str] = field(default_factory=dict)
    postponed: list[str] = field(default_factory=list)
    skipped_because: str | None = None


def trailing_dates(last: date, lookback: int) -> tuple[date, date]:
    """First and last of the ``lookback`` listing dates that end with ``last``."""
    return max(DAILY_PAPERS.first_listing_date, last - timedelta(days=lookback - 1)), last


def client_of(settings: Settings) -> DailyPapersClient:
    """The client that the settings describe."""
    limits = HttpLimits(min_interval=settings.min_interval, max_body=settings.max_payload_bytes)
    return DailyPapersClient(
        settings.endpoint,
        HttpClient(
            limits=limits,
            token=settings.token,
            token_endpoint=settings.endpoint,
            budget=RequestBudget(settings.max_requests),
        ),
        now=utc_now,
    )


def observed_since(landing: Landing, moment: datetime) -> set[date]:
    """Listing dates that were fetched at or after a moment (UTC), which a resumed backfill skips."""
    return {
        capture.listing_date
        for capture in landing.captures(moment.date(), on_damage=lambda _: None)  # an unreadable line is fetched again
        if capture.listing_date and capture.observed_at_basis == "clock" and capture.observed_at >= moment
    }


def fetch_listings(
    landing: Landing,
    client: DailyPapersClient,
    dates: Sequence[date],
    on_date: Callable[[date, str], None] | None = None,
    only: Literal["api", "page"] | None = None,
    needed: Mapping[date, int] | None = None,
) -> FetchReport:
    """Fetch and land the listing of each date. A date that fails is reported, and the others are fetched.

    ``needed``: the requests that each date probably takes. With it the client's budget bounds the requests, and dates
    for which it has too few left are postponed; without it the budget is neither asked nor charged.

    Each capture is durable before the next request, so a kill loses at most one answer. Fetching stops after
    ``MAX_UNANSWERED_DATES`` dates in a row without an answer, and after ``MAX_SECONDS`` plus ``MAX_SECONDS_PER_DATE``
    for each date, with a budget for as many as it allows.
    """
    report = FetchReport()
    budget = client.http.budget if needed is not None else None
    count = min(len(dates), budget.remaining) if budget else len(dates)
    bounded = nullcontext() if needed is not None else client.http.without_budget()
    with bounded, client.http.within(MAX_SECONDS + MAX_SECONDS_PER_DATE * count):
        _fetch(landing, client, dates, on_date, only, needed, report)
    report.remarks[:0] = client.take_notes()
    return report


def _fetch(
    landing: Landing,
    client: DailyPapersClient,
    dates: Sequence[date],
    on_date: Callable[[date, str], None] | None,
    only: Literal["api", "page"] | None,
    needed: Mapping[date, int] | None,
    report: FetchReport,
) -> None:
    """Fetch and land each date, and report it."""
    unanswered = 0
    budget = client.http.budget
    for position, listing_date in enumerate(dates):
        if unanswered >= MAX_UNANSWERED_DATES and needed:
            _postpone(report, dates[position:], f"the source did not answer for {unanswered} dates before")
            break
        if unanswered >= MAX_UNANSWERED_DATES:
            _log.debug("%s is skipped: the source did not answer for %d dates before it.", listing_date, unanswered)
            report.failures[listing_date] = f"not requested: the source did not answer for {unanswered} dates before it"
            continue
        # A listing that can't be read to its end is not started.
        if needed and budget and budget.remaining < min(needed[listing_date], budget.limit):
            _postpone(report, dates[position:], _SPENT)
            break
        try:
            capture = client.fetch_listing(listing_date, only)
        except BudgetError as error:
            _log.debug("%s is postponed: %s", listing_date, error)
            _postpone(report, dates[position:], _SPENT)
            break
        except SourceError as error:
            _log.debug("%s was not fetched: %s", listing_date, error)
            report.failures[listing_date] = str(error)
            unanswered += isinstance(error, TransientError)
            if on_date:
                on_date(listing_date, f"failed: {error}")
            continue
        unanswered = 0
        notes = _notes(capture)
        with landing.writing() as batch:
            for one in (*capture.earlier, capture):
                load_id = _land(batch, one, DAILY, listing_date=listing_date)
        _log.debug("%s: %d payload(s) landed as %s.", listing_date, len(capture.payloads), load_id)
        report.landed[listing_date] = load_id
        report.remarks += [f"{listing_date}: {note}" for note in notes]
        if on_date:
            on_date(listing_date, "landed")


def _postpone(report: FetchReport, dates: Sequence[date], reason: str) -> None:
    """Leave dates that are due to the next run."""
    report.postponed = list(dates)
    report.remarks.append(f"{len(dates)} {plural(len(dates), 'listing')} to observe wait for the next run: {reason}.")


def fetch_trending(landing: Landing, client: DailyPapersClient) -> KindReport:
    """Fetch and land the trending list. A failure is reported."""
    report = KindReport()
    with client.http.within(MAX_SECONDS):
        try:
            capture = client.fetch_trending()
        except BudgetError as error:
            _log.debug("The trending list is postponed: %s", error)
            report.postponed.append(TRENDING)
            return report
        except SourceError as error:
            report.failures[TRENDING] = str(error)
            return report
    with landing.writing() as batch:
        report.landed[TRENDING] = _land(batch, capture, TRENDING)
    return report


def fetch_papers(landing: Landing, client: DailyPapersClient, paper_ids: Sequence[str]) -> KindReport:
    """Fetch and land the details of each paper, within the client's budget. A 404 is landed too.

    A paper that fails is reported, and the others are fetched. Each is durable before the next request. Fetching stops
    after ``MAX_UNANSWERED_DATES`` papers in a row without an answer, and after ``MAX_SECONDS``.
    """
    report = KindReport()
    unanswered = 0
    with client.http.within(MAX_SECONDS):
        for position, paper_id in enumerate(paper_ids):
            if unanswered >= MAX_UNANSWERED_DATES:
                report.postponed = list(paper_ids[position:])
                break
            try:
                capture = client.fetch_paper(paper_id)
            except BudgetError as error:
                _log.debug("%s is postponed: %s", paper_id, error)
                report.postponed = list(paper_ids[position:])
                break
            except SourceError as error:
                _log.debug("%s was not fetched: %s", paper_id, error)
                report.failures[paper_id] = str(error)
                unanswered += isinstance(error, TransientError)
                continue
            unanswered = 0
            with landing.writing() as batch:
                report.landed[paper_id] = _land(batch, capture, PAPER, paper_id=paper_id)
            if capture.payloads[0].status == 404:
                report.missing.append(paper_id)
    return report


def _land(
    batch: LandingBatch, capture: Capture, kind: str, *, listing_date: date | None = None, paper_id: str | None = None
) -> str:
    """Land a capture as it was fetched. Returns its load id."""
    load_id, _ = batch.land(
        [(payload.url, payload.body) for payload in capture.payloads],
        source=capture.payloads[0].url,
        listing_date=listing_date,
        observed_at=capture.observed_at,
        observed_at_basis="clock",
        note="; ".join(_notes(capture)) or None,
        kind=kind,
        paper_id=paper_id,
        status=capture.payloads[0].status if paper_id else None,
    )
    return load_id


def _notes(capture: Capture) -> list[str]:
    """Notes about how a capture was fetched, for its line in the journal and the remarks of the run."""
    notes = [capture.used_fallback] if capture.used_fallback else []
    if capture.duplicate_ids:
        shown = ", ".join(capture.duplicate_ids[:5])
        more = f" and {len(capture.duplicate_ids) - 5} more" if len(capture.duplicate_ids) > 5 else ""
        notes.append(f"on two pages of one fetch: {shown}{more}")
    return notes + list(capture.warnings)
