"""The observation plan: which listing dates a run observes, and why.

A listing grows and collects upvotes fastest in its first days, so a run observes every listing up to
``every_run_days`` old. An older listing is observed once after each milestone. Missed runs catch up: a listing stays
due until it was observed after its latest milestone.

Here: pure functions of dates and moments. Not here: fetching, and what counts as an observation.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

#: A listing up to so many days old is observed by every run.
EVERY_RUN_DAYS = 2
#: Ages in days after which a listing is observed once more. After the last of them: once a year.
MILESTONE_DAYS = (3, 4, 5, 6, 7, 10, 14, 21, 30, 45, 60, 90, 120, 180, 270, 365)
_YEAR_DAYS = 365


@dataclass(frozen=True)
class DueListing:
    """A listing date that is due. ``milestone_days`` is None for a listing that every run observes.

    ``due_since`` is the moment (UTC) of the milestone; ``last_observed_at`` (UTC) is None without any observation.
    """

    listing_date: date
    milestone_days: int | None
    due_since: datetime
    last_observed_at: datetime | None

    @property
    def reason(self) -> str:
        """Why the listing is due, as a sentence."""
        if self.milestone_days is None:
            return "every run observes a listing of the last days"
        last = (
            f"last observed {self.last_observed_at:%Y-%m-%d %H:%M} UTC" if self.last_observed_at else "never observed"
        )
        return f"{self.milestone_days} days old on {self.due_since:%Y-%m-%d}, {last}"


def due_listings(
    now: datetime,
    observed: Mapping[date, datetime],
    *,
    first_date: date,
    every_run_days: int = EVERY_RUN_DAYS,
    milestone_days: tuple[int, ...] = MILESTONE_DAYS,
) -> list[DueListing]:
    """The listing dates from ``first_date`` on that are due at ``now``, in the order of observation.

    ``observed`` maps a listing date to its last accepted observation (UTC, aware). Listings that every run observes
    come first, newest first: what they show now can't be observed later. The others follow, oldest milestone first.
    """
    due = []
    for age in range((now.astimezone(UTC).date() - first_date).days + 1):
        listing_date = now.astimezone(UTC).date() - timedelta(days=age)
        last = observed.get(listing_date)
        if age <= every_run_days:
            due.append(DueListing(listing_date, None, _midnight(listing_date), last))
            continue
        milestone = _latest_milestone(age, milestone_days)
        if milestone is None:
            continue
        since = _midnight(listing_date + timedelta(days=milestone))
        if last is None or last < since:
            due.append(DueListing(listing_date, milestone, since, last))
    fresh = [listing for listing in due if listing.milestone_days is None]
    older = [listing for listing in due if listing.milestone_days is not None]
    return [*fresh, *sorted(older, key=lambda listing: (listing.due_since, listing.listing_date))]


def _latest_milestone(age: int, milestone_days: tuple[int, ...]) -> int | None:
    """The latest milestone (days) that a listing of this age (days) has passed."""
    return max((days for days in _milestones(milestone_days, age)), default=None)


def _milestones(milestone_days: tuple[int, ...], until: int) -> Iterator[int]:
    """All milestones up to an age, the yearly ones after the last of the list too."""
    yield from (days for days in milestone_days if days <= until)
    last = max(milestone_days, default=0)
    yield from range(last + _YEAR_DAYS, until + 1, _YEAR_DAYS)


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), UTC)
