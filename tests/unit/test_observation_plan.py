"""The observation plan: each milestone is observed, missed ones are made up for within the budget of requests.

The simulations run the real plan, client and fetching against a site whose upvotes are a function of the moment.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from sources.daily_papers.client import DailyPapersClient
from sources.errors import TransientError
from sources.http import HttpClient, HttpLimits, RequestBudget, Response
from warehouse.landing.archive import Landing, LandingBatch
from warehouse.landing.captures import Capture
from warehouse.landing.fetching import fetch_listings
from warehouse.landing.plan import EVERY_RUN_DAYS, DueListing, ListingHistory, due_listings, number_of_run
from warehouse.settings import MILESTONES, Settings

FIRST = date(2026, 1, 1)
DAYS = 400
#: The default schedule: hours of the day at which a run starts, and minutes after the hour.
HOURS, MINUTE = range(2, 23, 4), 45
RUN_PAUSE = timedelta(hours=4)
#: A listing without a ``Link`` header is read to its first empty page.
REQUESTS_A_LISTING = 2
MAX_REQUESTS = Settings.max_requests


def at(day: date, hour: int = 0, minute: int = 0) -> datetime:
    return datetime(day.year, day.month, day.day, hour, minute, tzinfo=UTC)


def runs(days: int, outage: range = range(0)) -> Iterator[datetime]:
    """The moments of the schedule's runs on so many days, but for those of an outage."""
    for day in range(days):
        if day not in outage:
            yield from (at(FIRST + timedelta(days=day), hour, MINUTE) for hour in HOURS)


