"""Replaces ``papers.duckdb`` with ``next.duckdb`` and exports Parquet: readers open the old file or the new one.

The published file is self-contained and has a storage version that DuckDB 1.5 opens too.
"""

from __future__ import annotations

import json
import logging
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
from isal import isal_zlib

from warehouse.clock import utc_now
from warehouse.database import damage_message, open_database, quoted, scalar, wal_of
from warehouse.errors import BusyError, DamagedError, HomeError, InputError
from warehouse.files import copy_file, make_folder, remove, replace, sha256_of_file, sync, write_atomically
from warehouse.publication.contracts import comment_on_tables
from warehouse.settings import Settings

logger = logging.getLogger(__name__)

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


def prepare_next(settings: Settings, models: str | None = None, *, is_rebuild: bool = False) -> bool:
    """Start the next file as a copy of the published one, or empty. Leftovers of a killed run are dropped.

    ``models`` is the version of the models that are about to be built. True when the file is empty: in a rebuild, or
    when nothing was published, or it is damaged, or another version built it, which may have had other tables. Then
    everything must be built again.
    """
    path = settings.next_database
    with writing(str(path)):
        path.parent.mkdir(parents=True, exist_ok=True)
        for leftover in (path, wal_of(path), path.with_name(path.name + ".tmp")):
            remove(leftover)
        if not is_rebuild and is_intact(settings):
            copy_file(settings.published_database, path)
            if _is_built_by(path, models):
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


def is_intact(settings: Settings) -> bool:
    """Whether there is a published file and it has the bytes that were published.

    A file without a recorded checksum counts as intact; DuckDB's own checksums find damage when it is read.
    """
    if not settings.published_database.is_file():
        return False
    recorded = read_manifest(settings).get("database")
    return not isinstance(recorded, dict) or recorded == _checksum(settings.published_database)


