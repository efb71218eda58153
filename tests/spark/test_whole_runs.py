"""The command with Spark as its engine: a rejected load gets nowhere, a failed gate leaves readers where they are.

Its runs work on this machine (`local`), as the cluster's cores belong to the session of the tests, which reads beside
them as a reader would; the catalog is the same.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from engines import differences, of_duckdb

from tests.conftest import SAMPLE, Called, Papers
from warehouse.raw import handover
from warehouse.raw.store import RawStore
from warehouse.spark.iceberg import BUILT, PublishedTables, last_publication, load_handed_over, read_published

FIRST, SECOND, LATER = "2026-09-01", "2026-09-02", "2026-09-03"


class OnSpark:
    """A home whose engine is Spark, and what its readers see."""

    def __init__(self, papers: Papers, session: Any):
        self.papers = papers
        self.session = session

    def __call__(self, *arguments: str | Path, expect: int = 0, export: str = "no") -> Called:
        called = self.papers(
            *arguments,
            expect=expect,
            PAPERS_ENGINE="spark",
            PAPERS_EXPORT_DUCKDB=export,
            PAPERS_SPARK_MASTER="local[2]",
            JAVA_TOOL_OPTIONS=os.environ["JAVA_TOOL_OPTIONS"],
        )
        # Another process wrote: what this session remembers of the tables is old.
        for schema in ("raw", *BUILT):
            for table in self.session.sql(f"show tables in {schema}").collect():
                if not table.isTemporary:
                    self.session.catalog.refreshTable(f"{schema}.{table.tableName}")
        return called

    def published(self) -> PublishedTables:
        found = last_publication(self.session)
        assert found is not None
        return found

    def seen(self) -> dict[str, list[Any]]:
        """Table → what a reader of the publication finds in it."""
        return {
            name: sorted(self.session.table(name).collect(), key=repr)
            for name in read_published(self.session).of_readers()
        }

    def tagged(self) -> dict[str, int]:
        """Public table → the snapshot of its tag."""
        tag = "select snapshot_id from marts.{}.refs where name = 'published'"
        return {name: self.session.sql(tag.format(name)).collect()[0][0] for name in self.published().of_readers()}

    def loads(self, verdict: str) -> set[str]:
        rows = self.session.sql(f"select load_id from raw.loads where verdict = '{verdict}'").collect()
        return {row.load_id for row in rows}


def looks(day: str, count: int) -> list[Path]:
    """The first looks at an invented listing."""
    return sorted(SAMPLE.glob(f"{day}@*"))[:count]


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Looks at two listings, and one at the first that says to be of another date, which the gate rejects."""
    first, *others = [*looks(FIRST, 2), *looks(SECOND, 2)]
    wrong = tmp_path_factory.mktemp("wrong") / first.name.replace(FIRST, LATER)
    shutil.copy(first, wrong)
    return [first, *others, wrong]


@pytest.fixture(scope="module")
def home(session: Any, new_home: Callable[[str], Papers], files: list[Path]) -> Iterator[OnSpark]:
    """A home with one publication on Spark, in a catalog with nothing else."""
    for row in session.sql("show schemas").collect():
        for table in session.sql(f"show tables in {row.namespace}").collect():
            if not table.isTemporary:
                session.sql(f"drop table {row.namespace}.{table.tableName} purge")
    home = OnSpark(new_home("spark"), session)
    home("import", *files, export="yes")
    yield home
    for name in home.published().of_readers():
        session.catalog.dropTempView(name)


def test_a_new_raw_column_is_added_and_null_for_commits_before_it(
    demo: Papers, session: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copy(demo.home / "raw.duckdb", tmp_path)
    for table in ("handed_over", *handover.REPLACES):
        session.sql(f"drop table if exists raw.{table}")
    with monkeypatch.context() as earlier, RawStore.open(tmp_path / "raw.duckdb") as raw:
        earlier.setattr(handover, "_PRIVATE_COLUMNS", {"loads": ("loaded_in", "payload_count")})
        handover.hand_over(raw, tmp_path / "handover")
        assert load_handed_over(session, tmp_path / "handover") > 0
        assert "payload_count" not in session.table("raw.loads").columns
        loads = session.table("raw.loads").count()
    load_handed_over(session, tmp_path / "handover", is_rebuild=True)
    rows = session.sql("select payload_count from raw.loads").collect()
    assert len(rows) == loads > 0 and {row.payload_count for row in rows} == {None}


def test_export_holds_what_duckdb_builds_of_the_same_loads(
    home: OnSpark, new_home: Callable[[str], Papers], files: list[Path]
) -> None:
    assert home.tagged() == home.published().of_readers()
    other = new_home("duckdb")
    other("import", *files)
    ours, theirs = (of_duckdb(papers.home / "papers.duckdb") for papers in (home.papers, other))
    # These tell of runs, which have ids and moments of their own.
    told = {table for table in ours if table.startswith("ops_")}
    assert {table: len(ours[table]) for table in told} == {table: len(theirs[table]) for table in told}
    assert differences(*({name: t[name] for name in t.keys() - told} for t in (ours, theirs))) == {}


def test_rejected_load_never_reaches_a_table(home: OnSpark) -> None:
    (rejected,) = home.loads("rejected")
    assert len(home.loads("accepted")) == 4
    assert len(home.seen()["ops_loads"]) == 5, "that it was rejected is told"
    found = {row.load_id for row in home.session.sql("select distinct load_id from raw.entries").collect()}
    assert rejected not in found and found == home.loads("accepted")
    for name in home.published().of_readers():
        rows = home.session.table(name)
        if "load_id" in rows.columns and not name.startswith("ops_"):
            assert rows.where(rows.load_id == rejected).count() == 0, name


def test_failed_mart_gate_leaves_readers_where_they_are(home: OnSpark) -> None:
    before, tags, seen = home.published(), home.tagged(), home.seen()
    lost = min(home.loads("accepted"))
    home.session.sql(f"delete from raw.loads where load_id = '{lost}'")
    failed = home("import", *looks(LATER, 1), expect=1)
    assert "The mart gate blocked publication" in failed.err
    built = {row.load_id for row in home.session.sql("select load_id from marts.ops_loads").collect()}
    assert lost not in built, "the build did work on the tables"
    assert (home.published(), home.tagged(), home.seen()) == (before, tags, seen)

    home("rebuild")
    assert lost in {row.load_id for row in home.seen()["ops_loads"]}, "a rebuild takes all that is handed over"
    assert home.published().publication_id > before.publication_id
    assert len(home.seen()["ops_loads"]) == len(seen["ops_loads"]) + 1
