"""Dagster's run history in SQLite, fast enough for the 300 events of a run.

Dagster opens a new database engine for every event: it connects, compiles its statements anew, and on closing writes
the log back and waits for the disk (10 s of a run here). ``EventLog`` keeps its connections open, and ``relax`` leaves
the waiting for the disk to the end. A power cut can cost the last events of the history, never the database, and
nothing of the warehouse.
"""

from __future__ import annotations

import os
import sqlite3
from collections import OrderedDict
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import sqlalchemy as sa
from dagster._core.storage.event_log.sqlite.sqlite_event_log import SqliteEventLogStorage
from sqlalchemy.pool import NullPool, StaticPool

#: Databases kept open at once: the index, the run under way, and some that a page shows.
_KEPT = 8
_BUSY_SECONDS = 60
_open: dict[str, sqlite3.Connection] = {}


class EventLog(SqliteEventLogStorage):
    """Dagster's own event log, with one connection for each database instead of one for each event.

    Named in ``dagster.yaml``; its files lie where Dagster's default puts them, so either reads what the other wrote.
    """

    def __init__(self, base_dir: str, inst_data: Any = None):
        self._engines: OrderedDict[str, sa.Engine] = OrderedDict()
        super().__init__(base_dir, inst_data)

    @classmethod
    def from_config_value(cls, inst_data: Any, config_value: Any) -> EventLog:
        return cls(inst_data=inst_data, **config_value)

    @contextmanager
    def _connect(self, shard: str) -> Iterator[sa.Connection]:
        with self._db_lock:
            if shard not in self._initialized_dbs:
                self._initdb(sa.create_engine(self.conn_string_for_shard(shard), poolclass=NullPool))
                self._initialized_dbs.add(shard)
            with self._engine(shard).begin() as connection:
                yield connection

    def _engine(self, shard: str) -> sa.Engine:
        """The engine of a database, with one connection, which the lock gives to one thread at a time."""
        engine = self._engines.pop(shard, None)
        # A database that was deleted and made again is another file under the old name.
        if engine is None or not os.path.exists(self.path_for_shard(shard)):
            engine = sa.create_engine(
                self.conn_string_for_shard(shard),
                poolclass=StaticPool,
                connect_args={"timeout": _BUSY_SECONDS, "check_same_thread": False},
            )
        self._engines[shard] = engine
        while len(self._engines) > _KEPT:
            self._engines.popitem(last=False)[1].dispose()
        return engine


def relax() -> None:
    """Apply to every SQLite database that this process opens through SQLAlchemy from now on. Call it once or more."""
    if not sa.event.contains(sa.Engine, "connect", _on_connect):
        sa.event.listen(sa.Engine, "connect", _on_connect)


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
