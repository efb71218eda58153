"""One history of listings in three steps, built by both engines, and their public tables compared row for row."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import duckdb

from orchestration.transform.dbt_runner import BUILD
from orchestration.transform.spark_dbt import run_dbt
from warehouse.raw.schema import TABLES, definition

#: The tables are compared here; the tests of the data hold in test_whole_runs.py.
WITHOUT_TESTS = ("--exclude-resource-type", "test")
#: Of floats, absolute and relative.
TOLERANCE = 1e-9
#: Those that say of a load or of its content.
_BY_LOAD = ("loads", "entries", "quarantine", "fields_seen")
_BY_CONTENT = ("entry_contents", "entry_authors")

Row = tuple[Any, ...]


def history(raw: Path, folder: Path) -> list[Path]:
    """Raw files as they were: before the last listing date, with its first look, and with all that was seen again."""
    paths = []
    with duckdb.connect() as connection:
        connection.execute(f"attach '{raw}' as given (read_only)")
        connection.execute(
            """create table looks as
               select load_id, listing_date, max(listing_date) over () as last_date,
                      max(observed_at) over () as last_moment, observed_at,
                      row_number() over (partition by listing_date order by observed_at, load_number) as look
               from given.raw.loads"""
        )
        # Seen again at the very end; where nothing was then, ever.
        again = "look > 1 and observed_at = last_moment"
        if not connection.execute(f"select 1 from looks where {again} limit 1").fetchall():
            again = "look > 1"
        last = "listing_date is not null and listing_date = last_date"
        for number, step in enumerate((f"not ({again}) and not ({last})", f"not ({again})", "true")):
            paths.append(folder / f"raw{number}.duckdb")
            connection.execute(f"attach '{paths[-1]}' as step")
            connection.execute("create schema step.raw")
            for table in TABLES:
                connection.execute(f"create table step.raw.{table} ({definition(table)})")
            for table in (*_BY_LOAD, *_BY_CONTENT, *(TABLES.keys() - {*_BY_LOAD, *_BY_CONTENT})):
                condition = "true"
                if table in _BY_LOAD:
                    condition = f"load_id in (select load_id from looks where {step})"
                elif table in _BY_CONTENT:
                    condition = "content_id in (select content_id from step.raw.entries)"
                connection.execute(f"insert into step.raw.{table} by name from given.raw.{table} where {condition}")
            connection.execute("detach step")
    return paths


def put_raw(session: Any, raw: Path, folder: Path) -> None:
    """The raw tables of a file as tables of the catalog, in the place of what was there."""
    session.sql("create schema if not exists raw")
    with duckdb.connect() as connection:
        connection.execute(f"attach '{raw}' as given (read_only)")
        for table in TABLES:
            path = folder / f"{table}.parquet"
            connection.execute(f"copy given.raw.{table} to '{path}'")
            session.read.parquet(str(path)).writeTo(f"raw.{table}").using("iceberg").createOrReplace()


def build_on_spark(target: Path, *options: str) -> None:
    """dbt's build on Spark, in this process."""
    done = run_dbt(
        [*BUILD, *WITHOUT_TESTS, *options, "--quiet", "--target-path", str(target), "--log-path", str(target)], 0
    )
    results = getattr(done.result, "results", [])
    failed = [f"{r.node.name}: {str(r.message)[:2000]}" for r in results if r.status in ("error", "fail")]
    assert done.success, "\n".join(failed)


#: Public tables that only DuckDB has: they are read from the index of the search, which is a macro of DuckDB.
DUCKDB_ONLY = ("related_papers",)


def of_duckdb(built: Path) -> dict[str, list[Row]]:
    """Every public table that Spark has too: the names of its columns, then its rows in an order of their own."""
    with duckdb.connect(str(built), read_only=True) as connection:
        names = connection.execute(
            "select table_name from information_schema.tables where table_schema = 'marts' order by 1"
        ).fetchall()
        tables = {}
        for name in [name for (name,) in names if name not in DUCKDB_ONLY]:
            found = connection.execute(f"from marts.{name}")
            columns = tuple(column[0] for column in found.description)
            tables[name] = [columns, *_sorted(found.fetchall())]
    return tables


def of_spark(session: Any) -> dict[str, list[Row]]:
    """The same of the catalog."""
    tables = {}
    for table in session.sql("show tables in marts").collect():
        rows = session.table(f"marts.{table.tableName}")
        tables[table.tableName] = [tuple(rows.columns), *_sorted([tuple(row) for row in rows.collect()])]
    return tables


def _sorted(rows: Sequence[Row]) -> list[Row]:
    """By what is equal to the last digit on both engines first."""

    def key(row: Row) -> Row:
        exact = tuple((value is None, str(value)) for value in row if not isinstance(value, float))
        return (exact, tuple(value for value in row if isinstance(value, float)))

    return sorted(rows, key=key)


def differences(ours: dict[str, list[Row]], theirs: dict[str, list[Row]]) -> dict[str, Any]:
    """Table → what differs: the counts, or the first pairs of rows that are not the same."""
    found: dict[str, Any] = {}
    for table in ours.keys() | theirs.keys():
        one, other = ours.get(table), theirs.get(table)
        if one is None or other is None or len(one) != len(other):
            found[table] = (None if one is None else len(one), None if other is None else len(other))
            continue
        unlike = [(a, b) for a, b in zip(one, other, strict=True) if not _is_same_row(a, b)]
        if unlike:
            found[table] = (len(unlike), unlike[:2])
    return found


def _is_same_row(one: Row, other: Row) -> bool:
    return len(one) == len(other) and all(_is_same(a, b) for a, b in zip(one, other, strict=True))


def _is_same(one: Any, other: Any) -> bool:
    if isinstance(one, float) and isinstance(other, float):
        return math.isclose(one, other, rel_tol=TOLERANCE, abs_tol=TOLERANCE)
    return type(one) is type(other) and one == other


class Both:
    """One history on both engines, step by step."""

    def __init__(self, session: Any, folder: Path, raw: Path):
        self.session = session
        self.folder = folder
        self.steps = history(raw, folder)
        self.built = folder / "next.duckdb"  # the name is that of the catalog that dbt parsed the project for

    def take(self, step: int, build_with_duckdb: Any) -> dict[str, Any]:
        """Build a step on both, upon the step before if there is one; what differs."""
        options = [] if step else ["--full-refresh"]
        build_with_duckdb(self.steps[step], self.built)
        put_raw(self.session, self.steps[step], self.folder)
        build_on_spark(self.folder / "dbt", *options)
        return self.differences()

    def differences(self) -> dict[str, Any]:
        return differences(of_duckdb(self.built), of_spark(self.session))
