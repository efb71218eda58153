"""Columns of the raw tables, declared once: for the tables, their migration, and the loader, which fills them by name.

A column that comes from a record of a listing is declared by the record (``sources/…/records.py``): a new field of
``Entry`` is a new column of ``raw.entry_contents``, filled without further code. Staging selects columns by name.
"""

from __future__ import annotations

import types
import typing
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from operator import attrgetter
from pathlib import Path
from typing import Any

import duckdb
import msgspec
import polars as pl

from sources.daily_papers.records import Author, Entry, FieldSeen, PaperTotals, Refusal
from warehouse.database import scalar
from warehouse.errors import HomeError


@dataclass(frozen=True)
class Column:
    """A column: its name, its type in DuckDB's terms, and whether it may be null.

    ``path`` is where a record of a listing has the value, as ``submitter.handle``; None for a value of the loader.
    """

    name: str
    type: str
    is_required: bool = False
    is_key: bool = False
    path: str | None = None


#: Values of a table by column name, one list per column.
Values = dict[str, list[Any]]

_TYPES: Mapping[Any, str] = {
    str: "varchar",
    bytes: "varchar",
    int: "bigint",
    bool: "boolean",
    date: "date",
    datetime: "timestamp",
    tuple[str, ...]: "varchar[]",
}
_POLARS: Mapping[str, Any] = {
    "varchar": pl.String,
    "bigint": pl.Int64,
    "integer": pl.Int32,
    "date": pl.Date,
    "timestamp": pl.Datetime("us"),
    "boolean": pl.Boolean,
    "varchar[]": pl.List(pl.String),
}


def _record_columns(
    record: type[msgspec.Struct], *, without: Sequence[str] = (), integers: Sequence[str] = ()
) -> Iterator[Column]:
    """A column for each field of a record and of the records in it, whose names get that of the field as a prefix.

    ``integers``: columns of 32 bits instead of 64.
    """
    for name, hint in typing.get_type_hints(record).items():
        if name in without:
            continue
        options = [option for option in typing.get_args(hint) if option is not types.NoneType]
        is_optional = isinstance(hint, types.UnionType)
        value_type = options[0] if is_optional else hint
        if isinstance(value_type, type) and issubclass(value_type, msgspec.Struct):
            for inner in _record_columns(value_type):
                inner_name = inner.name if inner.name.startswith(f"{name}_") else f"{name}_{inner.name}"
                yield Column(inner_name, inner.type, path=f"{name}.{inner.path}")
        else:
            column_type = "integer" if name in integers else _TYPES[value_type]
            is_required = not is_optional and value_type in (str, int, bool)
            yield Column(name, column_type, is_required, path=name)


#: The raw tables, in the order in which a chunk is written: authors come before the content that they belong to,
#: because a stored content means that its authors are stored too.
TABLES: Mapping[str, tuple[Column, ...]] = {
    "loads": (
        Column("load_id", "varchar", is_required=True, is_key=True),
        Column("load_number", "bigint", is_required=True),
        Column("format", "varchar"),
        Column("kind", "varchar"),
        Column("source", "varchar", is_required=True),
        Column("listing_date", "date"),
        Column("served_date", "date"),
        Column("observed_at", "timestamp", is_required=True),
        Column("observed_at_basis", "varchar", is_required=True),
        Column("landed_at", "timestamp", is_required=True),
        Column("landing_note", "varchar"),
        Column("payload_count", "integer", is_required=True),
        Column("payload_bytes", "bigint", is_required=True),
        Column("payload_sha256", "varchar", is_required=True),
        Column("received", "integer", is_required=True),
        Column("entries", "integer", is_required=True),
        Column("refused", "integer", is_required=True),
        Column("verdict", "varchar", is_required=True),
        Column("verdict_by", "varchar"),
        Column("verdict_reason", "varchar"),
        Column("loaded_in", "varchar", is_required=True),
        Column("capture_kind", "varchar", is_required=True),
        Column("paper_id", "varchar"),
        Column("http_status", "integer"),
    ),
    "entries": (
        Column("load_id", "varchar", is_required=True),
        Column("position", "integer", is_required=True, path="position"),
        Column("content_id", "varchar", is_required=True, path="content.content_id"),
        Column("paper_id", "varchar", path="paper_id"),
        Column("title_key", "varchar", is_required=True, path="content.title_key"),
        Column("upvotes", "bigint", path="upvotes"),
        Column("comments", "bigint", path="comments"),
        Column("github_stars", "bigint", path="github_stars"),
    ),
    "entry_authors": (
        Column("content_id", "varchar", is_required=True),
        Column("author_position", "integer", is_required=True),
        Column("name_key", "varchar", is_required=True),
        *_record_columns(Author),
    ),
    "entry_contents": (
        Column("content_id", "varchar", is_required=True),
        Column("title_key", "varchar", is_required=True),
        Column("organization_slug_key", "varchar"),
        Column("organization_name_key", "varchar"),
        *_record_columns(
            Entry,
            without=("position", "upvotes", "comments", "github_stars", "authors"),
            integers=("author_count",),
        ),
    ),
    "paper_totals": (
        Column("load_id", "varchar", is_required=True),
        *_record_columns(PaperTotals),
    ),
    "quarantine": (
        Column("load_id", "varchar", is_required=True),
        Column("position", "integer", path="position"),
        *_record_columns(Refusal, without=("position",)),
    ),
    "fields_seen": (
        Column("load_id", "varchar", is_required=True),
        *_record_columns(FieldSeen),
    ),
    "gate_results": (
        Column("run_id", "varchar", is_required=True),
        Column("gate", "varchar", is_required=True),
        Column("checked_at", "timestamp", is_required=True),
        Column("load_id", "varchar"),
        Column("expectation", "varchar", is_required=True),
        Column("severity", "varchar", is_required=True),
        Column("passed", "boolean", is_required=True),
        Column("observed", "varchar"),
        Column("unexpected", "bigint"),
        Column("sample", "varchar"),
        Column("reason", "varchar"),
        Column("remedy", "varchar"),
        Column("data_docs", "varchar"),
    ),
    "author_overrides": (
        Column("row_number", "integer", is_required=True),
        Column("action", "varchar", is_required=True),
        Column("mention_id", "varchar", is_required=True),
        Column("author_id", "varchar", is_required=True),
        Column("reason", "varchar", is_required=True),
    ),
    "organization_overrides": (
        Column("row_number", "integer", is_required=True),
        Column("action", "varchar", is_required=True),
        Column("listed_organization", "varchar", is_required=True),
        Column("organization", "varchar"),
        Column("kind", "varchar"),
        Column("reason", "varchar", is_required=True),
    ),
}

