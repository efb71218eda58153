"""The raw tables: one row per record of a listing and observation. Rows of records carry their load id.

Rows are appended. Three things change in place: a load's verdict, the rows of a load that is parsed again
(``RawStore.parse_again``), and the overrides, which are replaced by each run.

A *load* is one capture of the landing archive. ``raw.loads.verdict`` decides what staging reads: ``pending``
until the batch gate judged it, then ``accepted`` or ``rejected``. A capture that no parser can read is a load
too, rejected by the loader, with its reason in ``raw.quarantine``.

What moves between two observations (upvotes, comments, stars, position) is a row of ``entries``; what rarely
does (texts, authors, organization) is stored once per distinct content and pointed to by ``content_id``.
"""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import groupby
from pathlib import Path
from typing import Any

import duckdb
import polars as pl

from warehouse.clock import utc_now
from warehouse.database import open_database, quoted, scalar, wal_of
from warehouse.errors import DamagedError, GateError, HomeError, WarehouseError
from warehouse.files import remove, replace
from warehouse.landing.archive import Landing
from warehouse.landing.captures import Capture
from warehouse.raw.attempts import Attempts
from warehouse.raw.loader import Columns, LoadResult, Part, Reader, chunked, read_alone, reading, set_aside
from warehouse.user import user_name

logger = logging.getLogger(__name__)

#: Columns by table, in the order in which a chunk is written: authors come before the content that they belong
#: to, because a content that is there already tells that its authors are too.
TABLES = {
    "loads": """
        load_id varchar primary key, load_number bigint not null, format varchar, kind varchar,
        source varchar not null, listing_date date, served_date date, observed_at timestamp not null,
        observed_at_basis varchar not null, landed_at timestamp not null, landing_note varchar,
        payload_count integer not null, payload_bytes bigint not null, payload_sha256 varchar not null,
        received integer not null, entries integer not null, refused integer not null,
        verdict varchar not null, verdict_by varchar, verdict_reason varchar, loaded_in varchar not null""",
    "entries": """
        load_id varchar not null, position integer not null, content_id varchar not null, paper_id varchar,
        title_key varchar not null, upvotes bigint, comments bigint, github_stars bigint""",
    "entry_authors": """
        content_id varchar not null, author_position integer not null,
        name varchar not null, name_key varchar not null, author_row_id varchar, account_id varchar,
        account_handle varchar, account_name varchar, status varchar, status_changed_at timestamp,
        is_hidden boolean""",
    "entry_contents": """
        content_id varchar not null, paper_id varchar, title varchar not null, title_key varchar not null,
        abstract varchar, published_at timestamp, published_on date, submitted_at timestamp,
        author_count integer, organization_id varchar, organization_slug varchar, organization_name varchar,
        organization_slug_key varchar, organization_name_key varchar,
        submitter_account_id varchar, submitter_handle varchar, submitter_name varchar,
        code_url varchar, project_url varchar, ai_summary varchar, ai_keywords varchar[],
        discussion_id varchar, thumbnail_url varchar, is_author_participating boolean, extra varchar""",
    "quarantine": """
        load_id varchar not null, position integer, reason_code varchar not null, field_path varchar,
        detail varchar not null, record varchar""",
    "fields_seen": """
        load_id varchar not null, path varchar not null, types varchar not null, present bigint not null,
        parents bigint not null, is_known boolean not null""",
    "gate_results": """
        run_id varchar not null, gate varchar not null, checked_at timestamp not null, load_id varchar,
        expectation varchar not null, severity varchar not null, passed boolean not null,
        observed varchar, unexpected bigint, sample varchar, reason varchar, remedy varchar, data_docs varchar""",
    # What people say about authors and organizations (warehouse/raw/overrides.py): as their files are now.
    "author_overrides": """
        row_number integer not null, action varchar not null, mention_id varchar not null,
        author_id varchar not null, reason varchar not null""",
    "organization_overrides": """
        row_number integer not null, action varchar not null, listed_organization varchar not null,
        organization varchar, kind varchar, reason varchar not null""",
}

#: Statements that bring the tables of an older version to the next, in order: the first of version 0, which recorded
#: no version, to 1, and so on. Missing tables are made without them. A new or changed column is added to TABLES and, as
#: one more entry, here; an entry that was released never changes. Loads that are stored already have null in a new
#: column, which DuckDB allows no other constraint on, until `papers rebuild`.
MIGRATIONS: tuple[tuple[str, ...], ...] = (
    (),  # the version is recorded from here on
)

