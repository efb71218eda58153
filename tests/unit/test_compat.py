"""Contracts of the patches in ``orchestration/compat``: what an upgrade of a dependency changes fails here first.

The patches of Dagster's storages and its web server have theirs in test_history.py and test_loopback.py.
"""

import inspect
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import dagster as dg
import duckdb
import pytest
from dagster_dbt import DagsterDbtTranslator, dbt_assets

from orchestration.compat import output_log
from orchestration.compat.dbt_connections import close_dbt_connections
from orchestration.compat.dbt_events import asset_events

MANIFEST = {
    "metadata": {"adapter_type": "duckdb", "project_name": "p"},
    "nodes": {
        "model.p.papers": {
            **{"unique_id": "model.p.papers", "resource_type": "model", "name": "papers", "schema": "marts"},
            **{"package_name": "p", "original_file_path": "models/papers.sql", "fqn": ["p", "papers"], "tags": []},
            **{"config": {"materialized": "table", "enabled": True}, "depends_on": {"nodes": []}, "columns": {}},
            **{"description": "", "meta": {}, "alias": "papers", "database": "next"},
        }
    },
    **{"sources": {}, "metrics": {}, "semantic_models": {}, "exposures": {}, "saved_queries": {}, "unit_tests": {}},
    **{"child_map": {"model.p.papers": []}, "parent_map": {"model.p.papers": []}},
}
EVENT: dict[str, Any] = {
    "info": {"name": "LogModelResult", "level": "info", "msg": "OK", "invocation_id": "1"},
    "data": {
        "node_info": {
            **{"unique_id": "model.p.papers", "resource_type": "model", "node_status": "success"},
            **{"materialized": "table", "node_started_at": "2026-11-28T08:00:00", "node_name": "papers"},
            **{"node_finished_at": "2026-11-28T08:00:01", "meta": {}},
        }
    },
}


def test_an_event_of_dbt_is_an_output_of_its_asset(monkeypatch: pytest.MonkeyPatch) -> None:
    translator = DagsterDbtTranslator()
    found: list[Any] = []

    @dbt_assets(manifest=MANIFEST, dagster_dbt_translator=translator)  # type: ignore[untyped-decorator]
    def models(context: dg.AssetExecutionContext) -> Iterator[Any]:
        found.extend(asset_events(EVENT, MANIFEST, translator, context))
        yield from found

    assert dg.materialize([models], instance=dg.DagsterInstance.ephemeral(), resources={}).success
    (output,) = found
    assert isinstance(output, dg.Output) and output.metadata["Execution Duration"].value == 1.0


def test_the_connections_of_dbt_are_closed(tmp_path: Path) -> None:
    from dbt.adapters.duckdb.connections import DuckDBConnectionManager
    from dbt.adapters.duckdb.credentials import DuckDBCredentials
    from dbt.adapters.duckdb.environments.local import LocalEnvironment

    path = tmp_path / "next.duckdb"
    environment = LocalEnvironment(DuckDBCredentials(database="next", schema="main", path=str(path)))
    environment.handle().cursor().execute("create table t as select 1 as a")
    DuckDBConnectionManager._ENV = environment
    del environment
    close_dbt_connections()
    with duckdb.connect(str(path), config={"threads": 1}) as connection:  # another configuration fails while it is open
        assert connection.execute("from t").fetchall() == [(1,)]


def test_the_method_that_captures_output_has_the_parameters_of_dagsters() -> None:
    ours, theirs = output_log.OutputLog.capture_logs, output_log.LocalComputeLogManager.capture_logs
    assert list(inspect.signature(ours).parameters) == list(inspect.signature(theirs).parameters)
