"""The raw tables of another version: an older one is migrated whole or not at all, a newer one is explained."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import duckdb
import pytest

from tests.conftest import ROOT
from warehouse.errors import HomeError
from warehouse.landing.location import open_landing
from warehouse.raw import schema as raw_schema
from warehouse.raw.overrides import are_overrides_new
from warehouse.raw.rebuild import rebuild
from warehouse.raw.schema import MIGRATIONS, TABLES
from warehouse.raw.store import RawStore, is_behind, verdicts
from warehouse.settings import Settings

#: The raw tables before they had a version, and a row of each.
VERSION_0 = """
create schema raw;
create table raw.loads (
    load_id varchar primary key, load_number bigint not null, format varchar, kind varchar,
    source varchar not null, listing_date date, served_date date, observed_at timestamp not null,
    observed_at_basis varchar not null, landed_at timestamp not null, landing_note varchar,
    payload_count integer not null, payload_bytes bigint not null, payload_sha256 varchar not null,
    received integer not null, entries integer not null, refused integer not null,
    verdict varchar not null, verdict_by varchar, verdict_reason varchar, loaded_in varchar not null);
create table raw.entries (
    load_id varchar not null, position integer not null, content_id varchar not null, paper_id varchar,
    title_key varchar not null, upvotes bigint, comments bigint, github_stars bigint);
create table raw.entry_authors (
    content_id varchar not null, author_position integer not null,
    name varchar not null, name_key varchar not null, author_row_id varchar, account_id varchar,
    account_handle varchar, account_name varchar, status varchar, status_changed_at timestamp,
    is_hidden boolean);
create table raw.entry_contents (
    content_id varchar not null, paper_id varchar, title varchar not null, title_key varchar not null,
    abstract varchar, published_at timestamp, published_on date, submitted_at timestamp,
    author_count integer, organization_id varchar, organization_slug varchar, organization_name varchar,
    organization_slug_key varchar, organization_name_key varchar,
    submitter_account_id varchar, submitter_handle varchar, submitter_name varchar,
    code_url varchar, project_url varchar, ai_summary varchar, ai_keywords varchar[],
    discussion_id varchar, thumbnail_url varchar, is_author_participating boolean, extra varchar);
create table raw.quarantine (
    load_id varchar not null, position integer, reason_code varchar not null, field_path varchar,
    detail varchar not null, record varchar);
create table raw.fields_seen (
    load_id varchar not null, path varchar not null, types varchar not null, present bigint not null,
    parents bigint not null, is_known boolean not null);
create table raw.gate_results (
    run_id varchar not null, gate varchar not null, checked_at timestamp not null, load_id varchar,
    expectation varchar not null, severity varchar not null, passed boolean not null,
    observed varchar, unexpected bigint, sample varchar, reason varchar, remedy varchar, data_docs varchar);
create table raw.author_overrides (
    row_number integer not null, action varchar not null, mention_id varchar not null,
    author_id varchar not null, reason varchar not null);
create table raw.organization_overrides (
    row_number integer not null, action varchar not null, listed_organization varchar not null,
    organization varchar, kind varchar, reason varchar not null);
insert into raw.loads values
    ('l1', 1, 'api_json', 'daily', 'a file', '2026-09-01', null, '2026-09-01 20:00', 'request', '2026-09-01 20:01',
     null, 1, 100, 'abc', 1, 1, 0, 'accepted', 'gate', null, 'run1');
insert into raw.entries values ('l1', 1, 'c1', '2609.00001', 'a title', 7, 1, null);
insert into raw.entry_contents (content_id, title, title_key) values ('c1', 'A title', 'a title');
insert into raw.entry_authors (content_id, author_position, name, name_key) values ('c1', 1, 'Ada', 'ada');
insert into raw.quarantine values ('l1', 2, 'no_id', 'paper.id', 'missing', null);
insert into raw.fields_seen values ('l1', 'paper.id', 'string', 1, 1, true);
insert into raw.gate_results (run_id, gate, checked_at, expectation, severity, passed)
    values ('run1', 'batch', '2026-09-01 20:02', 'has_entries', 'error', true);
