"""One dbt process for the whole folder: an empty warehouse is built, then every unit and data test runs on it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest
from dbt_outcome import DbtSession

from orchestration.transform.manifest import ensure_manifest
from tests.conftest import built_once, warm_process
from warehouse.publication.publish import prepare_next
from warehouse.raw.store import RawStore
from warehouse.settings import Settings


@pytest.fixture(scope="session")
def dbt_session(shared_by_workers: Path) -> DbtSession:
    home = built_once(shared_by_workers / "dbt_home", _build)
    return DbtSession(
        manifest=json.loads(ensure_manifest(Settings(home=home)).read_text()),
        results=json.loads((home / "results.json").read_text()),
        database=Settings(home=home).next_database,
        compiled=home / "target" / "compiled",
    )


def _build(home: Path) -> None:
    settings = Settings(home=home)
    with RawStore.open(settings.raw_database):
        pass
    prepare_next(settings)
    environment = settings.environment()
    done = warm_process().start("tests.dbt.dbt_session:main", str(home), environment=environment).wait()
    assert done.code == 0, f"dbt itself failed:\n{done.out[-6000:]}\n{done.err[-3000:]}"


@pytest.fixture
def warehouse(dbt_session: DbtSession) -> Iterator[duckdb.DuckDBPyConnection]:
    """The empty warehouse that dbt built, as a copy in memory that a test may fill with bad rows."""
    with duckdb.connect() as connection:
        connection.execute("attach ':memory:' as next")
        connection.execute(f"attach '{dbt_session.database}' as built (read_only)")
        tables = connection.execute(
            "select schema_name, table_name from duckdb_tables() where database_name = 'built'"
        ).fetchall()
        for schema, table in tables:
            connection.execute(f'create schema if not exists next."{schema}"')
            connection.execute(f'create table next."{schema}"."{table}" as from built."{schema}"."{table}"')
        connection.execute("detach built")
        connection.execute("use next.marts")
        yield connection
