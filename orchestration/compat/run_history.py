"""Dagster's run history in SQLite: fast enough for the 300 events of a run, pruned, and begun again when damaged.

Dagster opens a new database engine for every event: it connects, compiles its statements anew, and on closing writes
the log back and waits for the disk (10 s of a run here). ``EventLog`` keeps its connections open, and ``relax`` leaves
the waiting for the disk to the end. A power cut can cost the last events of the history, never the database, and
nothing of the warehouse.
"""

from __future__ import annotations

import atexit
import logging
import os
import shutil
import sqlite3
from collections import OrderedDict
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Any
from urllib.parse import quote

import dagster as dg
import sqlalchemy as sa
from dagster._core.storage.compute_log_manager import CapturedLogContext
from dagster._core.storage.dagster_run import FINISHED_STATUSES
from dagster._core.storage.event_log.schema import AssetCheckExecutionsTable
from dagster._core.storage.event_log.sqlite.sqlite_event_log import SqliteEventLogStorage
from dagster._core.storage.local_compute_log_manager import LocalComputeLogManager
from dagster._core.storage.runs.sqlite import sqlite_run_storage
from dagster._core.storage.runs.sqlite.sqlite_run_storage import SqliteRunStorage
from dagster._core.storage.schedules.sqlite import sqlite_schedule_storage
from dagster._core.storage.schedules.sqlite.sqlite_schedule_storage import SqliteScheduleStorage
from sqlalchemy.pool import NullPool, StaticPool

from warehouse.clock import utc_now
from warehouse.settings import Settings

__all__ = ["EventLog", "OutputLog", "SqliteRunStorage", "SqliteScheduleStorage"]  # what dagster.yaml names

logger = logging.getLogger(__name__)

#: Databases kept open at once: the index, the run under way, and some that a page shows.
_KEPT = 8
_BUSY_SECONDS = 60
_open: dict[str, sqlite3.Connection] = {}


def _connection_string(base_dir: str, name: str) -> str:
    """SQLAlchemy's address of a database of Dagster's. It decodes what Dagster writes plainly, as `?` and `%20`."""
    return f"sqlite:///{quote(os.path.join(os.path.abspath(base_dir), name))}.db"


for _module in (sqlite_run_storage, sqlite_schedule_storage):
    setattr(_module, "create_db_conn_string", _connection_string)  # noqa: B010


class OutputLog(LocalComputeLogManager):
    """Dagster's own log of what a run prints, for the UI; a run of the command line prints for its user instead.

    Dagster mirrors what it captures by two processes of its own for each stream, which answer Ctrl-C with a traceback.
    """

    #: Whether this process captures what its runs print.
    is_capturing = True

    @classmethod
    def from_config_value(cls, inst_data: Any, config_value: Any) -> OutputLog:
        return cls(inst_data=inst_data, **config_value)

    @contextmanager
    def capture_logs(self, log_key: Sequence[str]) -> Iterator[CapturedLogContext]:
        if not self.is_capturing:
            yield CapturedLogContext(log_key)
            return
        with super().capture_logs(log_key) as context:
            yield context


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

    def conn_string_for_shard(self, shard_name: str) -> str:
        return _connection_string(self._base_dir, shard_name)

    def forget(self, run_id: str) -> None:
        """Remove what Dagster leaves of a deleted run: its database, and its checks in the index."""
        with self.index_connection() as connection:
            connection.execute(sa.delete(AssetCheckExecutionsTable).where(AssetCheckExecutionsTable.c.run_id == run_id))
        with self._db_lock:
            if engine := self._engines.pop(run_id, None):
                engine.dispose()
            self._initialized_dbs.discard(run_id)
            path = self.path_for_shard(run_id)
            if keeper := _open.pop(os.path.realpath(path), None):
                keeper.close()
            for suffix in ("", "-wal", "-shm"):
                Path(path + suffix).unlink(missing_ok=True)

    def shrink(self) -> None:
        """Give the disk back what the index no longer uses, when that is most of it."""
        with suppress(sqlite3.Error), closing(sqlite3.connect(self.path_for_shard("index"), timeout=1)) as connection:
            free, pages = (
                connection.execute(f"pragma {name}").fetchall()[0][0] for name in ("freelist_count", "page_count")
            )
            if free > pages / 2:
                connection.execute("vacuum")

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
        atexit.register(close)


def _on_connect(connection: Any, _: Any) -> None:
    if not isinstance(connection, sqlite3.Connection):
        return
    connection.execute("pragma synchronous = normal")
    path = os.path.realpath(connection.execute("pragma database_list").fetchall()[0][2] or "")
    if os.path.isfile(path) and path not in _open:
        keeper = sqlite3.connect(path, check_same_thread=False)
        keeper.execute("pragma journal_mode").fetchall()
        keeper.execute("select count(*) from sqlite_master").fetchall()
        _open[path] = keeper


def close() -> None:
    """Write the databases' logs back and let go of them; they are opened again when they are needed."""
    while _open:
        path, keeper = _open.popitem()
        keeper.close()
        _checkpoint(Path(path))


def _checkpoint(path: Path) -> None:
    """Write a database's log back and cut it to nothing. Where another process reads it, a later one does so."""
    with suppress(sqlite3.Error), closing(sqlite3.connect(path, timeout=1)) as connection:
        connection.execute("pragma wal_checkpoint(truncate)").fetchall()


def prune(settings: Settings, instance: dg.DagsterInstance, current: str) -> None:
    """Remove the oldest runs beyond ``keep_runs`` with their events and logs, and write all logs of SQLite back.

    What a run materialized is forgotten with it in Dagster's pages; the tables and the ledger of the gates keep it.
    Only for the project's own storage: another one's is its owner's to prune. ``current`` is the run under way.
    """
    storage = instance.event_log_storage
    if not isinstance(storage, EventLog):
        return
    finished = dg.RunsFilter(statuses=list(FINISHED_STATUSES))
    runs = [record.dagster_run.run_id for record in instance.get_run_records(filters=finished)]  # newest first
    for run_id in runs[max(0, settings.keep_runs - 1) :]:
        instance.delete_run(run_id)
        storage.forget(run_id)
        shutil.rmtree(settings.dagster_home / "storage" / run_id, ignore_errors=True)
    folder = settings.dagster_home
    for log in [*folder.glob("history/*.db-wal"), *folder.glob("history/runs/*.db-wal"), *folder.glob("*/*.db-wal")]:
        if log.stat().st_size and not log.name.startswith(current):
            _checkpoint(log.with_name(log.name.removesuffix("-wal")))
    storage.shrink()


def set_damaged_aside(settings: Settings) -> None:
    """Move a damaged history of the home aside, with a warning: the next run begins a new one.

    It holds nothing of the warehouse. A database that is only busy or can't be read now is left alone.
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
    close()
    if not folder.exists():
        return
    aside = folder.with_name(f"damaged-{folder.name}-{utc_now():%Y%m%dT%H%M%S%fZ}")
    os.replace(folder, aside)
    os.utime(aside)  # it is removed with other leftovers, counted from now
    logger.warning("Dagster's own records were damaged and are begun again; the old ones are in %s.", aside)


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
