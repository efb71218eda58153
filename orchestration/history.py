"""Dagster's run history of a home: which runs are kept, and what happens to a damaged one.

Not here: how Dagster stores it (``compat``). It holds nothing of the warehouse.
"""

from __future__ import annotations

import logging
import os
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from urllib.parse import quote

import dagster as dg

from orchestration.compat.event_log import EventLog
from warehouse.clock import utc_now
from warehouse.settings import Settings

logger = logging.getLogger(__name__)

_FINISHED = [dg.DagsterRunStatus.SUCCESS, dg.DagsterRunStatus.FAILURE, dg.DagsterRunStatus.CANCELED]


def prune(settings: Settings, instance: dg.DagsterInstance) -> None:
    """Remove the oldest finished runs beyond ``keep_runs`` with their events and logs.

    Dagster's pages lose what those runs materialized; the tables and the verdicts of the gates keep it. A storage that
    PAPERS_DAGSTER_CONFIG names is its owner's to prune.
    """
    storage = instance.event_log_storage
    if not isinstance(storage, EventLog):
        return
    records = instance.get_run_records(filters=dg.RunsFilter(statuses=_FINISHED))  # newest first
    for record in records[max(0, settings.keep_runs - 1) :]:  # one place is for the current run
        run_id = record.dagster_run.run_id
        instance.delete_run(run_id)
        storage.remove_run(run_id)
        shutil.rmtree(settings.dagster_home / "storage" / run_id, ignore_errors=True)
    _shrink(settings.dagster_home / "history" / "runs" / "index.db")


def is_schedule_on(settings: Settings, name: str) -> bool:
    """Whether a person switched a schedule on in Dagster's pages. False where Dagster never started for this home."""
    with _instance(settings) as instance:
        states = instance.all_instigator_state() if instance else []
        return any(state.instigator_name == name and state.is_running for state in states)


def is_daemon_alive(settings: Settings, daemon: str) -> bool:
    """Whether a daemon of Dagster (``SCHEDULER``, ``SENSOR``) runs for this home and is healthy."""
    with _instance(settings) as instance:
        return bool(instance and instance.get_daemon_statuses([daemon])[daemon].healthy)


@contextmanager
def _instance(settings: Settings) -> Iterator[dg.DagsterInstance | None]:
    """Dagster's instance of a home; None where there is none yet."""
    if not (settings.dagster_home / "dagster.yaml").exists():
        yield None
        return
    with dg.DagsterInstance.from_config(str(settings.dagster_home)) as instance:
        yield instance


def _shrink(database: Path) -> None:
    """Return free space of a database to the disk, when it is most of the file."""
    with suppress(sqlite3.Error), closing(sqlite3.connect(database, timeout=1)) as connection:
        free, pages = (
            connection.execute(f"pragma {name}").fetchall()[0][0] for name in ("freelist_count", "page_count")
        )
        if free > pages / 2:
            connection.execute("vacuum")


def set_damaged_aside(settings: Settings) -> None:
    """Move a damaged history of the home aside, with a warning: the next run starts a new one.

    A database that is only busy or can't be read now is left alone.
    """
    folders = {
        settings.dagster_home / "history": ("runs.db", "runs/index.db"),
        settings.dagster_home / "schedules": ("schedules.db",),
    }
    for folder, names in folders.items():
        if not all(_is_sound(folder / name) for name in names):
            set_aside(folder)


def set_aside(folder: Path) -> None:
    """Move a folder of Dagster's to ``damaged-…`` beside it, with a warning."""
    if not folder.exists():
        return
    aside = folder.with_name(f"damaged-{folder.name}-{utc_now():%Y%m%dT%H%M%S%fZ}")
    os.replace(folder, aside)
    os.utime(aside)  # it is removed with other leftovers, counted from now
    logger.warning("Dagster's run history was damaged, so a new one is started; the old files are in %s.", aside)


def _is_sound(path: Path) -> bool:
    if not path.exists():
        return True
    try:
        with closing(sqlite3.connect(f"file:{quote(str(path))}?mode=ro", uri=True, timeout=5)) as connection:
            return connection.execute("pragma quick_check(1)").fetchall() == [("ok",)]
    except sqlite3.OperationalError:
        return not path.is_dir()
    except sqlite3.DatabaseError:
        return False
