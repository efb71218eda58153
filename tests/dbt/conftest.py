"""One dbt process for the whole folder: an empty warehouse is built, then every unit and data test runs on it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest
from dbt_outcome import DbtSession

from warehouse.publish import prepare_next
from warehouse.raw import RawStore
from warehouse.settings import PROJECT_ROOT, Settings

DBT_PROJECT = PROJECT_ROOT / "dbt_project"
SCRIPT = Path(__file__).with_name("dbt_session.py")


@pytest.fixture(scope="session")
def dbt_session(tmp_path_factory: pytest.TempPathFactory) -> DbtSession:
    home = tmp_path_factory.mktemp("dbt_home")
    settings = Settings(home=home)
    with RawStore.open(settings.raw_database):
        pass
    prepare_next(settings)
    done = subprocess.run(
        [sys.executable, str(SCRIPT), str(DBT_PROJECT), str(home)],
        env={**os.environ, **settings.environment()},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, f"dbt itself failed:\n{done.stdout[-6000:]}\n{done.stderr[-3000:]}"
    return DbtSession(
        manifest=json.loads((home / "target" / "manifest.json").read_text()),
        results=json.loads((home / "results.json").read_text()),
        database=settings.next_database,
        compiled=home / "target" / "compiled",
    )


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
