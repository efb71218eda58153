"""From ``next.duckdb`` to ``papers.duckdb`` and Parquet: readers see the old file or the new one, never half.

The published file is written in a storage version that DuckDB 1.5 opens too, and holds everything that it needs.
"""

from __future__ import annotations

import errno
import hashlib
import json
import os
import shutil
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import duckdb

from warehouse.errors import HomeError, InputError
from warehouse.landing import utc_now
from warehouse.raw import open_database, quoted, scalar
from warehouse.settings import Settings

#: The oldest DuckDB whose clients read the file: https://duckdb.org/docs/stable/internals/storage
STORAGE_VERSION = "v1.5.0"
PUBLIC_SCHEMA = "marts"


@dataclass(frozen=True)
class Publication:
    """What was published: table → rows, and when (UTC)."""

    published_at: str
    tables: dict[str, int]


@contextmanager
def writing(what: str) -> Iterator[None]:
    """Turn a full disk or a read-only folder into a HomeError about ``what``."""
    try:
        yield
    except OSError as error:
        raise HomeError(
            f"{what} can't be written ({error.strerror or error}): free space or check the folder's permissions, "
            "then run again; the published file is as it was."
        ) from error


def prepare_next(settings: Settings, models: str | None = None) -> bool:
    """Start the next file as a copy of the published one, or empty. Leftovers of a killed run are dropped.

    ``models`` tells the version of the models that are about to be built. True when the file is empty: nothing was
    published, or by another version, which may have had other tables. Then everything must be made anew.
    """
    path = settings.next_database
    with writing(str(path)):
        path.parent.mkdir(parents=True, exist_ok=True)
        for leftover in (path, path.with_name(path.name + ".wal")):
            leftover.unlink(missing_ok=True)
        shutil.rmtree(path.with_name(path.name + ".tmp"), ignore_errors=True)
        if settings.published_database.exists():
            _copy(settings.published_database, path)
            if models is None or _is_of_models(path, models):
                return False
            path.unlink()
    connection = duckdb.connect()
    try:
        connection.execute(f"attach '{quoted(path)}' as fresh (storage_version '{STORAGE_VERSION}')")
        if models is not None:
            _write_version(connection, "fresh", models)
    except duckdb.IOException as error:
        raise HomeError(f"{path} can't be written ({error}): check the disk, then run again.") from error
    finally:
        connection.close()
    return True


def _copy(source: Path, target: Path) -> None:
    """Copy a file. Where the file system can (XFS, btrfs), the copy shares the blocks and costs nothing."""
    with source.open("rb") as read, target.open("wb") as write:
        left = source.stat().st_size
        try:
            while left and (copied := os.copy_file_range(read.fileno(), write.fileno(), left)):
                left -= copied
        except OSError as error:
            if error.errno not in (errno.EXDEV, errno.EINVAL, errno.ENOSYS, errno.EOPNOTSUPP):
                raise
    if left:  # this pair of file systems, or this kernel, can't
        shutil.copyfile(source, target)


def _is_of_models(path: Path, models: str) -> bool:
    """Whether the tables of a file were built by this version of the models."""
    with open_database(path, read_only=True) as connection:
        known = connection.execute("select 1 from duckdb_tables() where table_name = 'built_with'").fetchall()
        return bool(known) and scalar(connection, "select max(version) from intermediate.built_with") == models


def _write_version(connection: duckdb.DuckDBPyConnection, catalog: str, models: str) -> None:
    connection.execute(f"create schema if not exists {catalog}.intermediate")
    connection.execute(f"create or replace table {catalog}.intermediate.built_with as select ? as version", [models])


def seal_next(settings: Settings) -> dict[str, int]:
    """Drop what points outside the file, write everything into it, count the public tables."""
    with open_database(settings.next_database) as connection:
        connection.execute("drop schema if exists staging cascade")
        connection.execute("checkpoint")
        return count_tables(connection)


