"""dbt in a worker process: it parses the project while the run fetches, then builds and emits its events.

Belongs here: dbt's command line, its environment and its last parse. Not here: what the engines do before and after a
build (``engines``).
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import Any

from orchestration.compat.dbt_connections import close_dbt_connections
from orchestration.worker import Emit
from warehouse.settings import DBT_PROJECT, IS_INSTALLED

#: Tests of seeds and private tables, as dbt selects them. They are for development (`make test`, dbt run by hand): each
#: would cost a run of the pipeline 0.1 s.
DEVELOPMENT_TESTS = [
    f"resource_type:test,{tested}"
    for tested in ("resource_type:seed", "fqn:daily_papers.staging", "fqn:daily_papers.intermediate")
]
#: The command of a run: all models and the tests of public tables. Unit tests are for development too.
BUILD = ["build", "--exclude-resource-type", "unit_test", "--exclude", *DEVELOPMENT_TESTS]
#: What the profile reads of the environment.
DATABASE_PATHS = ("PAPERS_RAW_DATABASE", "PAPERS_NEXT_DATABASE")
_parsed: dict[str, Any] = {}


def clear_dbt_settings() -> None:
    """Remove dbt's own settings (DBT_EMPTY, DBT_TARGET …) from this process's environment, and turn its telemetry off.

    A variable that the user set for another dbt project would override the profile.
    """
    for name in [name for name in os.environ if name.startswith("DBT_")]:
        del os.environ[name]
    os.environ["DBT_SEND_ANONYMOUS_USAGE_STATS"] = "false"


def parse_folder(target: Path) -> Path:
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

    Only the build gets the paths of the databases: dbt parses everything again when a path of the profile changes, so
    that the parse of the installation would serve no home.
    """
    clear_dbt_settings()
    for name in DATABASE_PATHS:
        os.environ.pop(name, None)
    target.mkdir(parents=True, exist_ok=True)
    shared, own = parse_folder(target) / "partial_parse.msgpack", target / "partial_parse.msgpack"
    if shared.exists() and not own.exists():
        shutil.copyfile(shared, own)
    from dbt.cli.main import dbtRunner

    _parsed["manifest"] = dbtRunner().invoke(["parse", *arguments_for(target)]).result
    import pyarrow  # noqa: F401

    import warehouse.resolution.incremental.resolve  # noqa: F401


def build(emit: Emit, environment: dict[str, str], target: Path, command: list[str]) -> None:
    """Run a dbt command; emits each log event as a dict in the shape of dbt's JSON log, last ``{"success": …}``.

    dbt's uncaught exceptions are raised.
    """
    clear_dbt_settings()
    os.environ.update(environment)
    from dbt.artifacts.schemas.run import RunExecutionResult
    from dbt.cli.main import dbtRunner
    from google.protobuf.json_format import MessageToDict

    def on_event(event: Any) -> None:
        if event.info.name in ("LogModelResult", "LogTestResult", "LogSeedResult"):
            emit(MessageToDict(event, preserving_proto_field_name=True))

    runner = dbtRunner(manifest=_parsed.get("manifest"), callbacks=[on_event])
    try:
        # The parse has written the manifest; writing it again would take half a second.
        log = ["--log-file-max-bytes", environment["PAPERS_KEEP_LOG_BYTES"]]
        result = runner.invoke([*command, *arguments_for(target), *log, "--no-write-json"])
    finally:
        close_dbt_connections()
    if result.exception is not None:
        raise result.exception
    if isinstance(result.result, RunExecutionResult):
        result.result.write(str(target / "run_results.json"))
    emit({"success": result.success})
