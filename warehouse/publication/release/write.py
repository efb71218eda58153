"""Writes a release: tables as DuckDB and Parquet, their description, checksums; in place in one step."""

from __future__ import annotations

import os
import re
import secrets
import shutil
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import duckdb

from warehouse.database import is_damage, open_database, quoted, scalar
from warehouse.errors import HomeError, InputError
from warehouse.files import sha256_of_file
from warehouse.home import DEMO_MARKER, usable_home
from warehouse.publication.contracts import primary_key, read_contracts
from warehouse.publication.publish import (
    PUBLIC_SCHEMA,
    STORAGE_VERSION,
    count_tables,
    export_table,
    is_intact,
    read_manifest,
    read_published,
    writing,
)
from warehouse.publication.release.changes import Changes, compare, release_before
from warehouse.publication.release.metadata import (
    Column,
    Facts,
    File,
    Table,
    card,
    citation,
    croissant,
    data_package,
)
from warehouse.settings import Settings

DATABASE = "papers.duckdb"
CHECKSUMS = "SHA256SUMS"
#: The columns that hold abstracts: those of papers, and records of listings as received.
ABSTRACTS = (("dim_papers", "abstract"), ("ops_quarantine", "record"))
#: How the name of an unfinished release starts.
_PART = ".part-release-"
_LEFT_OUT = "Left out of this release, which has no abstracts: null in every row."


@dataclass(frozen=True)
class Release:
    """What was written: the folder, its size in bytes, what it holds, and what changed since the release before."""

    folder: Path
    size: int
    facts: Facts
    changes: Changes


def write_release(settings: Settings, parent: Path, *, has_abstracts: bool = True) -> Release:
    """Write the published file as a release into a new folder of ``parent``, named by the moment of publication (UTC).

    Raises InputError if that folder exists, as a release is never changed, if ``parent`` is no place for it, and if the
    release before can't be read; HomeError if it can't be written; and what ``read_published`` raises.
    """
    parent = usable_home(parent, "folder of releases")
    if parent.exists() and not parent.is_dir():
        raise InputError(f"{parent} is a file: give a folder for the releases.")
    if parent.is_relative_to(settings.exports.resolve()):
        raise InputError(f"{parent} is where runs replace the exports: give another folder for the releases.")
    with read_published(settings) as connection:
        if not is_intact(settings):
            raise HomeError(
                f"{settings.published_database} is not as it was published: a run is publishing, or another program "
                "changed it. Run again; if that does not help, `papers rebuild` writes the file again."
            )
        published_at = _published_at(settings)
        folder = parent / published_at.strftime("%Y-%m-%dT%H-%M-%SZ")
        if folder.exists():
            raise InputError(
                f"{folder} exists already and a release is never changed: publish again with `papers run`, or give "
                "another folder."
            )
        part = parent / f"{_PART}{secrets.token_hex(8)}"
        _remove_old_parts(parent, settings.keep_temporary_hours)
        try:
            with writing(str(folder)):
                part.mkdir(parents=True)
                _copy_tables(connection, part / DATABASE, has_abstracts=has_abstracts)
                with open_database(part / DATABASE, read_only=True) as copied:
                    facts, changes = _write_files(
                        settings, copied, part, published_at, release_before(folder), has_abstracts=has_abstracts
                    )
                size = _seal(part)
                _move(part, folder)
        except duckdb.IOException as error:
            if is_damage(error):
                raise
            raise HomeError(
                f"{folder} can't be written ({str(error).splitlines()[0]}): free space or check the folder's "
                "permissions, then run again; the published file is as it was."
            ) from error
        finally:
            shutil.rmtree(part, ignore_errors=True)
    return Release(folder, size, facts, changes)


def _remove_old_parts(parent: Path, hours: float) -> None:
    """Remove unfinished releases that a killed process left more than ``hours`` ago."""
    for part in parent.glob(f"{_PART}*"):
        if time.time() - part.stat().st_mtime > hours * 3600:
            shutil.rmtree(part, ignore_errors=True)


def _published_at(settings: Settings) -> datetime:
    """When the file was published (UTC); by the file's own time where no manifest has it."""
    try:
        return datetime.fromisoformat(str(read_manifest(settings).get("published_at"))).astimezone(UTC)
    except ValueError:
        return datetime.fromtimestamp(settings.published_database.stat().st_mtime, UTC)


