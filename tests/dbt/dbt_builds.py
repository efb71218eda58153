"""Run as a script: dbt builds, one after the other, in one process that parsed the project once.

A line of JSON on stdin is a build: ``{"raw": path, "next": path, "command": […]}``; a line on stdout is its end:
``{"success": bool, "failed": […]}``.
"""

import json
import sys
import tempfile
from pathlib import Path
from typing import Any

from orchestration import dbt_process


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
