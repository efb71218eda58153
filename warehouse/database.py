"""DuckDB connections with the project's settings, and the short queries that every reader needs.

Belongs here: how a database file is opened, and what its errors mean to a user. Does not belong here: what a file holds
(``raw/``, ``publication/``).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import duckdb

from warehouse.errors import BusyError, DamagedError, HomeError
from warehouse.settings import MEMORY_LIMIT

#: Values for the ``?`` of a query, or by name for its ``$name``.
Parameters = Sequence[Any] | dict[str, Any]

#: DuckDB raises the same exception types for a damaged file, a full disk and a wrong permission, and its exceptions
#: have no error code (DuckDB 2.0): only the text identifies a damaged file.
_DAMAGE_TEXTS = (
    "Corrupt database file",
    "not a valid DuckDB database",
    "Could not read enough bytes",
    "Is a directory",
    "while replaying WAL",
    "Serialization Error",
)
#: The same for a file that another process has open: an IOException without a code.
_BUSY_TEXT = "lock on file"


@contextmanager
def open_database(path: Path, *, read_only: bool = False) -> Iterator[duckdb.DuckDBPyConnection]:
    """Open a DuckDB file; the connection is closed at the end of the block. Times are UTC.

    Raises BusyError when another program has the file open for writing, DamagedError when its content can't be read,
    HomeError when it can't be opened or written for another reason.
    """
    connection = duckdb.connect()
    try:
        try:
            # Attached under a fixed name: raw.duckdb opened directly is a catalog "raw" with a schema "raw", and DuckDB
            # calls raw.loads ambiguous.
            connection.execute(
                f"attach '{quoted(path)}' as warehouse_file (type duckdb{', read_only' if read_only else ''})"
            )
            connection.execute("use warehouse_file")
        except (duckdb.Error, MemoryError, RuntimeError) as error:
            raise _opening_error(path, error) from error
        connection.execute("set TimeZone = 'UTC'")
        # Queries order their rows themselves; preserving the order of insertion would hold rows in memory.
        connection.execute("set preserve_insertion_order = false")
        connection.execute(f"set memory_limit = '{MEMORY_LIMIT}'")
        connection.execute(f"set temp_directory = '{quoted(path)}.tmp'")
        # Many small transactions are merged into the file once instead of every 16 MB; a kill leaves them in the WAL.
        connection.execute("set checkpoint_threshold = '128MB'")
        try:
            yield connection
        except duckdb.Error as error:
            if is_damage(error):
                raise DamagedError(damage_message(path)) from error
            if not isinstance(error, duckdb.IOException):
                raise
            raise HomeError(
                f"{path} can't be written ({str(error).splitlines()[0]}): free space or check the folder's "
                "permissions, then run again; nothing already landed is lost."
            ) from error
    finally:
        with suppress(duckdb.Error):  # closing a damaged file raises
            connection.close()


def _opening_error(path: Path, error: BaseException) -> HomeError:
    """The error for a file that could not be opened."""
    text = str(error).splitlines()[0] if str(error) else type(error).__name__
    if _BUSY_TEXT in text:
        return BusyError(
            f"{path} is open for writing in another program (a DuckDB shell without -readonly, a notebook): close it "
            "there, then run again."
        )
    if isinstance(error, duckdb.IOException) and not is_damage(error):
        return HomeError(
            f"{path} can't be opened ({text}): check that the folder is there, its permissions and free space, then "
            "run again; nothing already landed is lost."
        )
    return DamagedError(damage_message(path))


def is_damage(error: duckdb.Error) -> bool:
    """Whether an error means that a file's content is damaged, not that a query is wrong or a disk full."""
    return any(text in str(error) for text in _DAMAGE_TEXTS)


def damage_message(path: Path) -> str:
    """What a user reads about a damaged file."""
    return (
        f"{path} is damaged: `papers rebuild` writes it again from the landing archive; nothing already landed is lost."
    )


def wal_of(path: Path) -> Path:
    """DuckDB's write-ahead log of a database file: what is committed and not yet in the file."""
    return path.with_name(f"{path.name}.wal")


def quoted(path: Path) -> str:
    """A path for use between single quotes in SQL."""
    return str(path).replace("'", "''")


def scalar(connection: duckdb.DuckDBPyConnection, query: str, parameters: Parameters = ()) -> Any:
    """The only value of a query. Reads to the end: DuckDB 2.0 refuses other work while a result is open."""
    return connection.execute(query, parameters).fetchall()[0][0]


def rows(connection: duckdb.DuckDBPyConnection, query: str, parameters: Parameters = ()) -> list[dict[str, Any]]:
    """The rows of a query, each as a dictionary by column name."""
    result = connection.execute(query, parameters)
    names = [column[0] for column in result.description or ()]
    return [dict(zip(names, row, strict=True)) for row in result.fetchall()]
