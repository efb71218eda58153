"""A backfill resumes the last one of its range that did not succeed, unless that was long ago."""

from __future__ import annotations

import os
import uuid
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import dagster as dg
import pytest

from orchestration.partitions import SKIP_OBSERVED_SINCE
from orchestration.runs.backfill import RANGE_TAG, STARTED_AT_TAG, plan_backfill
from orchestration.runs.runner import open_instance, prepare_environment
from warehouse import clock
from warehouse.settings import Settings

FIRST, LAST = date(2026, 9, 1), date(2026, 9, 7)
NOW = datetime(2026, 9, 8, 0, 10, tzinfo=UTC)
MIDNIGHT = NOW.replace(minute=0)
BEFORE_MIDNIGHT = NOW - timedelta(minutes=20)


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Settings]:
    monkeypatch.setattr(clock, "read_clock", lambda: NOW)
    before = dict(os.environ)
    prepare_environment(settings := Settings(home=tmp_path))
    yield settings
    os.environ.clear()
    os.environ.update(before)


def add_run(settings: Settings, status: dg.DagsterRunStatus, started_at: datetime, dates: str) -> None:
    tags = {RANGE_TAG: dates, STARTED_AT_TAG: started_at.isoformat()}
    with open_instance(settings) as instance:
        instance.add_run(dg.DagsterRun("daily_papers", str(uuid.uuid4()), status=status, tags=tags))


def test_a_first_backfill_skips_what_was_observed_today(settings: Settings) -> None:
    backfill = plan_backfill(settings, FIRST, LAST)
    assert (backfill.is_resumed, backfill.started_at, backfill.skips_observed_since) == (False, NOW, MIDNIGHT)


def test_a_backfill_that_failed_before_midnight_is_resumed_after_it(settings: Settings) -> None:
    add_run(settings, dg.DagsterRunStatus.FAILURE, BEFORE_MIDNIGHT, f"{FIRST} to {LAST}")
    backfill = plan_backfill(settings, FIRST, LAST)
    assert (backfill.is_resumed, backfill.started_at) == (True, BEFORE_MIDNIGHT)
    assert backfill.tags[SKIP_OBSERVED_SINCE] == BEFORE_MIDNIGHT.isoformat()
    assert backfill.tags[STARTED_AT_TAG] == BEFORE_MIDNIGHT.isoformat(), "a second resume knows the first start"


@pytest.mark.parametrize(
    ("status", "started_at", "dates"),
    [
        (dg.DagsterRunStatus.SUCCESS, BEFORE_MIDNIGHT, f"{FIRST} to {LAST}"),
        (dg.DagsterRunStatus.FAILURE, NOW - timedelta(hours=25), f"{FIRST} to {LAST}"),
        (dg.DagsterRunStatus.FAILURE, BEFORE_MIDNIGHT, f"{FIRST} to {FIRST}"),
    ],
)
def test_a_backfill_that_succeeded_or_is_old_or_has_other_dates_is_not_resumed(
    settings: Settings, status: dg.DagsterRunStatus, started_at: datetime, dates: str
) -> None:
    add_run(settings, status, started_at, dates)
    assert not plan_backfill(settings, FIRST, LAST).is_resumed