def read_manifest(settings: Settings) -> dict[str, Any]:
    """``exports/manifest.json``: when and what was published last. Empty where there is none that can be read."""
    try:
        manifest = json.loads((settings.exports / "manifest.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return manifest if isinstance(manifest, dict) else {}


def _checksum(path: Path) -> dict[str, int]:
    """Size and CRC-32 of a file: enough to notice damage, at the speed of reading."""
    crc = size = 0
    with path.open("rb") as file:
        while chunk := file.read(1 << 24):
            crc, size = isal_zlib.crc32(chunk, crc), size + len(chunk)
    return {"bytes": size, "crc32": crc}


def _is_built_by(path: Path, models: str | None) -> bool:
    """Whether a file can be opened and its tables were built by this version of the models; None: by any."""
    try:
        with open_database(path, read_only=True) as connection:
            known = connection.execute("select 1 from duckdb_tables() where table_name = 'built_with'").fetchall()
            if models is None:
                return True
            return bool(known) and scalar(connection, "select max(version) from intermediate.built_with") == models
    except DamagedError:
        return False


def _write_version(connection: duckdb.DuckDBPyConnection, catalog: str, models: str) -> None:
    connection.execute(f"create schema if not exists {catalog}.intermediate")
    table = f"{catalog}.intermediate.built_with"
    connection.execute(f"create or replace table {table} as select ? as version", [models])
    connection.execute(f"comment on table {table} is 'One row: what the tables of this file were built with.'")
    connection.execute(f"comment on column {table}.version is 'Digest (SHA-256) of the files of the dbt project.'")


def seal_next(settings: Settings) -> dict[str, int]:
    """Drop the staging views, which read another file, write comments and count the rows of the public tables."""
    with open_database(settings.next_database) as connection:
        connection.execute("drop schema if exists staging cascade")
        comment_on_tables(connection)
        connection.execute("checkpoint")
        return count_tables(connection)


def count_tables(connection: duckdb.DuckDBPyConnection) -> dict[str, int]:
    """Rows of each public table of an open file, by name."""
    names = connection.execute(
        "select table_name from information_schema.tables where table_schema = ? order by 1", [PUBLIC_SCHEMA]
    ).fetchall()
    return {name: int(scalar(connection, f'select count(*) from {PUBLIC_SCHEMA}."{name}"')) for (name,) in names}


def publish(settings: Settings) -> Publication:
    """Replace the published file with the sealed one and export it to Parquet.

    The order makes a kill harmless: the export is written beside the old one, then its manifest, then the database
    is replaced in one step, then the old export is removed.
    """
    now = utc_now()
    published_at = now.isoformat(timespec="seconds")
    name = now.strftime("%Y%m%dT%H%M%S%fZ")
    folder = settings.exports / name
    with writing(str(settings.exports)), open_database(settings.next_database, read_only=True) as connection:
        make_folder(settings.exports)
        tables = count_tables(connection)
        partial = settings.exports / f".part-{name}"
        partial.mkdir(parents=True)
        entries = [_export(connection, table, rows, partial, name) for table, rows in tables.items()]
        os.replace(partial, folder)
    with writing(str(settings.published_database)):
        sync(settings.next_database)
        manifest = {
            "published_at": published_at,
            "schema": PUBLIC_SCHEMA,
            "database": _checksum(settings.next_database),
            "tables": entries,
        }
        write_atomically(settings.exports / "manifest.json", json.dumps(manifest, indent=1))
        # Another program's changes, or a leftover: DuckDB would apply them to the new file.
        wal_of(settings.published_database).unlink(missing_ok=True)
        replace(settings.next_database, settings.published_database)
    _drop_old_exports(settings.exports, keep=name)
    logger.debug("Published %s: %d tables, %d rows", settings.published_database, len(tables), sum(tables.values()))
    return Publication(published_at, tables)


@contextmanager
def read_published(settings: Settings) -> Iterator[duckdb.DuckDBPyConnection]:
    """The published file, read-only, with ``marts`` as the schema in use.

    Raises InputError if there is none, DamagedError if it can't be read, HomeError if it lacks a table or a column that
    is read, as a file of another version does.
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
                path = opened.enter_context(published_file(settings))
                connection = opened.enter_context(open_database(path, read_only=True))
            except (HomeError, duckdb.Error) as error:
                if found != _identity(settings.published_database):
                    continue
                if isinstance(error, DamagedError):  # perhaps of a copy
                    raise DamagedError(damage_message(settings.published_database)) from error
                raise
            if found == _identity(settings.published_database):
                try:
                    connection.execute(f"set schema = '{PUBLIC_SCHEMA}'")
                except duckdb.CatalogException as error:
                    raise DamagedError(damage_message(settings.published_database)) from error
                try:
                    yield connection
                except (duckdb.BinderException, duckdb.CatalogException) as error:
                    raise HomeError(
                        f"{settings.published_database} lacks what this version reads: another version published it; "
                        "`papers rebuild` publishes it again with this one."
                    ) from error
                return


@contextmanager
def published_file(settings: Settings) -> Iterator[Path]:
    """The published file as DuckDB can open it read-only: a copy of it while another program has it open for writing.

    Such a program locks the file and writes its changes to a log beside it, which are not published data. A missing or
    damaged file is yielded unchanged; opening it raises the error.
    """
    path = settings.published_database
    is_held = wal_of(path).exists()
    try:
        if path.is_file() and not is_held:
            with open_database(path, read_only=True):
                pass
    except (HomeError, duckdb.Error) as error:
        is_held = isinstance(error, BusyError)
    if not is_held:
        yield path
        return
    with tempfile.TemporaryDirectory(prefix="papers-read-") as scratch:
        copy = Path(scratch) / path.name
        with writing(str(copy)):
            copy_file(path, copy)
        yield copy


def _identity(path: Path) -> tuple[int, int]:
    status = path.stat()
    return status.st_ino, status.st_mtime_ns


def export_table(connection: duckdb.DuckDBPyConnection, table: str, folder: Path) -> Path:
    """Write a public table of an open file as Parquet into ``folder`` and return the file."""
    file = folder / f"{table}.parquet"
    connection.execute(f"copy {PUBLIC_SCHEMA}.\"{table}\" to '{quoted(file)}' (format parquet, compression zstd)")
    return file


def _export(connection: duckdb.DuckDBPyConnection, table: str, rows: int, folder: Path, name: str) -> dict[str, object]:
    file = export_table(connection, table, folder)
    return {
        "table": table,
        "file": f"{name}/{file.name}",
        "rows": rows,
        "bytes": file.stat().st_size,
        "sha256": sha256_of_file(file),
    }


def _drop_old_exports(exports: Path, keep: str) -> None:
    """Remove all exports but the newest and the one before it, which a reader of the last manifest may have open."""
    for partial in exports.glob(".part-*"):
        shutil.rmtree(partial, ignore_errors=True)
    for old in sorted(p for p in exports.iterdir() if p.is_dir() and p.name != keep)[:-1]:
        shutil.rmtree(old, ignore_errors=True)
