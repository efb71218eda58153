"""Time as Dagster divides it, UTC: listing dates as daily partitions up to today, and the ticks of the schedule."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise

import dagster as dg

from sources import DAILY_PAPERS
from warehouse.errors import InputError
from warehouse.settings import Settings

#: ``end_offset=1``: today's listing is already growing and can be observed.
LISTING_DATES = dg.DailyPartitionsDefinition(
    start_date=DAILY_PAPERS.first_listing_date.isoformat(), timezone="UTC", end_offset=1
)

#: From this moment, a Friday's noon, so many ticks hold the longest pause of any usual schedule: a night, a weekend.
_BEFORE_A_WEEKEND, _MANY_TICKS = datetime(2026, 1, 2, 12, tzinfo=UTC), 200
#: Tag of a run that skips listing dates observed since this moment (ISO, UTC).
SKIP_OBSERVED_SINCE = "papers/skip_observed_since"


def range_tags(first: date, last: date) -> dict[str, str]:
    """Tags of one run over the listing dates ``first`` to ``last``, both included."""
    return {
        "dagster/asset_partition_range_start": first.isoformat(),
        "dagster/asset_partition_range_end": last.isoformat(),
    }


def ticks(settings: Settings, after: datetime, count: int) -> list[datetime]:
    """The next ``count`` moments (UTC) at which the schedule starts a run; ``after`` (aware) may be the first.

    Raises InputError for a PAPERS_SCHEDULE that is no cron expression or never comes.
    """
    found: list[datetime] = []
    try:
        windows = dg.TimeWindowPartitionsDefinition(
            cron_schedule=settings.schedule, start=after, fmt="%Y-%m-%dT%H:%M", timezone="UTC"
        )
        while len(found) < count:
            window = windows.get_next_partition_window(after, respect_bounds=False)
            if window is None:
                break
            found.append(window.start)
            after = window.end
    except (dg.DagsterInvalidDefinitionError, ValueError):
        raise InputError(
            f"PAPERS_SCHEDULE is {settings.schedule!r}, which names no moment: give a cron expression of five fields, "
            "like 45 2-22/4 * * *, or @daily."
        ) from None
    return found


def longest_pause(settings: Settings) -> timedelta:
    """The longest time between two ticks of the schedule. Raises InputError as ``ticks``."""
    return max(later - earlier for earlier, later in pairwise(ticks(settings, _BEFORE_A_WEEKEND, _MANY_TICKS)))
