"""Run as a script, in a process of its own: parse once, build every model empty, run all unit and data tests.

Usage: ``python dbt_session.py DBT_PROJECT HOME``. Writes ``HOME/results.json``: step → unique id → result.
Exit code 1 if dbt could not run a step or build a model; failed tests are results, not errors.
"""

import json
import sys
from pathlib import Path

from dbt.cli.main import dbtRunner

STEPS = {
    "seed": ["seed"],
    "run": ["run", "--empty"],
    "unit": ["test", "--select", "test_type:unit"],
    "data": ["test", "--select", "test_type:data"],
}


def main(project: str, home: str) -> int:
    places = {"project-dir": project, "profiles-dir": project, "target-path": f"{home}/target", "log-path": home}
    common = [word for name, place in places.items() for word in (f"--{name}", place)]
    parsed = dbtRunner().invoke(["parse", *common])
    if not parsed.success:
        print(parsed.exception)
        return 1
    results = {}
    for step, arguments in STEPS.items():
        done = dbtRunner(manifest=parsed.result).invoke([*arguments, *common])
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
    Path(home, "results.json").write_text(json.dumps(results))
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