_POLARS = {
    "varchar": pl.String,
    "bigint": pl.Int64,
    "integer": pl.Int32,
    "date": pl.Date,
    "timestamp": pl.Datetime("us"),
    "boolean": pl.Boolean,
    "varchar[]": pl.List(pl.String),
}


def columns_of(table: str) -> list[tuple[str, str]]:
    """Name and type, in DuckDB's words, of the columns of a raw table."""
    parts = (part.split() for part in TABLES[table].replace("\n", " ").split(","))
    return [(name, kind) for name, kind, *_ in parts]


def _schema(table: str) -> dict[str, Any]:
    return {name: _POLARS[kind] for name, kind in columns_of(table)}


def _frame(table: str, columns: Columns) -> pl.DataFrame:
    """Rows of a raw table, given column by column."""
    kinds = _schema(table).items()
    return pl.DataFrame([pl.Series(name, column, kind) for (name, kind), column in zip(kinds, columns, strict=True)])


def _schema_version(connection: duckdb.DuckDBPyConnection) -> int | None:
    """The version of the raw tables; None where there are none yet."""
    tables = {
        name
        for (name,) in connection.execute(
            "select table_name from information_schema.tables "
            "where table_schema = 'raw' and table_catalog = current_database()"
        ).fetchall()
    }
    if not tables:
        return None
    return int(scalar(connection, "select version from raw.schema_version")) if "schema_version" in tables else 0


def _is_current(connection: duckdb.DuckDBPyConnection, path: Path) -> bool:
    """Whether the raw tables have this version. Raises HomeError for those of a newer version."""
    version = _schema_version(connection)
    if version is not None and version > len(MIGRATIONS):
        raise HomeError(
            f"{path} was written by a newer version of this program (its tables have version {version}, this one knows "
            f"{len(MIGRATIONS)}): upgrade, or run `papers rebuild` to read the landing archive again with this one."
        )
    return version == len(MIGRATIONS)


#: Chunks that may be under way at once: one that is appended, and one that each process is ahead.
_AHEAD = 3
#: Errors of the place and not of a load: no load is set aside for them.
_OF_THE_PLACE = (
    *(WarehouseError, OSError, duckdb.IOException, duckdb.FatalException, duckdb.InternalException),
    *(duckdb.OutOfMemoryException, duckdb.InterruptException),
)