insert into raw.author_overrides values (1, 'merge', 'm', 'a', 'same person');
insert into raw.organization_overrides values (1, 'merge', 'A Lab', 'The Lab', null, 'same lab');
"""


def old_home(path: Path) -> Settings:
    """A home whose raw tables have version 0."""
    settings = Settings(home=path)
    path.mkdir(parents=True, exist_ok=True)
    with duckdb.connect() as connection:
        connection.execute(f"attach '{settings.raw_database}' as file; use file; {VERSION_0}")
    return settings


def schema(path: Path) -> dict[str, set[tuple[str, str]]]:
    """Column names and types by raw table."""
    tables: dict[str, set[tuple[str, str]]] = {}
    for table, column, kind in query(
        path, "select table_name, column_name, data_type from duckdb_columns() where schema_name = 'raw'"
    ):
        tables.setdefault(table, set()).add((column, kind))
    return tables


def query(path: Path, sql: str) -> list[tuple[Any, ...]]:
    with duckdb.connect() as connection:
        connection.execute(f"attach '{path}' as file (read_only); use file")
        return connection.execute(sql).fetchall()


def test_an_older_home_gets_the_columns_of_this_version_and_keeps_its_rows(tmp_path: Path) -> None:
    settings = old_home(tmp_path / "old")
    before = {
        table: query(settings.raw_database, f"select count(*) from raw.{table}")
        for table in schema(settings.raw_database)
    }
    with RawStore.open(settings.raw_database):
        pass
    with RawStore.open(tmp_path / "new.duckdb"):
        pass
    assert schema(settings.raw_database) == schema(tmp_path / "new.duckdb")
    assert query(settings.raw_database, "from raw.schema_version") == [(len(MIGRATIONS),)]
    assert {table: query(settings.raw_database, f"select count(*) from raw.{table}") for table in before} == before
    assert query(settings.raw_database, "select kind, capture_kind from raw.loads") == [("daily", "daily")]
    assert query(settings.raw_database, "select upvotes from raw.entries") == [(7,)]


def test_migrations_are_applied_in_order_each_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = old_home(tmp_path)
    added = (("alter table raw.entries add column one varchar",), ("alter table raw.entries rename one to two",))
    monkeypatch.setattr(raw_schema, "MIGRATIONS", (*MIGRATIONS, *added))
    for _ in range(2):
        with RawStore.open(settings.raw_database):
            pass
    assert ("two", "VARCHAR") in schema(settings.raw_database)["entries"]
    assert query(settings.raw_database, "from raw.schema_version") == [(len(MIGRATIONS) + 2,)]


def test_a_new_column_is_added_and_null_in_the_rows_of_before(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = old_home(tmp_path)
    added = (*TABLES["entries"], raw_schema.Column("views", "bigint", is_required=True))
    monkeypatch.setattr(raw_schema, "TABLES", {**TABLES, "entries": added})
    with RawStore.reading(settings.raw_database) as connection:
        assert connection.execute("select upvotes, views from raw.entries").fetchall() == [(7, None)]


def test_a_migration_that_fails_leaves_the_old_tables(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = old_home(tmp_path)
    before = schema(settings.raw_database)
    broken = (("alter table raw.entries add column one varchar",), ("select error('stop')",))
    monkeypatch.setattr(raw_schema, "MIGRATIONS", (*MIGRATIONS, *broken))
    with pytest.raises(duckdb.Error, match="stop"), RawStore.open(settings.raw_database):
        pass
    assert schema(settings.raw_database) == before


def test_a_migration_killed_half_way_leaves_the_old_tables(tmp_path: Path) -> None:
    settings = old_home(tmp_path)
    before = schema(settings.raw_database)
    code = f"""
import os
from pathlib import Path
from warehouse.raw import schema
from warehouse.raw.store import RawStore
schema.MIGRATIONS = (*schema.MIGRATIONS, ("alter table raw.entries add column one varchar",), ("select die()",))
def migrate_and_die(connection, migrate=schema.migrate):
    connection.create_function("die", lambda: os._exit(9), [], "INTEGER", side_effects=True)
    migrate(connection)
schema.migrate = migrate_and_die
with RawStore.open(Path({str(settings.raw_database)!r})):
    pass
"""
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=False)
    assert done.returncode == 9
    assert schema(settings.raw_database) == before
    with RawStore.open(settings.raw_database):
        pass
    assert query(settings.raw_database, "select upvotes from raw.entries") == [(7,)]


def test_readers_of_an_older_home_get_their_answers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    newer = (*MIGRATIONS, ("alter table raw.loads rename verdict_reason to why",))
    for name, read in {
        "verdicts": lambda s: verdicts(s.raw_database)["l1"].verdict == "accepted",
        "overrides": are_overrides_new,
        "behind": lambda s: not is_behind(open_landing(s.landing), s.raw_database, published(s)),
    }.items():
        settings = old_home(tmp_path / name)
        assert read(settings), name
        assert query(settings.raw_database, "from raw.schema_version") == [(len(MIGRATIONS),)], name
    with monkeypatch.context() as patched:
        patched.setattr(raw_schema, "MIGRATIONS", newer)
        with RawStore.reading(settings.raw_database) as connection:
            assert connection.execute("select why from raw.loads").fetchall() == [(None,)]


def published(settings: Settings) -> Path:
    with duckdb.connect(str(settings.published_database)) as connection:
        connection.execute(
            "create schema marts; create table marts.ops_loads as select 'l1' load_id, 'accepted' verdict"
        )
    return settings.published_database


def test_a_newer_home_is_explained_and_can_be_rebuilt(tmp_path: Path) -> None:
    settings = old_home(tmp_path)
    with RawStore.open(settings.raw_database) as store:
        store.connection.execute("update raw.schema_version set version = 99")
        store.connection.execute("alter table raw.gate_results add column of_the_future varchar")
    for open_it in (RawStore.open, RawStore.reading):
        with pytest.raises(HomeError, match=r"newer version.*papers rebuild") as told, open_it(settings.raw_database):
            pass
        assert told.value.exit_code == 2
    rebuild(settings.raw_database, open_landing(settings.landing), "run2")
    assert query(settings.raw_database, "from raw.schema_version") == [(len(MIGRATIONS),)]
    assert ("run1", "batch") in query(settings.raw_database, "select run_id, gate from raw.gate_results")
