"""dbt in a worker process: parsed while the run fetches, then built, its events handed over as they come."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import Any

from orchestration.worker import Emit
from warehouse.settings import DBT_PROJECT, IS_INSTALLED

#: Tests of seeds and private tables, as dbt selects them. They are for development (`make test`, dbt run by hand): each
#: would cost a run of the pipeline 0.1 s.
DEVELOPMENT_TESTS = [
    f"resource_type:test,path:{folder}" for folder in ("seeds", "models/staging", "models/intermediate")
]
#: The command of a run: all models and the tests of public tables. Unit tests are for development too.
BUILD = ["build", "--exclude-resource-type", "unit_test", "--exclude", *DEVELOPMENT_TESTS]
#: What the profile reads of the environment.
DATABASE_PATHS = ("PAPERS_RAW_DATABASE", "PAPERS_NEXT_DATABASE")
_parsed: dict[str, Any] = {}


def forget_dbt_settings() -> None:
    """Remove dbt's own settings from this process's environment: a DBT_EMPTY or DBT_TARGET of the user's is not meant.

    What dbt is to do is said by its command line and its profile. It is also told to call nobody.
    """
    for name in [name for name in os.environ if name.startswith("DBT_")]:
        del os.environ[name]
    os.environ["DBT_SEND_ANONYMOUS_USAGE_STATS"] = "false"


def parsed_project(target: Path) -> Path:
    """The folder of the manifest and the last parse: beside the project for all homes, where that can be written.

    ``target`` is dbt's folder in a home, which keeps them for an installed package.
    """
    is_shared = not IS_INSTALLED and os.access(DBT_PROJECT, os.W_OK)
    return DBT_PROJECT / "target" if is_shared else target / "parsed"


def arguments_for(target: Path) -> list[str]:
    """dbt's options for a build whose working files go to ``target``."""
    return [
        *("--quiet", "--log-level-file", "info"),
        *("--project-dir", str(DBT_PROJECT), "--profiles-dir", str(DBT_PROJECT)),
        *("--target-path", str(target), "--log-path", str(target)),
    ]


def parse(target: Path) -> None:
    """Import dbt and what its Python models need, and parse the project, from the last parse where nothing changed.

    Where the databases lie is told to the build alone: dbt parses everything anew when a profile's path changes, so
    that the parse of the installation would serve no home.
    """
    forget_dbt_settings()
    for name in DATABASE_PATHS:
        os.environ.pop(name, None)
    target.mkdir(parents=True, exist_ok=True)
    known, kept = parsed_project(target) / "partial_parse.msgpack", target / "partial_parse.msgpack"
    if known.exists() and not kept.exists():
        shutil.copyfile(known, kept)
    from dbt.cli.main import dbtRunner

    _parsed["manifest"] = dbtRunner().invoke(["parse", *arguments_for(target)]).result
    import pyarrow  # noqa: F401

    import warehouse.resolution.incremental.resolve  # noqa: F401


def build(emit: Emit, environment: dict[str, str], target: Path, command: list[str]) -> None:
    """Run a dbt command; emits each log event as a dict in the shape of dbt's JSON log, last ``{"success": …}``.

    dbt's uncaught exceptions are raised.
    """
    forget_dbt_settings()
    os.environ.update(environment)
    from dbt.artifacts.schemas.run import RunExecutionResult
    from dbt.cli.main import dbtRunner
    from google.protobuf.json_format import MessageToDict

    from orchestration.transform.dbt_order import choose_order

    def on_event(event: Any) -> None:
        if event.info.name in ("LogModelResult", "LogTestResult", "LogSeedResult"):
            emit(MessageToDict(event, preserving_proto_field_name=True))

    choose_order(Path(environment["PAPERS_RAW_DATABASE"]))
    runner = dbtRunner(manifest=_parsed.get("manifest"), callbacks=[on_event])
    try:
        # The manifest stands there since the parse; half a second goes into writing it again.
        log = ["--log-file-max-bytes", environment["PAPERS_KEEP_LOG_BYTES"]]
        result = runner.invoke([*command, *arguments_for(target), *log, "--no-write-json"])
    finally:
        _let_go()
    if result.exception is not None:
        raise result.exception
    if isinstance(result.result, RunExecutionResult):
        result.result.write(str(target / "run_results.json"))
    emit({"success": result.success})


def _let_go() -> None:
    """Close dbt's databases: in one process its connections outlive the command, and the file stays locked."""
    from dbt.adapters.duckdb.connections import DuckDBConnectionManager

    DuckDBConnectionManager.close_all_connections()  # type: ignore[no-untyped-call]