class RawStore:
    """The raw tables behind one writing connection. Use ``RawStore.open``."""

    def __init__(self, connection: duckdb.DuckDBPyConnection, folder: Path):
        self.connection = connection
        self._folder = folder

    @classmethod
    @contextmanager
    def open(cls, path: Path) -> Iterator[RawStore]:
        """Open ``raw.duckdb`` for writing; makes what is missing. One process at a time (see ``lock``).

        Tables of an older version are migrated. Raises HomeError when the file can't be used or a newer version of
        the project wrote it.
        """
        path.parent.mkdir(parents=True, exist_ok=True)
        with open_database(path) as connection:
            store = cls(connection, path.parent)
            store._migrate(path)
            yield store

    @classmethod
    @contextmanager
    def reading(cls, path: Path) -> Iterator[duckdb.DuckDBPyConnection]:
        """Open ``raw.duckdb`` read-only; an older version is migrated before. Raises HomeError as ``open`` does."""
        with ExitStack() as opened:
            connection = opened.enter_context(open_database(path, read_only=True))
            if not _is_current(connection, path):
                opened.close()
                with cls.open(path):
                    pass
                connection = opened.enter_context(open_database(path, read_only=True))
            yield connection

    def _migrate(self, path: Path) -> None:
        """Bring the tables to this version in one transaction: a kill leaves the old version or the new one."""
        if _is_current(self.connection, path):
            return
        version = _schema_version(self.connection)
        with self._transaction():
            self.connection.execute("create schema if not exists raw")
            for table, columns in TABLES.items():
                self.connection.execute(f"create table if not exists raw.{table} ({columns})")
            for statements in MIGRATIONS[version or 0 :] if version is not None else ():
                for statement in statements:
                    self.connection.execute(statement)
            self.connection.execute(
                "create or replace table raw.schema_version as select ? as version", [len(MIGRATIONS)]
            )

    def load_landed(
        self, landing: Landing, run_id: str, on_load: Callable[[LoadResult], None] | None = None
    ) -> list[LoadResult]:
        """Read what is landed and not yet loaded, in the order of landing, then replay people's decisions.

        Each chunk is one transaction: a kill loses nothing and repeats at most one chunk.
        """
        since = _loaded_until(self.connection)
        first = scalar(self.connection, "select coalesce(max(load_number), 0) + 1 from raw.loads")
        results: list[LoadResult] = []
        for loaded in self._loading(landing, list(enumerate(unloaded(self.connection, landing), first)), run_id):
            results += loaded
            for result in loaded:
                logger.debug("Loaded %s: %s", result.source, result.reason or f"{result.entries} entries")
                if on_load:
                    on_load(result)
        self._replay_decisions(landing, since)
        return results

    def _loading(
        self, landing: Landing, numbered: Sequence[tuple[int, Capture]], run_id: str
    ) -> Iterator[list[LoadResult]]:
        """Load captures, many at once, and those that broke the loader before one at a time.

        A capture that breaks it when it is read by itself too is set aside, so none stops the others.
        """
        attempts = Attempts(self._folder)
        groups = groupby(numbered, lambda one: attempts.is_suspect(one[1].load_id))
        todo = deque((is_suspect, list(group)) for is_suspect, group in groups)
        while todo:
            is_suspect, group = todo.popleft()
            done = 0
            try:
                if not is_suspect:
                    for loaded in self._load_together(landing, group, run_id, attempts):
                        done += len(loaded)
                        yield loaded
            except _OF_THE_PLACE:
                raise
            except Exception:
                # What is under way in other processes may be at fault as well as what is appended.
                end = done + sum(map(len, chunked(group[done:])[:_AHEAD]))
                todo.extendleft(part for part in ((False, group[end:]), (True, group[done:end])) if part[1])
                continue
            if is_suspect:
                for number, capture in group:
                    yield [self._load_alone(landing, capture, number, run_id, attempts)]
        attempts.end()

    def _load_together(
        self, landing: Landing, numbered: Sequence[tuple[int, Capture]], run_id: str, attempts: Attempts
    ) -> Iterator[list[LoadResult]]:
        waiting = chunked(numbered)
        attempts.start(capture.load_id for chunk in waiting[:_AHEAD] for _, capture in chunk)
        with reading(landing, [capture for _, capture in numbered], numbered[0][0], run_id) as chunks:
            for place, parts in enumerate(chunks, start=1):
                with self._transaction():
                    for part in parts:
                        self._append_part(part)
                if waiting[place:]:
                    attempts.start(capture.load_id for chunk in waiting[place : place + _AHEAD] for _, capture in chunk)
                yield [result for _, result in sorted(one for part in parts for one in part.results)]

    def _load_alone(
        self, landing: Landing, capture: Capture, number: int, run_id: str, attempts: Attempts
    ) -> LoadResult:
        """Load one capture by itself, or set it aside."""
        why = "the program ended each time it was read"
        if not attempts.is_hopeless(capture.load_id):
            attempts.start_alone(capture.load_id)
            try:
                part = read_alone(landing, capture, number, run_id)
                with self._transaction():
                    self._append_part(part)
                attempts.end_alone(capture.load_id, is_sound=True)
                return part.results[0][1]
            except _OF_THE_PLACE:
                raise
            except Exception as error:
                why = " ".join(str(error).split())[:500]
        part = set_aside(
            capture, number, run_id, f"{why}; `papers rebuild --load {capture.load_id}` tries again after an upgrade"
        )
        with self._transaction():
            self._append_part(part)
        attempts.end_alone(capture.load_id, is_sound=False)
        return part.results[0][1]

    def pending(self) -> int:
        """Loads that no gate has judged yet."""
        return int(scalar(self.connection, "select count(*) from raw.loads where verdict = 'pending'"))

    def set_verdicts(self, verdicts: Sequence[tuple[str, str, str, str | None]]) -> None:
        """Write (load_id, verdict, by, reason) rows in one transaction."""
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

    def parse_again(
        self, landing: Landing, load_id: str, run_id: str, record: Callable[[], None] | None = None
    ) -> LoadResult:
        """Replace one load's rows by what today's parser makes of its payloads; its verdict is pending again.

        One transaction, with what ``record`` puts on record: a kill leaves the old rows or the new ones. What people
        decided about the load holds. Raises KeyError when the archive has no such load, GateError when its payloads
        are damaged or rows of an accepted load would vanish.
        """
        capture = next((c for c in landing.captures() if c.load_id == load_id), None)
        if capture is None:
            raise KeyError(load_id)
        query = "select load_number, verdict from raw.loads where load_id = ?"
        ((number, verdict),) = self.connection.execute(query, [load_id]).fetchall()
        reader = Reader(run_id)
        result = reader.add(landing, capture, number)
        if result.reason and (verdict == "accepted" or result.reason.startswith("damaged_payload")):
            raise GateError(
                f"Load {load_id} can't be read again ({result.reason}). Its rows stay as they are; "
                "`papers doctor --archive` says what is damaged."
            )
        with self._transaction():
            if record:
                record()
            for table in ("loads", "entries", "quarantine", "fields_seen"):
                self.connection.execute(f"delete from raw.{table} where load_id = ?", [load_id])
            self._append_part(reader.take())
        attempts = Attempts(self._folder)
        if attempts.is_suspect(load_id):
            attempts.end_alone(load_id, is_sound=True)
        self._replay_decisions(landing)
        return result

    def take_back(self, latest: datetime) -> set[str]:
        """Make accepted loads that were observed after ``latest`` (UTC) pending again; returns their ids.

        What a person accepted stays.
        """
        rows = self.connection.execute(
            """update raw.loads set verdict = 'pending', verdict_by = null
               where verdict = 'accepted' and verdict_by = 'gate' and observed_at > ? returning load_id""",
            [latest],
        ).fetchall()
        return {load_id for (load_id,) in rows}

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
        """Put what a person or a gate did on record, beside the findings of the gates."""
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

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        self.connection.begin()
        try:
            yield
            self.connection.commit()
        except BaseException:
            with suppress(duckdb.Error):  # after a fatal error there is no transaction any more
                self.connection.rollback()
            raise

    def append(self, table: str, rows: Sequence[dict[str, Any]] | pl.DataFrame) -> None:
        """Add rows to a raw table; missing keys are null."""
        if not len(rows):
            return
        frame = rows if isinstance(rows, pl.DataFrame) else pl.DataFrame(rows, schema=_schema(table), orient="row")
        self.connection.register("new_rows", frame.to_arrow())
        self.connection.execute(f"insert into raw.{table} by name select * from new_rows")
        self.connection.unregister("new_rows")

    def _append_part(self, part: Part) -> None:
        """Add what was read, without the contents that are stored, in the order of the tables."""
        frames = {table: _frame(table, columns) for table, columns in part.tables.items() if columns}
        if "entry_contents" in frames:
            stored = self._stored_contents(frames["entry_contents"]["content_id"])
            for table in ("entry_contents", "entry_authors") if stored else ():
                if table in frames:
                    frames[table] = frames[table].filter(~pl.col("content_id").is_in(stored))
        for table in TABLES:
            if table in frames:
                self.append(table, frames[table])

    def _stored_contents(self, content_ids: pl.Series) -> list[str]:
        """Which of these contents are stored already."""
        self.connection.register("met", content_ids.to_frame().to_arrow())
        query = "select content_id from raw.entry_contents where content_id in (select content_id from met)"
        stored = [row[0] for row in self.connection.execute(query).fetchall()]
        self.connection.unregister("met")
        return stored

    def _replay_decisions(self, landing: Landing, since: date | None = None) -> None:
        """Obey the archive's decisions, so that a rebuild reaches the verdicts that people gave.

        Those of before ``since`` were obeyed by the run that loaded what was landed then.
        """
        self.set_verdicts([(d.load_id, d.verdict, "person", d.reason) for d in landing.decisions(since)])


