"""What was observed of each listing date and of each paper, for the observation plan (``landing/plan.py``).

The raw tables have the verdict of each load; the journal has the captures that no run has loaded yet. Belongs here:
which loads count as an observation of a listing, and which dates a home considers.
"""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import ExitStack
from dataclasses import replace
from datetime import UTC, date, datetime

from sources import DAILY, PAPER
from warehouse.landing.captures import Capture
from warehouse.landing.fetching import trailing_dates
from warehouse.landing.location import open_landing
from warehouse.landing.plan import DueListing, DuePaper, ListingHistory, due_listings, due_papers
from warehouse.raw.store import RawStore, unloaded
from warehouse.settings import Settings

#: One row per listing date: a load of a date that is not rejected is an observation of it, an empty listing too.
_LOADS = """
    with listings as (
        select coalesce(listing_date, served_date) as listing_date, observed_at, payload_count,
            verdict = 'rejected' as is_rejected, observed_at_basis = 'clock' as is_own_fetch
        from raw.loads where coalesce(kind, 'daily') = 'daily' and observed_at <= ?
    )
    select listing_date,
        max(observed_at) filter (where not is_rejected),
        coalesce(max_by(payload_count, observed_at) filter (where not is_rejected), 1),
        coalesce(list(observed_at) filter (where is_rejected and is_own_fetch), []),
        min(observed_at) filter (where is_own_fetch and not is_rejected)
    from listings where listing_date is not null group by listing_date"""


#: One row per paper of an accepted listing, with the observations of its details; a 404 is an observation.
_PAPERS = """
    with papers as (
        select entries.paper_id, min(loads.listing_date) as listing_date
        from raw.entries as entries inner join raw.loads as loads using (load_id)
        where loads.kind = 'daily' and loads.verdict = 'accepted' and loads.observed_at <= $now
            and entries.paper_id is not null
        group by entries.paper_id
    ),
    details as (
        select paper_id,
            max(observed_at) filter (where verdict <> 'rejected') as last_observed_at,
            coalesce(list(observed_at) filter (where verdict = 'rejected'), []) as rejected_at
        from raw.loads
        where capture_kind = 'paper' and paper_id is not null and observed_at <= $now
        group by paper_id
    )
    select paper_id, listing_date, last_observed_at, coalesce(rejected_at, [])
    from papers left join details using (paper_id)"""


def read_paper_plan(settings: Settings, now: datetime) -> list[DuePaper]:
    """The papers whose details are due at ``now`` (aware), in the order of observation. Raises HomeError."""
    if not settings.raw_database.exists():
        return []
    histories: dict[str, tuple[date, ListingHistory]] = {}
    with RawStore.reading(settings.raw_database) as connection:
        moment = now.astimezone(UTC).replace(tzinfo=None)
        for paper_id, listing_date, last, rejected in connection.execute(_PAPERS, {"now": moment}).fetchall():
            history = ListingHistory(last and _utc(last), rejected_at=tuple(map(_utc, rejected)))
            histories[paper_id] = (listing_date, history)
        for capture in unloaded(connection, open_landing(settings.landing), on_damage=_ignore):
            if capture.kind != PAPER or capture.paper_id not in histories or capture.observed_at > now:
                continue
            listing_date, history = histories[capture.paper_id]
            if history.last_observed_at is None or capture.observed_at > history.last_observed_at:
                histories[capture.paper_id] = (listing_date, replace(history, last_observed_at=capture.observed_at))
    return due_papers(now, histories, milestone_days=settings.milestones)


def read_plan(settings: Settings, now: datetime, *, only_journal: bool = False) -> list[DueListing]:
    """The listings that are due at ``now`` (aware), in the order of observation.

    Considered are the dates that the archive has, and every date from ``PAPERS_LOOKBACK`` days before this home's
    first own fetch on; before the first fetch, the last ``PAPERS_LOOKBACK`` dates. So a new home fetches no history.
    ``only_journal`` reads no verdicts, where the raw tables can't be read. Raises HomeError.
    """
    histories, first_fetch = _read_histories(settings, now, only_journal)
    first_date, _ = trailing_dates(min(first_fetch or now, now).astimezone(UTC).date(), settings.lookback)
    return due_listings(now, histories, first_date=first_date, milestone_days=settings.milestones)


def read_observed(settings: Settings, now: datetime) -> dict[date, datetime]:
    """The listing dates of the raw tables with their last observation until ``now`` (aware); both UTC."""
    with RawStore.reading(settings.raw_database) as connection:
        loads = connection.execute(_LOADS, [now.astimezone(UTC).replace(tzinfo=None)]).fetchall()
    return {day: _utc(last) for day, last, *_ in loads if last}


def _read_histories(
    settings: Settings, now: datetime, only_journal: bool
) -> tuple[dict[date, ListingHistory], datetime | None]:
    """The history of each date that was observed until ``now``, and the moment (UTC) of the first own fetch."""
    histories: dict[date, ListingHistory] = {}
    fetches: list[datetime] = []
    landing = open_landing(settings.landing)
    with ExitStack() as opened:
        captures: Iterable[Capture]
        if settings.raw_database.exists() and not only_journal:
            connection = opened.enter_context(RawStore.reading(settings.raw_database))
            for day, last, requests, rejected, fetched in connection.execute(
                _LOADS, [now.astimezone(UTC).replace(tzinfo=None)]
            ).fetchall():
                histories[day] = ListingHistory(last and _utc(last), requests, tuple(map(_utc, rejected)))
                fetches += [_utc(fetched)] if fetched else []
            captures = unloaded(connection, landing, on_damage=_ignore)
        else:
            captures = landing.captures(on_damage=_ignore)
        for capture in captures:
            if capture.kind != DAILY or capture.listing_date is None or capture.observed_at > now:
                continue
            history = histories.get(capture.listing_date, ListingHistory())
            if history.last_observed_at is None or capture.observed_at > history.last_observed_at:
                histories[capture.listing_date] = replace(
                    history, last_observed_at=capture.observed_at, requests=len(capture.payloads)
                )
            if capture.observed_at_basis == "clock":
                fetches.append(capture.observed_at)
    return histories, min(fetches, default=None)


def _ignore(_: object) -> None:
    """A line of a journal that can't be read: its listing is observed again. The loader reports it."""


def _utc(moment: datetime) -> datetime:
    return moment.replace(tzinfo=UTC)
