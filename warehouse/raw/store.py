"""The raw tables in ``raw.duckdb``: one row per record of a listing and observation, with its load id.

Rows are appended. Three things change in place: a load's verdict, the rows of a load that is parsed again
(``loader.py``), and the overrides, which each run replaces.

A *load* is one capture of the landing archive. ``raw.loads.verdict`` decides what staging reads: ``pending`` before the
batch gate, then ``accepted`` or ``rejected``. A capture that no parser can read is a load too, rejected by the loader,
with its reason in ``raw.quarantine``. Values that change between two observations (upvotes, comments, stars, position)
are a row of ``entries``; what rarely changes (texts, authors, organization) is stored once per distinct content, which
``content_id`` refers to.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import polars as pl

from warehouse.clock import utc_now
from warehouse.database import open_database, quoted, scalar
from warehouse.landing.archive import Landing
from warehouse.landing.captures import Capture, OnDamage
from warehouse.raw import schema
from warehouse.raw.reader import Part


class RawStore:
    """The raw tables behind one writing connection. Use ``RawStore.open``.

    ``folder`` is where the file and that of the loader's attempts are.
    """

    def __init__(self, connection: duckdb.DuckDBPyConnection, folder: Path):
        self.connection = connection
        self.folder = folder

    @classmethod
    @contextmanager
    def open(cls, path: Path) -> Iterator[RawStore]:
        """Open ``raw.duckdb`` for writing and create what is missing. One process at a time (see ``lock``).

        Tables of an older version are migrated. Raises HomeError when the file can't be used or a newer version of
        the project wrote it.
        """
        path.parent.mkdir(parents=True, exist_ok=True)
        with open_database(path) as connection:
            store = cls(connection, path.parent)
            if not schema.is_current(connection, path):
                with store.transaction():
                    schema.migrate(connection)
            yield store

    @classmethod
    @contextmanager
    def reading(cls, path: Path) -> Iterator[duckdb.DuckDBPyConnection]:
        """Open ``raw.duckdb`` read-only; an older version is migrated first. Raises HomeError as ``open`` does."""
        with ExitStack() as opened:
            connection = opened.enter_context(open_database(path, read_only=True))
            if not schema.is_current(connection, path):
                opened.close()
                with cls.open(path):
                    pass
                connection = opened.enter_context(open_database(path, read_only=True))
            yield connection

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Commit at the end of the block; roll back when it raises."""
        self.connection.begin()
        try:
            yield
            self.connection.commit()
        except BaseException:
            with suppress(duckdb.Error):  # after a fatal error the transaction no longer exists
                self.connection.rollback()
            raise

    def append(self, table: str, rows: Sequence[dict[str, Any]] | pl.DataFrame) -> None:
        """Add rows to a raw table by column name; missing columns are null."""
        if not len(rows):
            return
        if not isinstance(rows, pl.DataFrame):
            rows = pl.DataFrame(rows, schema=schema.polars_schema(table), orient="row")
        self.connection.register("new_rows", rows.to_arrow())
        self.connection.execute(f"insert into raw.{table} by name select * from new_rows")
        self.connection.unregister("new_rows")

    def append_part(self, part: Part) -> None:
        """Add the rows of a part, without the contents that are stored already, in the order of the tables."""
        frames = {table: schema.frame_of(table, values) for table, values in part.tables.items()}
        if "entry_contents" in frames:
            stored = self._stored_contents(frames["entry_contents"]["content_id"])
            for table in ("entry_contents", "entry_authors") if stored else ():
                if table in frames:
                    frames[table] = frames[table].filter(~pl.col("content_id").is_in(stored))
        for table in schema.TABLES:
            if table in frames:
                self.append(table, frames[table])

    def _stored_contents(self, content_ids: pl.Series) -> list[str]:
        """The contents among these that are stored already."""
        self.connection.register("candidates", content_ids.to_frame().to_arrow())
        query = "select content_id from raw.entry_contents where content_id in (select content_id from candidates)"
        stored = [row[0] for row in self.connection.execute(query).fetchall()]
        self.connection.unregister("candidates")
        return stored

    def set_verdicts(self, verdicts: Sequence[tuple[str, str, str, str | None]]) -> None:
        """Write verdicts, given as (load_id, verdict, by, reason), in one transaction."""
        if not verdicts:
            return
        frame = pl.DataFrame(
            verdicts,
            schema=dict.fromkeys(("load_id", "verdict", "verdict_by", "verdict_reason"), pl.String),
            orient="row",
        ).to_arrow()
        self.connection.register("new_verdicts", frame)
        self.connection.execute(
            """update raw.loads set verdict = v.verdict, verdict_by = v.verdict_by,
                      verdict_reason = v.verdict_reason
               from new_verdicts as v where loads.load_id = v.load_id"""
        )
        self.connection.unregister("new_verdicts")

    def reset_future_loads(self, latest: datetime) -> set[str]:
        """Make loads pending again that a gate accepted and that were observed after ``latest`` (UTC).

        Returns their ids. What a person accepted stays.
        """
        rows = self.connection.execute(
            """update raw.loads set verdict = 'pending', verdict_by = null
               where verdict = 'accepted' and verdict_by = 'gate' and observed_at > ? returning load_id""",
            [latest],
        ).fetchall()
        return {load_id for (load_id,) in rows}

    def apply_decisions(self, landing: Landing, since: date | None = None) -> None:
        """Apply the decisions of people in the archive, from a day on, so that a rebuild gives the same verdicts."""
        self.set_verdicts([(d.load_id, d.verdict, "person", d.reason) for d in landing.decisions(since)])

    def record_act(
        self,
        act: str,
        run_id: str,
        load_id: str | None,
        reason: str,
        by: str | None = None,
        found: str | None = None,
        *,
        gate: str = "person",
    ) -> None:
        """Record an act of a person or a gate in ``gate_results``."""
        row = {
            "run_id": run_id,
            "gate": gate,
            "checked_at": utc_now().replace(tzinfo=None),
            "load_id": load_id,
            "expectation": act,
            "severity": "error",
            "passed": True,
            "observed": found,
            "unexpected": 0,
            "sample": by,
            "reason": reason,
        }
        self.append("gate_results", [row])


