"""The observation plan: every milestone is observed, missed ones are made up for, fresh listings come first."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest

from warehouse.landing.plan import MILESTONE_DAYS, DueListing, due_listings

FIRST = date(2026, 1, 1)
#: A run every four hours.
RUN_HOURS = 4


def at(day: date, hour: int = 0) -> datetime:
    return datetime(day.year, day.month, day.day, hour, tzinfo=UTC)


def simulate(days: int, *, outage: range = range(0), budget: int = 10**6) -> dict[date, list[datetime]]:
    """The observations of a warehouse that runs every ``RUN_HOURS`` hours but on the days of ``outage``."""
    observations: dict[date, list[datetime]] = {}
    last: dict[date, datetime] = {}
    for hour in range(0, 24 * days, RUN_HOURS):
        now = at(FIRST) + timedelta(hours=hour)
        if hour // 24 in outage:
            continue
        for listing in due_listings(now, last, first_date=FIRST)[:budget]:
            observations.setdefault(listing.listing_date, []).append(now)
            last[listing.listing_date] = now
    return observations


def test_each_listing_is_observed_by_the_first_run_after_each_milestone() -> None:
    observations = simulate(420)
    for listing_date, moments in observations.items():
        ages = {(moment - at(listing_date)) // timedelta(hours=1) for moment in moments}
        end = (FIRST + timedelta(days=420) - listing_date).days
        assert {24 * days for days in MILESTONE_DAYS if days < end} <= ages, listing_date
        assert {hour for hour in range(0, 72, RUN_HOURS) if hour < 24 * end} <= ages, listing_date
        assert len(ages) <= 72 // RUN_HOURS + len(MILESTONE_DAYS)


def test_the_number_of_listings_a_day_is_bounded() -> None:
    by_day: dict[date, int] = {}
    for moments in simulate(420).values():
        for moment in moments:
            by_day[moment.date()] = by_day.get(moment.date(), 0) + 1
    assert max(by_day.values()) <= 3 * 24 // RUN_HOURS + len(MILESTONE_DAYS)


def test_a_week_without_runs_is_made_up_for_within_the_budget() -> None:
    observations = simulate(120, outage=range(60, 67), budget=10)
    for listing_date, moments in observations.items():
        age = (FIRST + timedelta(days=120) - listing_date).days
        for days in (days for days in MILESTONE_DAYS if days < age):
            following = min((d for d in MILESTONE_DAYS if d > days), default=10**6)
            start, end = at(listing_date + timedelta(days=days)), at(listing_date) + timedelta(days=following)
            missed = at(FIRST + timedelta(days=67)) + timedelta(days=2)
            assert any(start <= moment < max(end, missed) for moment in moments), (listing_date, days)


def test_fresh_listings_come_first_and_then_the_oldest_milestone() -> None:
    day = FIRST + timedelta(days=40)
    last = {FIRST: at(FIRST), FIRST + timedelta(days=20): at(FIRST + timedelta(days=20))}
    due = due_listings(at(day, 12), last, first_date=FIRST)
    assert [listing.listing_date for listing in due[:3]] == [day - timedelta(days=n) for n in range(3)]
    assert [listing.due_since for listing in due[3:]] == sorted(listing.due_since for listing in due[3:])


def test_an_observed_milestone_is_not_due_again_and_the_last_is_yearly() -> None:
    def milestones(now: datetime, last: datetime) -> list[int | None]:
        due = due_listings(now, {FIRST: last}, first_date=FIRST)
        return [listing.milestone_days for listing in due if listing.listing_date == FIRST]

    assert milestones(at(FIRST + timedelta(days=12)), at(FIRST + timedelta(days=10))) == []
    assert milestones(at(FIRST + timedelta(days=14)), at(FIRST + timedelta(days=13), 23)) == [14]
    assert milestones(at(FIRST + timedelta(days=729)), at(FIRST + timedelta(days=365))) == []
    assert milestones(at(FIRST + timedelta(days=730)), at(FIRST + timedelta(days=365))) == [730]
    assert milestones(at(FIRST + timedelta(days=1500)), at(FIRST + timedelta(days=365))) == [1460]


@pytest.mark.parametrize(
    ("listing", "reason"),
    [
        (DueListing(FIRST, None, at(FIRST), None), "every run observes"),
        (DueListing(FIRST, 7, at(FIRST + timedelta(days=7)), None), "7 days old on 2026-01-08, never observed"),
        (DueListing(FIRST, 7, at(date(2026, 1, 8)), at(date(2026, 1, 7), 5)), "last observed 2026-01-07 05:00 UTC"),
    ],
)
def test_a_due_listing_gives_its_reason(listing: DueListing, reason: str) -> None:
    assert reason in listing.reason
