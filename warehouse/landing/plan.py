"""The observation plan: which listing dates a run observes, in which order, and why.

A listing grows and collects upvotes fastest in its first days, so a run observes every listing of up to
``EVERY_RUN_DAYS`` days. An older listing is observed once after each milestone. Missed runs catch up: a listing stays
due until it was observed after its latest milestone. The details of a paper are due by the milestones of its listing.

Here: pure functions of dates and moments. Not here: fetching, and what was observed (``raw/observations.py``).
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

#: A listing of up to so many days is observed by every run.
EVERY_RUN_DAYS = 2
#: Observations after one milestone whose loads may be rejected. Then the listing is due again at its next milestone: a
#: listing that the gate always rejects does not cost requests in each run for ever.
MAX_REJECTED = 3
_YEAR_DAYS = 365


@dataclass(frozen=True)
class ListingHistory:
    """What is known of one listing date. Moments are aware, UTC.

    ``last_observed_at``: the newest observation that is not rejected; None without one. ``requests``: the requests
    that it took. ``rejected_at``: own fetches whose loads were rejected.
    """

    last_observed_at: datetime | None = None
    requests: int = 1
    rejected_at: tuple[datetime, ...] = ()


@dataclass(frozen=True)
class DueListing:
    """A listing date that is due. ``milestone_days`` is None for a listing that every run observes.

    ``due_since`` is the moment (UTC) of the milestone; ``last_observed_at`` (UTC) is None without any observation.
    ``requests`` is the number that its observation probably takes.
    """

    listing_date: date
    age_days: int
    milestone_days: int | None
    due_since: datetime
    last_observed_at: datetime | None
    requests: int = 1

    @property
    def reason(self) -> str:
        """Why the listing is due."""
        if self.milestone_days is None:
            return f"every run observes a listing of up to {EVERY_RUN_DAYS} days"
        if self.last_observed_at is None:
            return "it was never observed"
        return f"it became {self.milestone_days} days old on {self.due_since:%Y-%m-%d}"


def due_listings(
    now: datetime,
    histories: Mapping[date, ListingHistory],
    *,
    first_date: date,
    milestone_days: Sequence[int],
) -> list[DueListing]:
    """The listing dates that are due at ``now`` (aware), in the order of observation.

    Considered are all dates from ``first_date`` on, and earlier ones that were observed. ``milestone_days`` are ages in
    days, ascending; after the last a listing is due once a year. Listings that every run observes come first, newest
    first: what they show now can't be observed later. The others follow, oldest milestone first; those with a rejected
    load since their milestone come last.
    """
    today = now.astimezone(UTC).date()
    window = {first_date + timedelta(days=n) for n in range((today - first_date).days + 1)}
    earlier = {day for day, history in histories.items() if history.last_observed_at and day < first_date}
    unknown = ListingHistory()
    every_run, older = [], []
    for listing_date in sorted(window | earlier, reverse=True):
        history = histories.get(listing_date, unknown)
        age, last = (today - listing_date).days, history.last_observed_at
        if age <= EVERY_RUN_DAYS:
            every_run.append(DueListing(listing_date, age, None, _midnight(listing_date), last, history.requests))
            continue
        milestone = _latest_milestone(milestone_days, age)
        since = _midnight(listing_date + timedelta(days=milestone))
        rejected = sum(moment >= since for moment in history.rejected_at)
        if (last is None or last < since) and rejected < MAX_REJECTED:
            due = DueListing(listing_date, age, milestone, since, last, history.requests)
            older.append((rejected > 0, since, listing_date, due))
    return [*every_run, *(due for *_, due in sorted(older, key=lambda found: found[:3]))]


@dataclass(frozen=True)
class DuePaper:
    """A paper whose details are due; the fields are those of ``DueListing``, of its first listing."""

    paper_id: str
    listing_date: date
    milestone_days: int
    due_since: datetime
    last_observed_at: datetime | None


def due_papers(
    now: datetime, histories: Mapping[str, tuple[date, ListingHistory]], *, milestone_days: Sequence[int]
) -> list[DuePaper]:
    """The papers whose details are due at ``now`` (aware), oldest milestone first.

    ``histories``: by paper id its first listing date, and what is known of its details. A paper is due from the first
    milestone of its listing on, until its details were observed after the latest one. Papers with a rejected load since
    then come last.
    """
    today = now.astimezone(UTC).date()
    found = []
    for paper_id, (listing_date, history) in histories.items():
        age, last = (today - listing_date).days, history.last_observed_at
        milestone = _latest_milestone(milestone_days, age)
        since = _midnight(listing_date + timedelta(days=milestone))
        rejected = sum(moment >= since for moment in history.rejected_at)
        if milestone and (last is None or last < since) and rejected < MAX_REJECTED:
            due = DuePaper(paper_id, listing_date, milestone, since, last)
            found.append((rejected > 0, since, listing_date, paper_id, due))
    return [due for *_, due in sorted(found, key=lambda one: one[:4])]


def number_of_run(due: Iterable[DueListing], max_requests: int) -> list[int]:
    """For each of these, in how many runs from now it is observed (0: this one), if each sends ``max_requests``."""
    runs, spent, run = [], 0, 0
    for listing in due:
        if spent and spent + listing.requests > max_requests:
            spent, run = 0, run + 1
        spent += listing.requests
        runs.append(run)
    return runs


def _latest_milestone(milestone_days: Sequence[int], age_days: int) -> int:
    """The latest milestone up to an age, the yearly ones after the last of the list too; 0 before the first."""
    years = (age_days - milestone_days[-1]) // _YEAR_DAYS
    if years > 0:
        return milestone_days[-1] + years * _YEAR_DAYS
    passed = bisect_right(milestone_days, age_days)
    return milestone_days[passed - 1] if passed else 0


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), UTC)
