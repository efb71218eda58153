"""Dagster's run and schedule storages in SQLite, for a home at any path.

Why: Dagster writes the path of a database into SQLAlchemy's address as it is, and SQLAlchemy decodes ``?`` and ``%20``.
Without it: the history of a home below ``a%20b`` or ``what?`` is written to another folder, or can't be opened.
Versions: dagster 1.13. Test: tests/unit/test_history.py (its home has such a path), first to fail on an upgrade.
"""

from __future__ import annotations

import os
from urllib.parse import quote

from dagster._core.storage.runs.sqlite import sqlite_run_storage
from dagster._core.storage.runs.sqlite.sqlite_run_storage import SqliteRunStorage
from dagster._core.storage.schedules.sqlite import sqlite_schedule_storage
from dagster._core.storage.schedules.sqlite.sqlite_schedule_storage import SqliteScheduleStorage

__all__ = ["SqliteRunStorage", "SqliteScheduleStorage", "connection_string"]  # dagster.yaml names the classes


def connection_string(base_dir: str, name: str) -> str:
    """SQLAlchemy's address of a database of Dagster's."""
    return f"sqlite:///{quote(os.path.join(os.path.abspath(base_dir), name))}.db"


for _module in (sqlite_run_storage, sqlite_schedule_storage):
    setattr(_module, "create_db_conn_string", connection_string)  # noqa: B010