def site_listing(listing_date: date, moment: datetime) -> list[dict[str, Any]]:
    """What the site shows of a date at a moment: nothing on a weekend; papers and votes come with the hours."""
    hours = (moment - at(listing_date)) // timedelta(hours=1)
    if listing_date.weekday() >= 5:
        return []
    papers = min(hours // 4, 3)
    return [{"paper": {"id": f"{listing_date:%y%m.%d}00{n}", "upvotes": hours // (n + 1)}} for n in range(papers)]


class Site(HttpClient):
    """The site as the client's connection: answers without a network, and counts requests by moment."""

    def __init__(self) -> None:
        super().__init__(limits=HttpLimits(min_interval=0), budget=RequestBudget(MAX_REQUESTS))
        self.now = at(FIRST)
        self.requests: Counter[datetime] = Counter()
        self.is_down = False

    def _get_once(self, url: str) -> Response:
        self.requests[self.now] += 1
        if self.is_down:
            raise TransientError("The server answered 503.")
        asked = parse_qs(urlsplit(url).query)
        listing_date, page = date.fromisoformat(asked["date"][0]), int(asked["p"][0])
        body = site_listing(listing_date, self.now) if page == 0 else []
        return Response(url, 200, json.dumps(body).encode())


class MemoryLanding(Landing):
    """A landing archive in memory."""

    can_fork = may_have_partial_line = False

    def __init__(self) -> None:
        super().__init__("memory")
        self.landed: list[tuple[Capture, list[bytes]]] = []

    def _new_batch(self) -> LandingBatch:
        return _MemoryBatch(self)

    def stored_payloads(self) -> Iterator[str]:
        return iter(())

    _has_journals = _journals = _decision_journals = _read_packed = None  # type: ignore[assignment]


class _MemoryBatch(LandingBatch):
    _landing: MemoryLanding

    def __init__(self, landing: MemoryLanding) -> None:
        super().__init__(landing)
        self._bodies: dict[str, bytes] = {}

    def commit(self) -> None:
        for record in self._records:
            assert isinstance(record, Capture)
            self._landing.landed.append((record, [self._bodies[payload.sha256] for payload in record.payloads]))

    def _may_have_payload(self, sha256: str) -> bool:
        return False

    def _write_payload(self, sha256: str, body: bytes) -> None:
        self._bodies[sha256] = body


@dataclass
class Simulation:
    """A warehouse that runs by the schedule. ``moments``: when each listing date was observed."""

    outage: range = range(0)
    days: int = DAYS
    site: Site = field(default_factory=Site)
    landing: MemoryLanding = field(default_factory=MemoryLanding)
    moments: dict[date, list[datetime]] = field(default_factory=dict)

    def run(self) -> Simulation:
        client = DailyPapersClient("https://site.example", self.site, now=lambda: self.site.now)
        first_date = FIRST - timedelta(days=Settings.lookback - 1)
        histories: dict[date, ListingHistory] = {}
        for moment in runs(self.days, self.outage):
            self.site.now = moment
            self.site.budget = RequestBudget(MAX_REQUESTS)
            due = due_listings(moment, histories, first_date=first_date, milestone_days=MILESTONES)
            needed = {listing.listing_date: listing.requests for listing in due}
            report = fetch_listings(self.landing, client, list(needed), needed=needed)
            assert not report.failures
            for day in report.landed:
                self.moments.setdefault(day, []).append(moment)
                histories[day] = ListingHistory(moment, requests=REQUESTS_A_LISTING)
        return self

    def requests_by_day(self) -> Counter[date]:
        """Requests of each day."""
        found: Counter[date] = Counter()
        for moment, requests in self.site.requests.items():
            found[moment.date()] += requests
        return found


def curve(by_day: Counter[date]) -> str:
    """Requests a day, by months of 30 days."""
    days = [by_day[FIRST + timedelta(days=n)] for n in range(DAYS)]
    months = [days[n : n + 30] for n in range(0, DAYS, 30)]
    return "\n".join(
        f"days {30 * n:3}-{30 * n + len(m) - 1:3}: {sum(m) / len(m):5.1f} a day, at most {max(m)}"
        for n, m in enumerate(months)
    )


@pytest.fixture(scope="module")
def year() -> Simulation:
    return Simulation().run()


def passed_milestones(listing_date: date, days: int = DAYS) -> Sequence[datetime]:
    """The moments of a listing's milestones within the simulation."""
    end = at(FIRST + timedelta(days=days))
    return [moment for n in MILESTONES if at(FIRST) <= (moment := at(listing_date + timedelta(days=n))) < end]


def test_each_listing_is_observed_by_the_first_run_after_each_milestone(year: Simulation) -> None:
    assert len(year.moments) == DAYS + Settings.lookback - 1
    for listing_date, moments in year.moments.items():
        for milestone in passed_milestones(listing_date):
            assert any(milestone <= moment < milestone + RUN_PAUSE for moment in moments), (listing_date, milestone)


def test_every_run_of_the_first_days_observes_a_listing(year: Simulation) -> None:
    for n in range(DAYS - EVERY_RUN_DAYS):
        listing_date = FIRST + timedelta(days=n)
        first_days = [
            at(listing_date + timedelta(days=age), h, MINUTE) for age in range(EVERY_RUN_DAYS + 1) for h in HOURS
        ]
        assert year.moments[listing_date][: len(first_days)] == first_days
        # After them one observation a milestone and none besides.
        assert len(year.moments[listing_date]) == len(first_days) + len(passed_milestones(listing_date))


def test_the_requests_of_a_day_and_of_a_run_are_bounded(year: Simulation) -> None:
    by_day = year.requests_by_day()
    print(curve(by_day))
    listings_a_day = len(HOURS) * (EVERY_RUN_DAYS + 1) + len(MILESTONES)
    assert max(by_day.values()) <= listings_a_day * REQUESTS_A_LISTING
    assert max(year.site.requests.values()) <= MAX_REQUESTS


def test_what_is_landed_is_what_the_site_showed_at_that_moment(year: Simulation) -> None:
    assert len(year.landing.landed) == sum(map(len, year.moments.values()))
    for capture, payloads in year.landing.landed:
        assert capture.listing_date and capture.observed_at_basis == "clock"
        assert json.loads(payloads[0]) == site_listing(capture.listing_date, capture.observed_at)


def test_a_week_without_runs_is_made_up_for_within_the_budget() -> None:
    days, outage = 230, range(200, 207)
    simulation = Simulation(outage, days).run()
    gone, back = (at(FIRST + timedelta(days=n)) for n in (outage.start, outage.stop))
    # What a week left, the milestones of the first day included, takes less than a day of runs.
    caught_up = back + 4 * RUN_PAUSE
    for listing_date, moments in simulation.moments.items():
        for milestone in passed_milestones(listing_date, days):
            start, end = milestone, milestone + RUN_PAUSE
            if gone <= milestone < caught_up:
                start, end = max(milestone, back), caught_up
            assert any(start <= moment < end for moment in moments), (listing_date, milestone)
    requests = simulation.site.requests
    assert max(requests.values()) <= MAX_REQUESTS
    # The first run has more to observe than its budget allows.
    assert requests[back + timedelta(hours=HOURS[0], minutes=MINUTE)] >= MAX_REQUESTS - 1


# --- One listing


def due_of(listing_date: date, now: datetime, history: ListingHistory | None = None) -> DueListing | None:
    histories = {listing_date: history} if history else {}
    due = due_listings(now, histories, first_date=listing_date, milestone_days=MILESTONES)
    return next((listing for listing in due if listing.listing_date == listing_date), None)


@pytest.mark.parametrize(
    ("age", "last_age", "milestone"),
    [
        (12, 10, None),
        (14, 13, 14),
        (364, 270, None),
        (365, 364, 365),
        (729, 365, None),
        (730, 729, 730),
        (1500, 365, 1460),
    ],
)
def test_a_listing_is_due_once_after_each_milestone_and_after_the_last_once_a_year(
    age: int, last_age: int, milestone: int | None
) -> None:
    due = due_of(FIRST, at(FIRST + timedelta(days=age)), ListingHistory(at(FIRST + timedelta(days=last_age))))
    assert (due.milestone_days if due else None) == milestone


def test_fresh_listings_come_first_and_then_the_oldest_milestone() -> None:
    day = FIRST + timedelta(days=40)
    histories = {FIRST + timedelta(days=n): ListingHistory(at(FIRST + timedelta(days=n))) for n in (0, 20)}
    due = due_listings(at(day, 12), histories, first_date=FIRST, milestone_days=MILESTONES)
    assert [listing.listing_date for listing in due[:3]] == [day - timedelta(days=n) for n in range(3)]
    assert [listing.due_since for listing in due[3:]] == sorted(listing.due_since for listing in due[3:])


def test_dates_before_the_first_are_considered_only_if_they_were_observed() -> None:
    old, unknown = date(2024, 5, 6), date(2024, 5, 7)
    histories = {old: ListingHistory(at(old)), unknown: ListingHistory(rejected_at=(at(unknown),))}
    due = due_listings(at(FIRST), histories, first_date=FIRST, milestone_days=MILESTONES)
    assert [listing.listing_date for listing in due] == [FIRST, old]


def test_a_rejected_listing_is_due_again_a_few_times_after_the_others() -> None:
    now, since = at(FIRST + timedelta(days=14), 12), at(FIRST + timedelta(days=14))
    seen = ListingHistory(at(FIRST + timedelta(days=10)))
    other = FIRST + timedelta(days=4)
    for rejected, expected in ((0, [FIRST, other]), (1, [other, FIRST]), (3, [other])):
        histories = {FIRST: ListingHistory(seen.last_observed_at, rejected_at=(since,) * rejected), other: seen}
        due = due_listings(now, histories, first_date=now.date(), milestone_days=MILESTONES)
        assert sorted(listing.listing_date for listing in due[1:]) == sorted(expected)
        assert due[-1].listing_date == expected[-1]
    assert due_of(
        FIRST, at(FIRST + timedelta(days=21)), ListingHistory(seen.last_observed_at, rejected_at=(since,) * 3)
    )


def test_a_listing_that_was_never_observed_is_due_whatever_the_milestones() -> None:
    due = due_listings(at(FIRST + timedelta(days=5)), {}, first_date=FIRST, milestone_days=(100,))
    assert [listing.age_days for listing in due] == [0, 1, 2, 5, 4, 3]
    assert due[-1].reason == "it was never observed"


def test_a_due_listing_gives_its_reason() -> None:
    history = ListingHistory(at(FIRST + timedelta(days=6)))
    seven = due_of(FIRST, at(FIRST + timedelta(days=7)), history)
    today = due_of(FIRST, at(FIRST))
    assert seven and seven.reason == "it became 7 days old on 2026-01-08"
    assert today and today.reason == "every run observes a listing of up to 2 days"


def test_the_runs_that_a_backlog_takes_are_counted_in_requests() -> None:
    due = [DueListing(FIRST, 3, 3, at(FIRST), None, requests) for requests in (4, 6, 1, 12, 2)]
    assert number_of_run(due, 10) == [0, 0, 1, 2, 3]


def test_a_listing_is_not_begun_with_too_few_requests_left() -> None:
    site = Site()
    site.now, site.budget = at(FIRST, 23), RequestBudget(5)
    client = DailyPapersClient("https://site.example", site, now=lambda: site.now)
    days = [FIRST - timedelta(days=n) for n in range(4)]
    landing = MemoryLanding()
    report = fetch_listings(landing, client, days, needed=dict.fromkeys(days, 2))
    assert (list(report.landed), report.postponed) == (days[:2], days[2:])
    assert site.requests.total() == 4 and not report.failures
    assert report.remarks == [
        "2 listings to observe wait for the next run: this run has sent its requests (PAPERS_MAX_REQUESTS)."
    ]
    # The count was too low: what has no end is not landed, and the budget holds.
    site.budget = RequestBudget(3)
    report = fetch_listings(landing, client, days, needed=dict.fromkeys(days, 1))
    assert (list(report.landed), report.postponed) == (days[:1], days[1:])
    assert site.requests.total() == 7 and len(landing.landed) == 3


def test_a_source_that_does_not_answer_postpones_the_rest_of_the_plan() -> None:
    site = Site()
    site.is_down, site._sleep = True, lambda _: None
    client = DailyPapersClient("https://site.example", site, now=lambda: site.now)
    days = [FIRST - timedelta(days=n) for n in range(40)]
    report = fetch_listings(MemoryLanding(), client, days, needed=dict.fromkeys(days, 1))
    assert (list(report.failures), report.postponed) == (days[:2], days[2:])
    assert report.remarks == [
        "38 listings to observe wait for the next run: the source did not answer for 2 dates before."
    ]
