"""What a release has that the one before in the same folder had not: rows, papers, authors of mentions, columns."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import duckdb

from warehouse.database import quoted
from warehouse.errors import InputError

_NAME = re.compile(r"\d{4}-\d\d-\d\dT\d\d-\d\d-\d\dZ")


@dataclass(frozen=True)
class RowCount:
    """Rows of a table now and in the release before; None where that had no such table, or is none."""

    table: str
    rows: int
    rows_before: int | None


@dataclass(frozen=True)
class MovedAuthor:
    """How many mentions have another author than before: same paper, position and name as listed."""

    author_id_before: str
    author_id: str
    mentions: int


@dataclass(frozen=True)
class ColumnChange:
    """A column that is new (``before`` is None), gone (``after`` is None) or of another type."""

    table: str
    column: str
    before: str | None
    after: str | None


@dataclass(frozen=True)
class Changes:
    """The differences from the release ``before``. Without one all lists but ``rows`` are None: not known."""

    before: str | None
    rows: list[RowCount]
    new_papers: list[str] | None = None
    removed_papers: list[str] | None = None
    moved_authors: list[MovedAuthor] | None = None
    columns: list[ColumnChange] | None = None

    @property
    def moved_mentions(self) -> int:
        """Mentions that have another author than before (count)."""
        return sum(moved.mentions for moved in self.moved_authors or [])

    def as_json(self) -> str:
        """The text of ``changes.json``."""
        return json.dumps(asdict(self), indent=1) + "\n"


def release_before(folder: Path) -> Path | None:
    """The latest release beside ``folder`` that is older than it, by their names; None if there is none."""
    if not folder.parent.is_dir():
        return None
    names = (path.name for path in folder.parent.iterdir() if path.is_dir() and _NAME.fullmatch(path.name))
    latest = max((name for name in names if name < folder.name), default=None)
    return folder.parent / latest if latest else None


def compare(folder: Path, before: Path | None, tables: Sequence[str]) -> Changes:
    """Compare the Parquet files of two releases. Raises InputError where one of the older files can't be read."""
    with duckdb.connect() as connection:
        new = _attach(connection, "new", folder, tables)
        if before is None:
            return Changes(None, [RowCount(table, _count(connection, f"new.{table}"), None) for table in tables])
        try:
            old = _attach(connection, "old", before, sorted(path.stem for path in (before / "data").glob("*.parquet")))
            if not old:
                raise duckdb.IOException("it has no tables")
            return Changes(
                before=before.name,
                rows=[
                    RowCount(
                        table,
                        _count(connection, f"new.{table}"),
                        _count(connection, f"old.{table}") if table in old else None,
                    )
                    for table in tables
                ],
                new_papers=_missing(connection, "new", "old"),
                removed_papers=_missing(connection, "old", "new"),
                moved_authors=_moved(connection),
                columns=[
                    ColumnChange(table, column, old.get(table, {}).get(column), new.get(table, {}).get(column))
                    for table in sorted({*old, *new})
                    for column in {**old.get(table, {}), **new.get(table, {})}
                    if old.get(table, {}).get(column) != new.get(table, {}).get(column)
                ],
            )
        except duckdb.Error as error:
            raise InputError(
                f"The release before, {before}, can't be read ({str(error).splitlines()[0]}): restore it from where it "
                "was uploaded, or move it to another folder; then nothing is compared."
            ) from error


def _attach(
    connection: duckdb.DuckDBPyConnection, schema: str, folder: Path, tables: Sequence[str]
) -> dict[str, dict[str, str]]:
    """Views of a release's Parquet files in a schema; table → column → type."""
    connection.execute(f"create schema {schema}")
    for table in tables:
        file = quoted(folder / "data" / f"{table}.parquet")
        connection.execute(f"create view {schema}.\"{table}\" as from read_parquet('{file}')")
    found: dict[str, dict[str, str]] = {table: {} for table in tables}
    for table, column, kind in connection.execute(
        """select table_name, column_name, lower(data_type) from duckdb_columns()
           where schema_name = ? order by column_index""",
        [schema],
    ).fetchall():
        found[table][column] = kind
    return found


def _count(connection: duckdb.DuckDBPyConnection, table: str) -> int:
    return int(connection.execute(f"select count(*) from {table}").fetchall()[0][0])


def _missing(connection: duckdb.DuckDBPyConnection, here: str, there: str) -> list[str]:
    """Ids of the papers that the one release has and the other has not, sorted."""
    found = connection.execute(
        f"select paper_id from {here}.dim_papers except select paper_id from {there}.dim_papers order by 1"
    ).fetchall()
    return [paper_id for (paper_id,) in found]


def _moved(connection: duckdb.DuckDBPyConnection) -> list[MovedAuthor]:
    """Mentions with another author, counted by old and new author, most mentions first."""
    found = connection.execute(
        """
        select old.author_id, new.author_id, count(*) as mentions
        from new.bridge_paper_authors as new
        inner join old.bridge_paper_authors as old using (paper_id, position, name_as_listed)
        where new.author_id <> old.author_id
        group by 1, 2
        order by mentions desc, 1, 2
        """
    ).fetchall()
    return [MovedAuthor(*row) for row in found]
