"""The disk under a home: room for a run, what a full disk looks like, and what is removed after a while.

Belongs here: files that are nobody's content. Does not belong here: Dagster's history
(``orchestration/compat/run_history.py``).
"""

from __future__ import annotations

import errno
import getpass
import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from warehouse.errors import HomeError
from warehouse.files import remove
from warehouse.settings import Settings

#: What programs say of a full disk: the system, SQLite, a quota, DuckDB's limit for temporary files.
_FULL = ("No space left on device", "database or disk is full", "Disk quota exceeded", "max_temp_directory_size")
#: What SQLite says when it can't make a file beside its own, on a full disk as on a broken one.
_FULL_OR_BROKEN = ("disk I/O error", "unable to open database file")
#: A disk with fewer bytes free is full.
_NOTHING_FREE_BYTES = 200_000
#: Bytes that a run needs beside its outputs: records of the run and their logs.
_RECORDS_BYTES = 10_000_000
#: What a killed process leaves in a home, by pattern. Names are of this project, or DuckDB's for files that spill.
_LEFTOVERS = (
    *(".part-*", "*/.part-*", "landing/payloads/*/.part-*", ".old-*", "*.duckdb.tmp", "raw.duckdb.rebuild*"),
    *("dagster/.dagster.yaml.*", "dagster/damaged-*"),
)
#: The same in the system's folder of temporary files.
_SCRATCH = ("papers-parse-*", "papers-docs-*", "papers-read-*")


def disk_full(error: BaseException, home: Path | None = None) -> HomeError | None:
    """The sentence for an error that a full disk caused, wherever in its chain of causes; None for any other."""
    chain = list(_chain(error))
    full = next((one for one in chain if _is_full(one)), None)
    if full is None and home is not None and home.exists():
        doubtful = (one for one in chain if any(words in str(one) for words in _FULL_OR_BROKEN))
        full = next(doubtful, None) if shutil.disk_usage(home).free < _NOTHING_FREE_BYTES else None
    if full is None:
        return None
    where = getattr(full, "filename", None) or home
    return HomeError(
        f"The disk is full{f' (at {where})' if where else ''}: free space, then run again; nothing already landed is "
        "lost, and what is published stays whole."
    )


def _is_full(error: BaseException) -> bool:
    if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT):
        return True
    return any(words in str(error) for words in _FULL)


def _chain(error: BaseException) -> Iterator[BaseException]:
    seen: set[int] = set()
    waiting: list[BaseException | None] = [error]
    while waiting:
        one = waiting.pop()
        if one is not None and id(one) not in seen:
            seen.add(id(one))
            yield one
            waiting += [one.__context__, one.__cause__]


def user_name() -> str:
    """Who works here: the login name, or the number of a user who has none, as in containers."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return f"user {os.getuid()}"


def check_space(settings: Settings) -> None:
    """Raise HomeError when the disk has less room than the last run used, before anything is changed."""
    needed = last_use(settings)
    free = shutil.disk_usage(settings.home).free if settings.home.exists() else needed
    if free < needed:
        raise HomeError(
            f"The disk of {settings.home} has {_megabytes(free)} free, and a run needs {_megabytes(needed)}, as much "
            "as the last one wrote: free space, or choose another home with --home or PAPERS_HOME, then run again; "
            "nothing was changed."
        )


def last_use(settings: Settings) -> int:
    """Bytes that the last publication wrote beside the one before: the file, its newest export, the report.

    0 where nothing is published.
    """
    if not settings.published_database.is_file():
        return 0
    exports = [folder for folder in settings.exports.glob("[!.]*") if folder.is_dir()]
    folders = [settings.home / "report", *sorted(exports)[-1:]]
    return settings.published_database.stat().st_size + sum(map(size_of, folders)) + _RECORDS_BYTES


def size_of(folder: Path) -> int:
    """Bytes of the files below a folder; 0 where there is none."""
    return sum(path.lstat().st_size for path in folder.rglob("*") if path.is_file())


def _megabytes(size: int) -> str:
    return f"{size / 1e6:.1f} MB"


def remove_leftovers(settings: Settings) -> None:
    """Remove temporary files that killed processes left more than ``keep_temporary_hours`` ago, and shorten logs."""
    newest = time.time() - settings.keep_temporary_hours * 3600
    scratch = Path(tempfile.gettempdir())
    for folder, patterns in ((settings.home, _LEFTOVERS), (scratch, _SCRATCH)):
        for path in [path for pattern in patterns for path in folder.glob(pattern)]:
            if path.lstat().st_mtime < newest:
                remove(path)
    pages = [path for path in settings.data_docs.glob("*") if path.is_dir()]
    for path in sorted(pages, key=lambda path: path.stat().st_mtime, reverse=True)[settings.keep_data_docs :]:
        remove(path)
    log = settings.home / "alerts.log"
    if log.is_file() and log.stat().st_size > settings.keep_log_bytes:
        log.replace(log.with_name("alerts.log.1"))