def count_tables(connection: duckdb.DuckDBPyConnection) -> dict[str, int]:
    """Rows of each public table of an open file, by name."""
    names = connection.execute(
        "select table_name from information_schema.tables where table_schema = ? order by 1", [PUBLIC_SCHEMA]
    ).fetchall()
    return {name: int(scalar(connection, f'select count(*) from {PUBLIC_SCHEMA}."{name}"')) for (name,) in names}


def publish(settings: Settings) -> Publication:
    """Put the sealed file in the place of the published one and export it to Parquet.

    The order makes a kill harmless: the export is written beside the old one, then its manifest, then the database
    is replaced in one step, then the old export goes. The database comes last because the next run looks at it to
    see whether something is left to do.
    """
    now = utc_now()
    published_at = now.isoformat(timespec="seconds")
    name = now.strftime("%Y%m%dT%H%M%S%fZ")
    folder = settings.exports / name
    with writing(str(settings.exports)), open_database(settings.next_database, read_only=True) as connection:
        tables = count_tables(connection)
        partial = settings.exports / f".part-{name}"
        partial.mkdir(parents=True)
        entries = [_export(connection, table, rows, partial, name) for table, rows in tables.items()]
        os.replace(partial, folder)
    with writing(str(settings.published_database)):
        sync(settings.next_database)
        _write_atomically(
            settings.exports / "manifest.json",
            json.dumps({"published_at": published_at, "schema": PUBLIC_SCHEMA, "tables": entries}, indent=1),
        )
        os.replace(settings.next_database, settings.published_database)
    _drop_old_exports(settings.exports, keep=name)
    return Publication(published_at, tables)


@contextmanager
def read_published(settings: Settings) -> Iterator[duckdb.DuckDBPyConnection]:
    """The published file, read-only, with ``marts`` as the schema in use. Raises InputError if there is none.

    DuckDB 2.0 opens a file by its name several times: for its kind, its header and its content. A publication in
    between mixes two files, which ends in an internal error or worse; so the file is opened again when it changed.
    """
    if not settings.published_database.exists():
        raise InputError(
            f"Nothing is published in {settings.home} yet: `papers demo` shows the pipeline on invented data, "
            "`papers run` fetches the real list, `papers import` reads files that you have."
        )
    while True:
        found = _identity(settings.published_database)
        with ExitStack() as opened:
            try:
                connection = opened.enter_context(open_database(settings.published_database, read_only=True))
            except (HomeError, duckdb.Error):
                if found == _identity(settings.published_database):
                    raise
                continue
            if found == _identity(settings.published_database):
                connection.execute(f"set schema = '{PUBLIC_SCHEMA}'")
                yield connection
                return


def _identity(path: Path) -> tuple[int, int]:
    status = path.stat()
    return status.st_ino, status.st_mtime_ns


def _export(connection: duckdb.DuckDBPyConnection, table: str, rows: int, folder: Path, name: str) -> dict[str, object]:
    file = folder / f"{table}.parquet"
    connection.execute(f"copy {PUBLIC_SCHEMA}.\"{table}\" to '{quoted(file)}' (format parquet, compression zstd)")
    with file.open("rb") as opened:
        digest = hashlib.file_digest(opened, "sha256").hexdigest()
    return {
        "table": table,
        "file": f"{name}/{file.name}",
        "rows": rows,
        "bytes": file.stat().st_size,
        "sha256": digest,
    }


def _drop_old_exports(exports: Path, keep: str) -> None:
    """Keep the newest export and the one before it: somebody may be reading what the last manifest named."""
    for partial in exports.glob(".part-*"):
        shutil.rmtree(partial, ignore_errors=True)
    for old in sorted(p for p in exports.iterdir() if p.is_dir() and p.name != keep)[:-1]:
        shutil.rmtree(old, ignore_errors=True)


def sync(path: Path) -> None:
    """Wait until a file, or the names in a folder, are on disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _write_atomically(path: Path, text: str) -> None:
    part = path.with_name(f".part-{path.name}")
    part.write_text(text, encoding="utf-8")
    os.replace(part, path)
