"""Disk space of a home: detect a full disk, check for room before a run, remove temporary files.

Does not belong here: Dagster's history (``orchestration/history.py``).
"""

from __future__ import annotations

import errno
import shutil
import sqlite3
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from warehouse.errors import HomeError
from warehouse.files import remove
from warehouse.settings import Settings

#: Texts of a full disk, for errors without a code: DuckDB's exceptions have none, its limit for temporary files is an
#: OutOfMemoryException, and the output of a child process (dbt) is text.
_FULL_TEXTS = (
    "No space left on device",
    "database or disk is full",
    "Disk quota exceeded",
    "max_temp_directory_size",
)
#: Primary result codes with which SQLite fails to write a file beside its own, on a full disk as on a broken one.
_FULL_OR_BROKEN_CODES = (sqlite3.SQLITE_IOERR, sqlite3.SQLITE_CANTOPEN)
#: A disk with fewer bytes free is full.
_MIN_FREE_BYTES = 200_000
#: Bytes that a run needs beside its outputs: records of the run and their logs.
_RUN_RECORDS_BYTES = 10_000_000
#: Temporary files in a home, by pattern: this project's, and DuckDB's folders of spilled data. A killed process
#: leaves them.
_TEMPORARY_IN_HOME = (
    *(".part-*", "*/.part-*", "landing/payloads/*/.part-*", ".old-*", "*.duckdb.tmp", "raw.duckdb.rebuild*"),
    *("dagster/.dagster.yaml.*", "dagster/damaged-*"),
)
#: The same in the system's folder of temporary files.
_TEMPORARY_IN_SYSTEM = ("papers-parse-*", "papers-docs-*", "papers-read-*")


def disk_full(error: BaseException, home: Path | None = None) -> HomeError | None:
    """The error to show when a full disk is in the chain of causes of ``error``; None otherwise."""
    chain = list(_chain(error))
    full = next((cause for cause in chain if _is_full(cause)), None)
    if full is None and home is not None and home.exists() and shutil.disk_usage(home).free < _MIN_FREE_BYTES:
        full = next((cause for cause in chain if _sqlite_code(cause) in _FULL_OR_BROKEN_CODES), None)
    if full is None:
        return None
    where = getattr(full, "filename", None) or home
    return HomeError(
        f"The disk is full{f' (at {where})' if where else ''}: free space, then run again; nothing already landed is "
        "lost, and what is published stays whole."
    )


def _is_full(error: BaseException) -> bool:
    if isinstance(error, OSError) and error.errno is not None:
        return error.errno in (errno.ENOSPC, errno.EDQUOT)
    if _sqlite_code(error) is not None:
        return _sqlite_code(error) == sqlite3.SQLITE_FULL
    return any(text in str(error) for text in _FULL_TEXTS)


def _sqlite_code(error: BaseException) -> int | None:
    """The primary result code of an error of SQLite; None for other errors."""
    code: int | None = getattr(error, "sqlite_errorcode", None)
    return None if code is None else code & 0xFF


def _chain(error: BaseException) -> Iterator[BaseException]:
    """An error with all its causes and contexts, each once; SQLAlchemy has the driver's error in ``orig``."""
    visited: set[int] = set()
    waiting: list[BaseException | None] = [error]
    while waiting:
        cause = waiting.pop()
        if cause is not None and id(cause) not in visited:
            visited.add(id(cause))
            yield cause
            waiting += [cause.__context__, cause.__cause__, getattr(cause, "orig", None)]


def check_space(settings: Settings) -> None:
    """Raise HomeError when the disk has less room than the last run used. Changes nothing."""
    needed = last_use_bytes(settings)
    free = shutil.disk_usage(settings.home).free if settings.home.exists() else needed
    if free < needed:
        raise HomeError(
            f"The disk of {settings.home} has {_megabytes(free)} free, and a run needs {_megabytes(needed)}, as much "
            "as the last one wrote: free space, or choose another home with --home or PAPERS_HOME, then run again; "
            "nothing was changed."
        )


def last_use_bytes(settings: Settings) -> int:
    """Bytes that the last publication wrote beside the one before: the file, its newest export, the report.

    0 where nothing is published.
    """
    if not settings.published_database.is_file():
        return 0
    exports = [folder for folder in settings.exports.glob("[!.]*") if folder.is_dir()]
    folders = [settings.home / "report", *sorted(exports)[-1:]]
    return settings.published_database.stat().st_size + sum(map(size_of, folders)) + _RUN_RECORDS_BYTES


def size_of(folder: Path) -> int:
    """Bytes of the files below a folder; 0 where there is none."""
    return sum(path.lstat().st_size for path in folder.rglob("*") if path.is_file())


def _megabytes(size: int) -> str:
    return f"{size / 1e6:.1f} MB"


def remove_leftovers(settings: Settings) -> None:
    """Remove temporary files older than ``keep_temporary_hours`` and surplus Data Docs; rotate a long log."""
    cutoff = time.time() - settings.keep_temporary_hours * 3600
    for folder, patterns in ((settings.home, _TEMPORARY_IN_HOME), (Path(tempfile.gettempdir()), _TEMPORARY_IN_SYSTEM)):
        for path in [path for pattern in patterns for path in folder.glob(pattern)]:
            if path.lstat().st_mtime < cutoff:
                remove(path)
    pages = [path for path in settings.data_docs.glob("*") if path.is_dir()]
    for path in sorted(pages, key=lambda path: path.stat().st_mtime, reverse=True)[settings.keep_data_docs :]:
        remove(path)
    log = settings.home / "alerts.log"
    if log.is_file() and log.stat().st_size > settings.keep_log_bytes:
        log.replace(log.with_name("alerts.log.1"))
