"""Overrides in the home: `overrides/author_overrides.csv` and `overrides/organization_overrides.csv`.

Every run reads them again, so removing a line undoes the decision. A line without an action is not decided yet and is
skipped, as most lines of `papers review --csv` are. The project's own overrides are dbt seeds.
"""

from __future__ import annotations

import csv
from pathlib import Path

from warehouse.database import rows
from warehouse.errors import InputError
from warehouse.raw.store import RawStore
from warehouse.settings import Settings

#: File → columns, and what its `action` may be.
FILES = {
    "author_overrides": (("action", "mention_id", "author_id", "reason"), {"merge", "split"}),
    "organization_overrides": (
        ("action", "listed_organization", "organization", "kind", "reason"),
        {"merge", "split", "part_of"},
    ),
}
#: What an action needs besides its subject.
_OPTIONAL = {"kind", "organization"}


def read_overrides(folder: Path) -> dict[str, list[dict[str, str | int | None]]]:
    """The rows of both files; a missing file has none. Raises InputError that names the file, the line and why."""
    return {name: _rows(folder / f"{name}.csv", name) for name in FILES}


def load_overrides(settings: Settings) -> None:
    """Replace the overrides in the raw tables by those of the home."""
    found = read_overrides(settings.overrides)
    with RawStore.open(settings.raw_database) as raw, raw.transaction():
        for table, overrides in found.items():
            raw.connection.execute(f"delete from raw.{table}")
            raw.append(table, overrides)


def are_overrides_new(settings: Settings) -> bool:
    """Whether the home's overrides differ from those that the last run read."""
    found = read_overrides(settings.overrides)
    if not settings.raw_database.exists():
        return any(found.values())
    with RawStore.reading(settings.raw_database) as connection:
        for table, overrides in found.items():
            if rows(connection, f"from raw.{table} order by row_number") != overrides:
                return True
    return False


def _rows(path: Path, name: str) -> list[dict[str, str | int | None]]:
    if not path.exists():
        return []
    columns, actions = FILES[name]
    rows: list[dict[str, str | int | None]] = []
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.DictReader(file)
            missing = [c for c in columns if c not in (reader.fieldnames or ()) and c not in _OPTIONAL]
            if missing:
                raise InputError(f"{path} has no column {missing[0]!r}: its first line is {','.join(columns)}.")
            for row in reader:
                if (row["action"] or "").strip():
                    rows.append(_row(path, reader.line_num, row, columns, actions))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise InputError(f"{path} can't be read ({error}).") from error
    return rows


def _row(
    path: Path, line: int, row: dict[str, str], columns: tuple[str, ...], actions: set[str]
) -> dict[str, str | int | None]:
    values = {column: (row.get(column) or "").strip() for column in columns}
    if values["action"] not in actions:
        raise InputError(
            f"{path}, line {line}: the action is {values['action']!r}: give {' or '.join(sorted(actions))}."
        )
    needed = [c for c in columns if c not in _OPTIONAL] + (
        ["organization"] if "organization" in columns and values["action"] != "split" else []
    )
    empty = [column for column in needed if not values[column]]
    if empty:
        raise InputError(f"{path}, line {line}: {empty[0]} is empty; fill in all columns of an override.")
    return {"row_number": line, **{column: value or None for column, value in values.items()}}
