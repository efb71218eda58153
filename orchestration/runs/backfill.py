"""`papers backfill`: one run of the ``daily_papers`` job over a range of listing dates.

The range is Dagster's own single-run backfill (tags of the run, ``partitions.range_tags``). Belongs here: which dates
the run may skip, so that the same command goes on after a kill. The landing archive says what was observed.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

import dagster as dg

from orchestration.outcome import Outcome
from orchestration.partitions import SKIP_OBSERVED_SINCE, range_tags
from orchestration.runs.runner import open_instance
from warehouse.clock import utc_now
from warehouse.settings import Settings

#: Tags of a run: the range of its backfill, and when the first run of that backfill was started (ISO, UTC).
RANGE_TAG = "papers/backfill"
STARTED_AT_TAG = "papers/backfill_started_at"
#: A backfill that stopped longer ago starts again from its first date: its dates are to be observed at about one time.
RESUMES_WITHIN = timedelta(hours=24)


@dataclass
class Backfill:
    """One backfill. ``started_at`` is that of its first run, UTC; ``outcome`` is that of the run to come."""

    first: date
    last: date
    started_at: datetime
    is_resumed: bool
    now: datetime
    outcome: Outcome = field(default_factory=Outcome)

    @property
    def skips_observed_since(self) -> datetime:
        """Dates that were observed since this moment (UTC) are skipped: all of today, and of a resumed backfill."""
        return min(self.started_at, self.now.replace(hour=0, minute=0, second=0, microsecond=0))

    @property
    def tags(self) -> dict[str, str]:
        """Tags of its run."""
        return {
            **range_tags(self.first, self.last),
            RANGE_TAG: _range(self.first, self.last),
            STARTED_AT_TAG: self.started_at.isoformat(),
            SKIP_OBSERVED_SINCE: self.skips_observed_since.isoformat(),
        }


def plan_backfill(settings: Settings, first: date, last: date) -> Backfill:
    """The backfill of the listing dates ``first`` to ``last``; it resumes one of that range whose last run failed.

    The caller holds the writer lock and has prepared the environment (``runner``).
    """
    now = utc_now()
    with open_instance(settings) as instance:
        runs = instance.get_runs(dg.RunsFilter(tags={RANGE_TAG: _range(first, last)}), limit=1)  # the newest
    if runs and not runs[0].is_success:
        started_at = datetime.fromisoformat(runs[0].tags[STARTED_AT_TAG])
        if now - started_at < RESUMES_WITHIN:
            return Backfill(first, last, started_at, is_resumed=True, now=now)
    return Backfill(first, last, now, is_resumed=False, now=now)


def _range(first: date, last: date) -> str:
    return f"{first} to {last}"
