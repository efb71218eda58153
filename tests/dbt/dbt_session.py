"""Called in a forked child of the process that parsed the project: build every model empty, run all tests of dbt.

Writes ``HOME/results.json``: step → unique id → result. Returns 1 if dbt could not run a step or build a model; failed
tests are results, not errors.
"""

import json
import os
from pathlib import Path

from dbt.cli.main import dbtRunner

from orchestration.compat.dbt_connections import close_dbt_connections
from orchestration.transform.dbt_runner import _parsed, arguments_for
from warehouse.settings import PROJECT_ROOT

STEPS = {
    "seed": ["seed"],
    "run": ["run", "--empty"],
    "unit": ["test", "--select", "test_type:unit"],
    "data": ["test", "--select", "test_type:data"],
}


def main(home: str) -> int:
    os.chdir(PROJECT_ROOT)
    common = arguments_for(Path(home) / "target")
    results = {}
    for step, arguments in STEPS.items():
        done = dbtRunner(manifest=_parsed["manifest"]).invoke([*arguments, *common])
        if done.exception or (step in ("seed", "run") and not done.success):
            print(step, done.exception)
            return 1
        results[step] = {
            result.node.unique_id: {
                "name": result.node.name,
                "status": str(result.status),
                "message": result.message,
                "seconds": result.execution_time,
            }
            for result in done.result.results
            if result.node.resource_type != "operation"  # the project's on-run-end hook
        }
    close_dbt_connections()
    Path(home, "results.json").write_text(json.dumps(results))
    return 0
