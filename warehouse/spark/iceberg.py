"""The warehouse in an Iceberg catalog: raw tables loaded from the hand-over, and publications of the models.

dbt builds on the branch `main` of each table, which readers do not open. A publication is one row per table in
``publication.history``: the snapshots that belong together, written in one commit, from which on readers open them.
Then each table's tag `published` moves to its snapshot, for readers of a single table:

    select * from marts.dim_papers version as of 'published'

Tags move one after another, so a join by tags may mix two publications for a second. The snapshots of
``publication.history`` never do (``read_published`` reads those). A build that fails changes neither, and the next one
starts from the published snapshots (``start_build``).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from warehouse.clock import utc_now
from warehouse.errors import HomeError
from warehouse.landing.object_store import open_storage
from warehouse.raw.handover import REPLACES, Commit, handed_columns, read_commits
from warehouse.spark.session import hadoop_address

CATALOG = "papers"
PUBLISHED_TAG = "published"
#: Schemas whose tables belong to a publication; the last is public. Seeds don't: every build drops them and loads them
#: again from the project's files.
BUILT = ("intermediate", "marts")
PUBLIC = "marts"

_TYPES = {"varchar": "string", "integer": "int", "timestamp": "timestamp_ntz", "varchar[]": "array<string>"}
_HISTORY = """create table if not exists publication.history (
    publication_id string, published_at timestamp_ntz, models string, schema_name string, table_name string,
    snapshot_id bigint, row_count bigint) using iceberg"""


@dataclass(frozen=True)
class PublishedTable:
    """A table of a publication: its snapshot, and how many rows that has (None of tables that aren't public)."""

    schema: str
    name: str
    snapshot: int
    rows: int | None


@dataclass(frozen=True)
class PublishedTables:
    """The last publication: when (UTC, ISO), by which version of the models, and its tables."""

    publication_id: str
    published_at: str
    models: str
    tables: tuple[PublishedTable, ...]

    def of_readers(self) -> dict[str, int]:
        """Public table → snapshot."""
        return {table.name: table.snapshot for table in self.tables if table.schema == PUBLIC}


def load_handed_over(session: Any, root: Path | str, *, is_rebuild: bool = False) -> int:
    """Apply the commits of a hand-over that are new to the raw tables. Returns how many.

    After a kill the interrupted commit is applied again, with the same result. In a rebuild, or where the hand-over was
    emptied and written again, the tables are emptied and every commit is applied.
    """
    storage = open_storage(root)
    session.sql("create schema if not exists raw")
    for table in REPLACES:
        columns = _columns(table)
        defined = ", ".join(f"{name} {kind}" for name, kind in columns.items())
        session.sql(f"create table if not exists raw.{table} ({defined}) using iceberg")
        for name in columns.keys() - set(session.table(f"raw.{table}").columns):
            session.sql(f"alter table raw.{table} add column {name} {columns[name]}")
    session.sql("create table if not exists raw.handed_over (commit bigint, written_at string) using iceberg")
    loaded = session.sql("select commit, written_at from raw.handed_over order by commit desc limit 1").collect()
    last = 0
    if loaded and not is_rebuild:
        found = next(read_commits(storage, loaded[0].commit - 1), None)
        if found is not None and found.written_at == loaded[0].written_at:
            last = loaded[0].commit
    if not last:
        for table in ("handed_over", *REPLACES):
            session.sql(f"delete from raw.{table}")
    number = 0
    for commit in read_commits(storage, last):
        number += 1
        _apply(session, root, commit)
        session.sql(f"insert into raw.handed_over values ({commit.commit}, '{commit.written_at}')")
    return number


def _apply(session: Any, root: Path | str, commit: Commit) -> None:
    place = hadoop_address(root)
    files = {file.table: f"{place}/{file.file}" for file in commit.files}
    loads = ", ".join(f"'{load.load_id}'" for load in commit.loads)
    for table, key in REPLACES.items():
        rows = session.read.parquet(files[table]) if table in files else None
        if key == "load_id" and loads:
            session.sql(f"delete from raw.{table} where load_id in ({loads})")
        elif key == "*" and rows is not None:
            session.sql(f"delete from raw.{table}")
        elif key == "" and commit.gate_runs:
            gate_runs = ", ".join(f"'{run}|{gate}|{at:%Y-%m-%d %H:%M:%S.%f}'" for run, gate, at in commit.gate_runs)
            moment = "date_format(checked_at, 'yyyy-MM-dd HH:mm:ss.SSSSSS')"
            session.sql(f"delete from raw.{table} where concat_ws('|', run_id, gate, {moment}) in ({gate_runs})")
        elif key and rows is not None:
            rows.select(key).distinct().createOrReplaceTempView("handed_over_keys")
            session.sql(f"delete from raw.{table} where {key} in (select {key} from handed_over_keys)")
        if rows is not None and rows.head(1):
            # A commit that is older than a column has no values for it.
            values = [
                name if name in rows.columns else f"cast(null as {kind}) as {name}"
                for name, kind in _columns(table).items()
            ]
            rows.selectExpr(*values).writeTo(f"raw.{table}").append()


def _columns(table: str) -> dict[str, str]:
    """Name and Spark type of the columns of a raw table that are handed over."""
    return {name: _TYPES.get(kind, kind) for name, kind in handed_columns(table)}


def last_publication(session: Any) -> PublishedTables | None:
    """The tables that readers open now; None before the first publication."""
    session.sql("create schema if not exists publication")
    session.sql(_HISTORY)
    session.catalog.refreshTable("publication.history")
    rows = session.sql(
        "select * from publication.history where publication_id = "
        "(select max(publication_id) from publication.history) order by schema_name, table_name"
    ).collect()
    if not rows:
        return None
    return PublishedTables(
        rows[0].publication_id,
        rows[0].published_at.isoformat(timespec="seconds") + "+00:00",
        rows[0].models,
        tuple(PublishedTable(row.schema_name, row.table_name, row.snapshot_id, row.row_count) for row in rows),
    )


def start_build(session: Any, models: str) -> bool:
    """Set every table to its published snapshot, which a failed build may have left behind.

    ``models`` is the version of the models. Returns whether a full refresh is needed: nothing is published, other
    models built it, or a published snapshot is gone.
    """
    last = last_publication(session)
    if last is None or last.models != models:
        return True
    snapshots = {(table.schema, table.name): table.snapshot for table in last.tables}
    for schema, name, snapshot in _built(session):
        if (published := snapshots.pop((schema, name), None)) is None:
            session.sql(f"drop table {schema}.{name}")
        elif published != snapshot:
            if not session.sql(f"select 1 from {schema}.{name}.snapshots where snapshot_id = {published}").head(1):
                return True  # the table was created again
            session.sql(f"call {CATALOG}.system.set_current_snapshot('{schema}.{name}', {published})")
            session.catalog.refreshTable(f"{schema}.{name}")
    if snapshots:
        return True
    _move_tags(session, last)
    return False


def publish_tables(session: Any, models: str) -> PublishedTables:
    """Publish the tables as they are now."""
    now = utc_now()
    counts = count_rows(session)
    tables = tuple(
        PublishedTable(schema, name, snapshot, counts[name] if schema == PUBLIC else None)
        for schema, name, snapshot in _built(session)
    )
    published = PublishedTables(now.strftime("%Y%m%dT%H%M%S%fZ"), now.isoformat(timespec="seconds"), models, tables)
    last_publication(session)
    values = ", ".join(
        f"('{published.publication_id}', timestamp_ntz '{now:%Y-%m-%d %H:%M:%S.%f}', '{models}', '{table.schema}', "
        f"'{table.name}', {table.snapshot}, {'null' if table.rows is None else table.rows})"
        for table in tables
    )
    session.sql(f"insert into publication.history values {values}")
    _move_tags(session, published)
    return published


def _move_tags(session: Any, published: PublishedTables) -> None:
    """Tag the snapshots of a publication, which also keeps them from expiring."""
    for table in published.tables:
        name = f"{table.schema}.{table.name}"
        tagged = session.sql(f"select snapshot_id from {name}.refs where name = '{PUBLISHED_TAG}'").collect()
        if not tagged or tagged[0].snapshot_id != table.snapshot:
            session.sql(f"alter table {name} create or replace tag {PUBLISHED_TAG} as of version {table.snapshot}")


def read_published(session: Any) -> PublishedTables:
    """Make a temporary view of each public table, all of the last publication. Raises HomeError before the first."""
    published = last_publication(session)
    if published is None:
        raise HomeError("Nothing is published in this catalog yet: build it with PAPERS_ENGINE=spark.")
    for name, snapshot in published.of_readers().items():
        session.read.option("snapshot-id", snapshot).table(f"{PUBLIC}.{name}").createOrReplaceTempView(name)
    return published


def count_rows(session: Any) -> dict[str, int]:
    """Rows of each public table as it was built, by name."""
    return {name: session.table(f"{PUBLIC}.{name}").count() for schema, name, _ in _built(session) if schema == PUBLIC}


def _built(session: Any) -> Iterator[tuple[str, str, int]]:
    """Schema, name and current snapshot of every table that dbt built."""
    schemas = {row.namespace for row in session.sql("show schemas").collect()}
    for schema in BUILT:
        if schema not in schemas:
            continue
        for row in session.sql(f"show tables in {schema}").collect():
            if row.isTemporary:
                continue
            name = f"{schema}.{row.tableName}"
            session.catalog.refreshTable(name)
            refs = session.sql(f"select snapshot_id from {name}.refs where name = 'main'").collect()
            if refs:
                yield schema, row.tableName, refs[0].snapshot_id
