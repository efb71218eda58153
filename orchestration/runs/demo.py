"""The demo: the real client fetches from a replay of the site, at the moments when the sample was observed."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

from orchestration.outcome import Outcome
from orchestration.partitions import range_tags
from orchestration.runs.runner import run_job
from sources.daily_papers.client import DailyPapersClient
from sources.http import HttpClient, HttpLimits
from sources.replay import ArchiveFolder, ReplayServer
from warehouse import clock
from warehouse.clock import utc_now
from warehouse.errors import InputError
from warehouse.home import DEMO_MARKER
from warehouse.landing.fetching import fetch_listings, fetch_papers, fetch_trending, trailing_dates
from warehouse.landing.location import open_landing
from warehouse.settings import PROJECT_ROOT, Settings

SAMPLE = PROJECT_ROOT / "warehouse" / "sample" / "archive"
#: Listing dates that the demo observes again in the evening.
LOOKBACK = 5
#: On the evening of this weekday (1: Monday) the demo also observes the trending list, and so many papers by
#: themselves: the first of the listing that is so many days old, which it observes in the same evening.
KINDS_WEEKDAY, KINDS_PAPERS, KINDS_AGE_DAYS = 1, 5, 4
#: Files and folders of a home that belong to its data.
_CONTENTS = (
    "landing",
    "raw.duckdb",
    "papers.duckdb",
    "next.duckdb",
    "exports",
    "data_docs",
    "report",
    DEMO_MARKER,
)


def run_demo(settings: Settings, notify: Callable[[str], None]) -> Outcome:
    """Replay a month of invented listings into the home and publish it.

    Raises InputError when the home holds something else than an earlier demo.
    """
    marker = settings.home / DEMO_MARKER
    if settings.landing_root:
        raise InputError(
            "PAPERS_LANDING names an archive, and the demo's papers are invented: unset it for the demo, "
            "which keeps its own in its home."
        )
    if marker.exists():
        for name in _CONTENTS:
            _remove(settings.home / name)
    elif (settings.home / "landing").exists() or settings.raw_database.exists():
        raise InputError(
            f"{settings.home} holds a warehouse of yours: give the demo a home of its own with --home DIR."
        )
    settings.home.mkdir(parents=True, exist_ok=True)
    marker.write_text(json.dumps({"demo": "every paper and person in this home is invented"}))
    moments = _moments()
    with _clock_not_before(moments[-1]), ReplayServer(SAMPLE, now=moments[0]) as server:
        demo_settings = replace(settings, endpoint=server.url, min_interval=0.0, token=None)
        http = HttpClient(limits=HttpLimits(min_interval=0.0))
        clock = moments[0]
        # The demo's clock is the sample's: an observation is of the moment that the replay shows.
        client = DailyPapersClient(server.url, http, now=lambda: clock)
        notify(
            f"Replaying {len(moments)} observations from {moments[0]:%d %B} to {moments[-1]:%d %B %Y}, all invented …"
        )
        landing = open_landing(settings.landing)
        first_day = moments[0].date()
        for moment in moments[:-1]:
            server.now = clock = moment
            first, last = trailing_dates(moment.date(), LOOKBACK if moment.hour >= 20 else 1)
            days = [first + timedelta(days=n) for n in range((last - first).days + 1)]
            fetch_listings(landing, client, [day for day in days if day >= first_day])
            if moment.hour >= 20 and moment.isoweekday() == KINDS_WEEKDAY:
                listed = server.archive.entries(moment.date() - timedelta(days=KINDS_AGE_DAYS), moment)
                fetch_trending(landing, client)
                fetch_papers(landing, client, [entry["paper"]["id"] for entry in listed[:KINDS_PAPERS]])
        server.now = clock = moments[-1]
        notify("Loading, checking, transforming, checking, publishing …")
        first, last = trailing_dates(moments[-1].date(), LOOKBACK)
        return run_job(demo_settings, "daily_papers", tags=range_tags(first, last), source=client)


def leave_demo(settings: Settings, notify: Callable[[str], None]) -> None:
    """Move an earlier demo aside, so that invented and real papers never share a warehouse."""
    if not (settings.home / DEMO_MARKER).exists() or settings.is_local_endpoint:
        return
    aside = settings.home / f"demo-{utc_now():%Y%m%dT%H%M%SZ}"
    aside.mkdir()
    # The state of digests and feeds is kept when the demo runs again, and moved with it here.
    for name in (*_CONTENTS, "digest"):
        if (settings.home / name).exists():
            shutil.move(settings.home / name, aside / name)
    notify(f"The invented papers of the demo were moved to {aside}; this home is for real ones now.")


@contextmanager
def _clock_not_before(moment: datetime) -> Iterator[None]:
    """The warehouse's time and Dagster's partitions, at ``moment`` where this machine's clock is behind it.

    Without this the sample's listings would be refused as listings of the future.
    """
    if utc_now() >= moment:
        yield
        return
    import dagster as dg

    machine_clock = clock.read_clock
    clock.read_clock = lambda: max(machine_clock(), moment)
    try:
        with dg.partition_loading_context(effective_dt=moment):
            yield
    finally:
        clock.read_clock = machine_clock


def _moments() -> list[datetime]:
    """When the sample was observed, in order: on each listing's own day, and each evening for the dates before.

    The archive has observations of some days after its last listing. The demo ends on the day of that listing, when
    upvotes change most.
    """
    captures = ArchiveFolder(SAMPLE).captures()
    last_day = max(captured.listing_date for captured in captures)
    times = [captured.observed_at for captured in captures if captured.observed_at.date() <= last_day]
    whole = {t.replace(minute=0, second=0) for t in times if t.hour in (8, 14)}
    evenings = {t.replace(hour=20, minute=0, second=0) for t in times if t.hour in (19, 20)}
    return sorted(whole | evenings)


def _remove(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)
