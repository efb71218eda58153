"""One SQL statement on the published file, read-only and with a time limit: its rows, or a Parquet file of them."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import duckdb

from warehouse.database import is_damage
from warehouse.errors import InputError, Stopped
from warehouse.publication.publish import read_published
from warehouse.publication.queries import Query, why_empty
from warehouse.settings import Settings

T = TypeVar("T")

_NO_QUERY = "The statement is no query: give one that has an answer, like `from dim_papers limit 5`."
#: Seconds between two checks for a signal and for the time limit.
_POLL_SECONDS = 0.2
#: DuckDB's types without a counterpart in Parquet, also inside lists and structs.
_TYPES_WRITTEN_AS_TEXT = ("INTERVAL", "UNION")


@dataclass(frozen=True)
class Answer:
    """The result of a statement. ``rows`` is empty where they were written to a file; ``row_count`` counts them."""

    columns: list[str]
    rows: list[Any]
    row_count: int
    #: Why there are no rows; empty if there are some.
    why_empty: str = ""

    @property
    def unique_names(self) -> list[str]:
        """The names of the columns, each once."""
        return unique_names(self.columns)


def run_statement(
    settings: Settings,
    statement: str,
    *,
    output: Path | None = None,
    timeout_seconds: float | None = None,
    query: Query | None = None,
    variables: Mapping[str, str] | None = None,
) -> Answer:
    """Run a statement on the published file. ``output`` is a Parquet file to write instead of returning the rows.

    ``query`` is the analytics query that the statement comes from, if it is one; ``variables`` are what the statement
    reads with ``getvariable``. Raises InputError for a statement that
    fails, is no query or takes longer than ``timeout_seconds``, and for a file that can't be written.
    """
    with read_published(settings) as connection:
        connection.execute("set enable_external_access = false")
        for name, value in (variables or {}).items():
            connection.execute(f"set variable {name} = ?", [value])

        def run() -> Answer:
            return _write_parquet(connection, statement, output) if output else _fetch(connection, statement)

        try:
            answer = _run_with_timeout(connection, run, timeout_seconds)
            # A statement that sets something, like a memory limit, can break this query too.
            reason = "" if answer.row_count else why_empty(connection, query)
        except OverflowError as error:
            raise InputError(f"The answer has a value that Python can't hold ({error}): cast it to varchar.") from None
        except duckdb.Error as error:
            # An analytics query that does not bind reads a file of another version, which `read_published` explains.
            if is_damage(error) or (query and isinstance(error, duckdb.BinderException | duckdb.CatalogException)):
                raise
            raise InputError(f"The query failed: {' '.join(str(error).split())}") from None
    return Answer(answer.columns, answer.rows, answer.row_count, reason)


def _fetch(connection: duckdb.DuckDBPyConnection, statement: str) -> Answer:
    result = connection.execute(statement)
    if result is None or not result.description:
        raise InputError(_NO_QUERY)
    rows = result.fetchall()
    return Answer([str(column[0]) for column in result.description], rows, len(rows))


def _write_parquet(connection: duckdb.DuckDBPyConnection, statement: str, output: Path) -> Answer:
    """Write the rows to a file. Values of types that Parquet lacks are written as text."""
    import pyarrow
    import pyarrow.parquet

    relation = connection.sql(statement)
    if relation is None:
        raise InputError(_NO_QUERY)
    columns = []
    for place, (name, kind) in enumerate(zip(unique_names(relation.columns), relation.types, strict=True), start=1):
        is_text = any(word in str(kind) for word in _TYPES_WRITTEN_AS_TEXT)
        column = f"cast(#{place} as varchar)" if is_text else f"#{place}"
        quoted = name.replace('"', '""')
        columns.append(f'{column} as "{quoted}"')
    table: pyarrow.Table = relation.project(", ".join(columns)).to_arrow_table()
    try:
        pyarrow.parquet.write_table(table, output, compression="zstd")
    except OSError as error:
        raise InputError(f"{output} can't be written ({error.strerror or error}): choose another --output.") from None
    return Answer(relation.columns, [], int(table.num_rows))


def _run_with_timeout(connection: duckdb.DuckDBPyConnection, run: Callable[[], T], timeout_seconds: float | None) -> T:
    """The result of ``run``, which uses the connection. Raises InputError when it takes too long.

    It runs in a thread, because DuckDB returns to Python, where signals are handled, only when it is done. The wait is
    in short parts, because polars restarts a wait that a signal interrupts.
    """
    deadline = time.monotonic() + timeout_seconds if timeout_seconds else None
    poll_seconds = min(_POLL_SECONDS, timeout_seconds or _POLL_SECONDS)
    with ThreadPoolExecutor(1) as pool:
        future = pool.submit(run)
        try:
            while not wait([future], poll_seconds).done:
                if deadline and time.monotonic() > deadline:
                    connection.interrupt()
                    raise InputError(
                        f"The query took longer than {timeout_seconds:g} s: ask for less, or give more time with "
                        "--timeout."
                    )
        except Stopped:
            connection.interrupt()
            raise
        return future.result()


def unique_names(columns: Sequence[str]) -> list[str]:
    """The names of the columns, each once: a second ``a`` becomes ``a_1``, as in a table that DuckDB creates."""
    counts, unique = Counter(columns), []
    used = {name for name, count in counts.items() if count == 1}
    for name in columns:
        number, candidate = 0, name
        while candidate in used and counts[name] > 1:
            number += 1
            candidate = f"{name}_{number}"
        used.add(candidate)
        unique.append(candidate)
    return unique
