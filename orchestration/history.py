"""Dagster's run history in SQLite, without an fsync for each of a run's 200 events.

Dagster opens and closes its database for every event; each close writes the log back and waits for the disk (10 s of
a run here). A connection that stays open, and SQLite's NORMAL mode, leave the waiting to the end. A power cut can cost
the last events of the history, never the database, and nothing of the warehouse.
"""

from __future__ import annotations

import sqlite3
from typing import Any

_open: dict[str, sqlite3.Connection] = {}


def relax() -> None:
    """Apply to every SQLite database that this process opens through SQLAlchemy from now on. Call it once or more."""
    from sqlalchemy import event
    from sqlalchemy.engine import Engine

    if not event.contains(Engine, "connect", _on_connect):
        event.listen(Engine, "connect", _on_connect)


def _on_connect(connection: Any, _: Any) -> None:
    if not isinstance(connection, sqlite3.Connection):
        return
    connection.execute("pragma synchronous = normal")
    path = connection.execute("pragma database_list").fetchall()[0][2]
    if path and path not in _open:
        keeper = sqlite3.connect(path, check_same_thread=False)
        keeper.execute("pragma journal_mode").fetchall()
        keeper.execute("select count(*) from sqlite_master").fetchall()
        _open[path] = keeper