def _copy_tables(connection: duckdb.DuckDBPyConnection, path: Path, *, has_abstracts: bool) -> None:
    """Copy the public tables and macros of the database in use into a new file, with what the macros read besides.

    Abstracts are left out while copying: a value that is deleted later would stay in free blocks of the file.
    """
    source = scalar(connection, "select current_database()")
    connection.execute(f"attach '{quoted(path)}' as release (storage_version '{STORAGE_VERSION}')")
    connection.execute(f"copy from database {source} to release (schema)")
    macros = connection.execute(
        "select macro_definition from duckdb_functions() where database_name = 'release' and schema_name = ?",
        [PUBLIC_SCHEMA],
    ).fetchall()
    read_by_macros = set(re.findall(r"\b(\w+\.\w+)\b", " ".join(sql for (sql,) in macros)))
    for view in connection.execute(
        "select schema_name || '.' || view_name from duckdb_views() where database_name = 'release' and not internal"
    ).fetchall():
        connection.execute(f"drop view release.{view[0]}")
    left_out = {f"{PUBLIC_SCHEMA}.{table}": column for table, column in ABSTRACTS} if not has_abstracts else {}
    for schema, name in connection.execute(
        "select schema_name, schema_name || '.' || table_name from duckdb_tables() where database_name = 'release'"
    ).fetchall():
        if schema != PUBLIC_SCHEMA and name not in read_by_macros:
            connection.execute(f"drop table release.{name}")
            continue
        columns = f"* replace (null as {left_out[name]})" if name in left_out else "*"
        connection.execute(f"insert into release.{name} select {columns} from {source}.{name}")
        if name in left_out:
            connection.execute(f"comment on column release.{name}.{left_out[name]} is '{_LEFT_OUT}'")
    for (schema,) in connection.execute(
        """select schema_name from duckdb_schemas() where database_name = 'release' and not internal
           except select schema_name from duckdb_tables() where database_name = 'release'"""
    ).fetchall():
        if schema != "main":
            connection.execute(f"drop schema release.{schema}")
    connection.execute("checkpoint release")
    connection.execute("detach release")


def _write_files(
    settings: Settings,
    connection: duckdb.DuckDBPyConnection,
    folder: Path,
    published_at: datetime,
    before: Path | None,
    *,
    has_abstracts: bool,
) -> tuple[Facts, Changes]:
    """Write Parquet and the files that describe the tables of the open file into ``folder``."""
    (folder / "data").mkdir()
    tables = _export(connection, folder)
    changes = compare(folder, before, [table.name for table in tables])
    first, last = connection.execute(
        f"select min(listing_date), max(listing_date) from {PUBLIC_SCHEMA}.fct_listings"
    ).fetchall()[0]
    facts = Facts(
        published_at=published_at,
        first_listing=first,
        last_listing=last,
        has_abstracts=has_abstracts,
        is_demo=(settings.home / DEMO_MARKER).exists(),
        database=_described(folder / DATABASE, folder),
        tables=tables,
    )
    texts: dict[str, Callable[[], str]] = {
        "README.md": lambda: card(facts, changes),
        "datapackage.json": lambda: data_package(facts),
        "croissant.json": lambda: croissant(facts),
        "CITATION.cff": lambda: citation(facts),
        "changes.json": changes.as_json,
    }
    for name, text in texts.items():
        (folder / name).write_text(text(), encoding="utf-8")
    return facts, changes


def _export(connection: duckdb.DuckDBPyConnection, folder: Path) -> list[Table]:
    """Write each public table of the open file to ``data/`` and describe it by its comments and its contract's key."""
    contracts = {contract["name"]: contract for contract in read_contracts()}
    comments = dict(
        connection.execute(
            """select table_name, comment from duckdb_tables()
               where database_name = current_database() and schema_name = ?""",
            [PUBLIC_SCHEMA],
        ).fetchall()
    )
    columns: dict[str, list[Column]] = {}
    for table, *facts in connection.execute(
        """select table_name, column_name, lower(data_type), coalesce(comment, '') from duckdb_columns()
           where database_name = current_database() and schema_name = ? order by table_name, column_index""",
        [PUBLIC_SCHEMA],
    ).fetchall():
        columns.setdefault(table, []).append(Column(*facts))
    order = {name: index for index, name in enumerate(contracts)}
    counted = sorted(count_tables(connection).items(), key=lambda item: order.get(item[0], len(order)))
    tables = []
    for name, rows in counted:
        file = export_table(connection, name, folder / "data")
        key = primary_key(contracts.get(name, {}))
        names = {column.name for column in columns[name]}
        tables.append(
            Table(
                name=name,
                description=" ".join((comments[name] or "").split()),
                columns=columns[name],
                key=key if names.issuperset(key) else [],
                rows=rows,
                file=_described(file, folder),
            )
        )
    return tables


def _described(path: Path, folder: Path) -> File:
    return File(path.relative_to(folder).as_posix(), path.stat().st_size, sha256_of_file(path))


def _seal(folder: Path) -> int:
    """Write the checksums, as ``sha256sum --check`` reads them, and make the files read-only. Returns bytes in all."""
    files = [_described(path, folder) for path in sorted(folder.rglob("*")) if path.is_file()]
    sums = "".join(f"{file.sha256}  {file.path}\n" for file in files)
    (folder / CHECKSUMS).write_text(sums, encoding="utf-8")
    for path in folder.rglob("*"):
        if path.is_file():
            path.chmod(path.stat().st_mode & 0o444)
            with path.open("rb") as file:
                os.fsync(file.fileno())
    return sum(file.size for file in files)


def _move(part: Path, folder: Path) -> None:
    """Rename the finished folder. Raises InputError if another process has written the same release meanwhile."""
    try:
        os.rename(part, folder)
    except OSError as error:
        if folder.is_dir():
            raise InputError(f"{folder} exists already and a release is never changed.") from error
        raise
