"""Run as a script: dbt builds, one after the other, in one process that parsed the project once.

A line of JSON on stdin is a build: ``{"raw": path, "next": path, "command": […]}``; a line on stdout is its end:
``{"success": bool, "failed": […]}``.
"""

import json
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from orchestration import dbt_process
from warehouse.settings import PROJECT_ROOT

Build = Callable[..., None]


@contextmanager
def building(*always: str) -> Iterator[Build]:
    """``build(raw, next, *options)`` by such a process, which parses the project once; each build has the options
    ``always`` too. A build that fails fails the test."""
    process = subprocess.Popen(
        [sys.executable, __file__], stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=PROJECT_ROOT, text=True
    )
    assert process.stdin and process.stdout
    stdin, stdout = process.stdin, process.stdout

    def build(raw: Path, built: Path, *options: str) -> None:
        stdin.write(
            json.dumps({"raw": str(raw), "next": str(built), "command": [*dbt_process.BUILD, *always, *options]}) + "\n"
        )
        stdin.flush()
        ended = json.loads(stdout.readline())
        assert ended["success"], ended["failed"]

    yield build
    stdin.close()
    process.wait(timeout=30)


def main() -> None:
    with tempfile.TemporaryDirectory(prefix="papers-builds-") as folder:
        scratch = Path(folder)
        dbt_process.parse(scratch / "dbt")
        for line in sys.stdin:
            build = json.loads(line)
            events: list[dict[str, Any]] = []
            environment = {"PAPERS_RAW_DATABASE": build["raw"], "PAPERS_NEXT_DATABASE": build["next"]}
            dbt_process.build(events.append, environment, scratch / "dbt", build["command"])
            failed = [event["info"]["msg"] for event in events[:-1] if event["info"]["level"] == "error"]
            print(json.dumps({"success": events[-1]["success"], "failed": failed}), flush=True)


if __name__ == "__main__":
    main()