def newest_landing_date(connection: duckdb.DuckDBPyConnection) -> date | None:
    """The day from which on journals may name captures that are not loaded; None: all may.

    One day before the newest load's landing, because a clock may have been set back while something landed.
    """
    newest = scalar(connection, "select max(landed_at) from raw.loads")
    return (newest - timedelta(days=1)).date() if newest else None


def unloaded(
    connection: duckdb.DuckDBPyConnection, landing: Landing, on_damage: OnDamage | None = None
) -> Iterator[Capture]:
    """The captures that are landed and not loaded, each once, in the order of landing.

    Reads the journals since the newest load only. The connection is used before the first capture is yielded and not
    afterwards.
    """
    since = newest_landing_date(connection)
    known: set[str] = set()
    if since:
        landed = [capture.load_id for capture in landing.captures(since, on_damage)]
        connection.register("landed", pl.DataFrame({"load_id": landed}, schema={"load_id": pl.String}).to_arrow())
        query = "select load_id from raw.loads where load_id in (select load_id from landed)"
        known = {row[0] for row in connection.execute(query).fetchall()}
        connection.unregister("landed")
    for capture in landing.captures(since, on_damage):
        if capture.load_id not in known:
            known.add(capture.load_id)
            yield capture


@dataclass(frozen=True)
class LoadState:
    """Verdict and counts of a load."""

    verdict: str
    reason: str | None
    entries: int
    refused: int
    basis: str


def verdicts(path: Path, load_ids: Sequence[str] | None = None) -> dict[str, LoadState]:
    """The state of these loads, or of all, by load id. Empty when nothing was ever loaded."""
    if not path.exists():
        return {}
    with RawStore.reading(path) as connection:
        query = "select load_id, verdict, verdict_reason, entries, refused, observed_at_basis from raw.loads"
        if load_ids is not None:
            frame = pl.DataFrame({"load_id": load_ids}, schema={"load_id": pl.String})
            connection.register("selected", frame.to_arrow())
            query += " where load_id in (select load_id from selected)"
        rows = connection.execute(query).fetchall()
    return {row[0]: LoadState(*row[1:]) for row in rows}


def is_behind(landing: Landing, raw: Path, published: Path) -> bool:
    """Whether the published file lacks a landed capture or the present verdict of a load."""
    if not raw.exists():
        return True
    with RawStore.reading(raw) as connection:
        if next(unloaded(connection, landing), None):
            return True
        connection.execute(f"attach '{quoted(published)}' as published (read_only)")
        changed = """
            select count(*) from raw.loads as loads
            full join published.marts.ops_loads as shown using (load_id)
            where loads.verdict is distinct from shown.verdict"""
        return bool(scalar(connection, changed))