#: Statements that migrate the tables of an older version to the next, in order: the first from version 0, which
#: recorded no version, to 1, and so on. Only for changes other than new tables and columns, which ``migrate`` adds by
#: itself. An entry that was released never changes.
MIGRATIONS: tuple[tuple[str, ...], ...] = (
    (),  # the version is recorded from here on
    (
        "alter table raw.loads add column if not exists capture_kind varchar",
        "update raw.loads set capture_kind = 'daily' where capture_kind is null",
    ),
)


def definition(table: str) -> str:
    """The columns of a raw table for ``create table``."""
    return ", ".join(
        f"{column.name} {column.type}"
        + (" primary key" if column.is_key else " not null" if column.is_required else "")
        for column in TABLES[table]
    )


def values_of(table: str, records: Sequence[Any]) -> Values:
    """The values of the columns that come from records, for one record per row."""
    parents: dict[str, list[Any]] = {"": list(records)}
    values = {}
    for column in TABLES[table]:
        if column.path is None:
            continue
        parent, _, field = column.path.rpartition(".")
        if parent not in parents:
            parents[parent] = list(map(attrgetter(parent), records))
        get = attrgetter(field)
        values[column.name] = [None if value is None else get(value) for value in parents[parent]]
    return values


def frame_of(table: str, values: Values) -> pl.DataFrame:
    """A data frame of a raw table. Raises KeyError for a missing column and ValueError for one that it lacks."""
    if surplus := values.keys() - {column.name for column in TABLES[table]}:
        raise ValueError(f"raw.{table} has no column {', '.join(sorted(surplus))}")
    return pl.DataFrame([pl.Series(c.name, values[c.name], _POLARS[c.type]) for c in TABLES[table]])


def polars_schema(table: str) -> dict[str, Any]:
    """The data types of a raw table in a data frame, by column name."""
    return {column.name: _POLARS[column.type] for column in TABLES[table]}


def is_current(connection: duckdb.DuckDBPyConnection, path: Path) -> bool:
    """Whether the raw tables have this version and all columns. Raises HomeError for those of a newer version."""
    version = _version(connection)
    if version is not None and version > len(MIGRATIONS):
        raise HomeError(
            f"{path} was written by a newer version of this program (its tables have version {version}, this one "
            f"supports {len(MIGRATIONS)}): upgrade, or run `papers rebuild` to read the landing archive again with "
            "this one."
        )
    return version == len(MIGRATIONS) and not any(_missing_columns(connection))


def migrate(connection: duckdb.DuckDBPyConnection) -> None:
    """Create or migrate the raw tables. Call it in a transaction: a kill then leaves the old version or the new one.

    Loads that are stored already have null in a new column until `papers rebuild`: DuckDB adds no column with a
    constraint.
    """
    version = _version(connection)
    connection.execute("create schema if not exists raw")
    for table in TABLES:
        connection.execute(f"create table if not exists raw.{table} ({definition(table)})")
    for statements in MIGRATIONS[version or 0 :] if version is not None else ():
        for statement in statements:
            connection.execute(statement)
    for table, column in list(_missing_columns(connection)):
        connection.execute(f"alter table raw.{table} add column {column.name} {column.type}")
    connection.execute("create or replace table raw.schema_version as select ? as version", [len(MIGRATIONS)])


def _columns_by_table(connection: duckdb.DuckDBPyConnection) -> dict[str, set[str]]:
    """The names of the columns of the tables that exist."""
    found: dict[str, set[str]] = {}
    query = (
        "select table_name, column_name from duckdb_columns() "
        "where schema_name = 'raw' and database_name = current_database()"
    )
    for table, column in connection.execute(query).fetchall():
        found.setdefault(table, set()).add(column)
    return found


def _missing_columns(connection: duckdb.DuckDBPyConnection) -> Iterator[tuple[str, Column]]:
    existing = _columns_by_table(connection)
    for table, columns in TABLES.items():
        for column in columns:
            if column.name not in existing.get(table, set()):
                yield table, column


def _version(connection: duckdb.DuckDBPyConnection) -> int | None:
    """The version of the raw tables; None where there are none yet."""
    tables = _columns_by_table(connection)
    if not tables:
        return None
    return int(scalar(connection, "select version from raw.schema_version")) if "schema_version" in tables else 0
