"""Raw tables from the whole landing archive, in the place of the old ones."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import duckdb
import polars as pl

from warehouse.database import open_database, wal_of
from warehouse.errors import DamagedError
from warehouse.files import remove, replace
from warehouse.landing.archive import Landing
from warehouse.raw.loader import load_landed
from warehouse.raw.reader import LoadResult
from warehouse.raw.schema import TABLES
from warehouse.raw.store import RawStore
from warehouse.user import user_name

#: Columns of ``raw.gate_results`` that have another name in the published table.
_PUBLISHED_NAMES = {
    "passed": "is_passed",
    "observed": "observed_value",
    "unexpected": "unexpected_count",
    "sample": "sample_values",
    "data_docs": "data_docs_page",
}


def rebuild(
    path: Path,
    landing: Landing,
    run_id: str,
    on_load: Callable[[LoadResult], None] | None = None,
    *,
    published: Path | None = None,
    check: Callable[[list[LoadResult]], None] | None = None,
    accepted_loss: str | None = None,
) -> list[LoadResult]:
    """Load the whole archive into new raw tables and replace the old ones in one step.

    The old gate results can't be derived from the archive: they are copied from the old tables, or from the published
    file where these can't be read. ``check`` gets the results before anything is replaced, and may raise.
    ``accepted_loss``: why rows may be missing, which is recorded.
    """
    fresh = path.with_name(f"{path.name}.rebuild")
    for leftover in (fresh, wal_of(fresh)):
        remove(leftover)
    history = _gate_history(path)
    if history is None and published is not None:
        history = _published_history(published)
    with RawStore.open(fresh) as raw:
        if history is not None:
            raw.append("gate_results", history)
        results = load_landed(raw, landing, run_id, on_load)
        if check:
            check(results)
        raw.record_act("rebuilt", f"rebuild-{run_id}", None, "the whole archive was read again with today's parsers")
        if accepted_loss is not None:
            raw.record_act("loss_accepted", f"loss-{run_id}", None, accepted_loss, user_name())
    wal_of(path).unlink(missing_ok=True)  # DuckDB would apply the old file's log to the new one
    replace(fresh, path)
    return results


def _gate_history(path: Path) -> pl.DataFrame | None:
    """The gate results of raw tables of any version, in the columns that this version has too.

    None where there are none or the file is damaged: a rebuild needs the archive alone. Raises HomeError when another
    program has the file open for writing.
    """
    if not path.exists():
        return None
    try:
        with open_database(path, read_only=True) as old:
            existing = {row[0] for row in old.execute("describe raw.gate_results").fetchall()}
            shared = ", ".join(column.name for column in TABLES["gate_results"] if column.name in existing)
            return pl.DataFrame(old.sql(f"select {shared} from raw.gate_results").to_arrow_table())
    except (DamagedError, duckdb.Error):
        return None


def _published_history(path: Path) -> pl.DataFrame | None:
    """The gate results that were published; None where there are none or the file is damaged."""
    names = [column.name for column in TABLES["gate_results"]]
    columns = ", ".join(f"{_PUBLISHED_NAMES.get(name, name)} as {name}" for name in names)
    if not path.is_file():
        return None
    try:
        with open_database(path, read_only=True) as published:
            return pl.DataFrame(published.sql(f"select {columns} from marts.ops_gate_results").to_arrow_table())
    except (DamagedError, duckdb.Error):
        return None