def _loaded_until(connection: duckdb.DuckDBPyConnection) -> date | None:
    """The day whose journals and later ones may name what is not loaded; None: all may.

    One day more than the newest load's, because a clock may have been set back while something landed.
    """
    newest = scalar(connection, "select max(landed_at) from raw.loads")
    return (newest - timedelta(days=1)).date() if newest else None


def unloaded(connection: duckdb.DuckDBPyConnection, landing: Landing) -> Iterator[Capture]:
    """What is landed and not loaded, each once, in the order of landing.

    Cost follows what was landed since the newest load, not the history. The connection is used before the first
    capture comes and not while they do.
    """
    since = _loaded_until(connection)
    known: set[str] = set()
    if since:
        landed = [capture.load_id for capture in landing.captures(since)]
        connection.register("landed", pl.DataFrame({"load_id": landed}, schema={"load_id": pl.String}).to_arrow())
        query = "select load_id from raw.loads where load_id in (select load_id from landed)"
        known = {row[0] for row in connection.execute(query).fetchall()}
        connection.unregister("landed")
    for capture in landing.captures(since):
        if capture.load_id not in known:
            known.add(capture.load_id)
            yield capture


def start_over(
    path: Path,
    landing: Landing,
    run_id: str,
    on_load: Callable[[LoadResult], None] | None = None,
    *,
    published: Path | None = None,
    check: Callable[[list[LoadResult]], None] | None = None,
    accepted_loss: str | None = None,
) -> list[LoadResult]:
    """Read the whole archive into new raw tables and put them in the place of the old ones in one step.

    The old gate results are history, not derived from the archive: they are carried over where they can be read, else
    from the published file. ``check`` gets what was loaded before anything is replaced, and may raise.
    ``accepted_loss``: why rows may vanish, which goes on record.
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
        results = raw.load_landed(landing, run_id, on_load)
        if check:
            check(results)
        raw.record_act("rebuilt", f"rebuild-{run_id}", None, "the whole archive was read again with today's parsers")
        if accepted_loss is not None:
            raw.record_act("loss_accepted", f"loss-{run_id}", None, accepted_loss, user_name())
    wal_of(path).unlink(missing_ok=True)  # of the old file; DuckDB would apply it to the new one
    replace(fresh, path)
    return results


def _gate_history(path: Path) -> pl.DataFrame | None:
    """The gate results of raw tables of any version, as far as this version has their columns.

    None where there are none or the file is damaged: a rebuild needs the archive alone. Raises HomeError when another
    program holds the file.
    """
    if not path.exists():
        return None
    try:
        with open_database(path, read_only=True) as old:
            columns = {row[0] for row in old.execute("describe raw.gate_results").fetchall()}
            shared = ", ".join(name for name, _ in columns_of("gate_results") if name in columns)
            return pl.DataFrame(old.sql(f"select {shared} from raw.gate_results").to_arrow_table())
    except (DamagedError, duckdb.Error):
        return None


def _published_history(path: Path) -> pl.DataFrame | None:
    """The gate results that were published; None where there are none or the file is damaged."""
    renamed = {"passed": "is_passed", "observed": "observed_value", "unexpected": "unexpected_count"}
    renamed |= {"sample": "sample_values", "data_docs": "data_docs_page"}
    columns = ", ".join(f"{renamed.get(name, name)} as {name}" for name, _ in columns_of("gate_results"))
    if not path.is_file():
        return None
    try:
        with open_database(path, read_only=True) as published:
            return pl.DataFrame(published.sql(f"select {columns} from marts.ops_gate_results").to_arrow_table())
    except (DamagedError, duckdb.Error):
        return None


@dataclass(frozen=True)
class LoadState:
    """Where a load stands."""

    verdict: str
    reason: str | None
    entries: int
    refused: int
    basis: str


def verdicts(path: Path, load_ids: Sequence[str] | None = None) -> dict[str, LoadState]:
    """Load id → where it stands, of these loads or of all. Empty when nothing was ever loaded."""
    if not path.exists():
        return {}
    with RawStore.reading(path) as connection:
        query = "select load_id, verdict, verdict_reason, entries, refused, observed_at_basis from raw.loads"
        if load_ids is not None:
            connection.register("asked", pl.DataFrame({"load_id": load_ids}, schema={"load_id": pl.String}).to_arrow())
            query += " where load_id in (select load_id from asked)"
        rows = connection.execute(query).fetchall()
    return {row[0]: LoadState(*row[1:]) for row in rows}


def is_behind(landing: Landing, raw: Path, published: Path) -> bool:
    """Whether the published file lacks something: a capture that is not loaded, or a verdict that it does not know."""
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
