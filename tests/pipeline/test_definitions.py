"""The asset graph as one reads it in a review, and what importing it costs nobody."""

from __future__ import annotations

import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

from tests.conftest import ROOT, warm_process
from warehouse.settings import Settings

SNAPSHOT = """
import dagster as dg
from orchestration.definitions import build_definitions
from warehouse.settings import Settings
repository = build_definitions(Settings()).get_repository_def()
graph = repository.asset_graph
for key in sorted(graph.get_all_asset_keys(), key=str):
    node = graph.get(key)
    if key.path[0] in ("landing", "raw", "publication"):
        print("asset", key.to_user_string(), "<-", ",".join(sorted({k.path[0] for k in node.parent_keys})) or "-")
for key in sorted(graph.asset_check_keys, key=str):
    if key.name.endswith("_gate"):
        print("gate", key.name, "on", key.asset_key.to_user_string())
print("checks of", *sorted({key.asset_key.path[0] for key in graph.asset_check_keys}))
print("jobs", *sorted(job.name for job in repository.get_all_jobs() if not job.name.startswith("__")))
print("schedules", *(f"{s.name} {s.cron_schedule}" for s in repository.schedule_defs))
print("sensors", *(s.name for s in repository.sensor_defs))
"""


def test_the_graph_is_the_way_of_the_data() -> None:
    done = warm_process().start("tests.warm_process:python", SNAPSHOT).wait()
    assert done.code == 0, done.err
    assert sorted(done.out.splitlines()) == [
        "asset landing/listings <- -",
        "asset publication/candidate <- marts",
        "asset publication/feeds <- publication",
        "asset publication/papers <- publication",
        "asset publication/report <- publication",
        "asset raw/loads <- landing",
        "checks of marts publication raw",
        "gate batch_gate on raw/loads",
        "gate mart_gate on publication/candidate",
        "jobs daily_papers digest load_landed",
        "schedules daily_papers_schedule 30 22 * * * digest_schedule 30 23 * * *",
        "sensors run_failure_alert",
    ]


def test_the_schedule_observes_the_trailing_dates_in_one_run() -> None:
    import dagster as dg

    from orchestration.schedules import daily_schedule

    context = dg.build_schedule_context(scheduled_execution_time=datetime(2026, 9, 10, 22, 30, tzinfo=UTC))
    tick = daily_schedule(Settings(lookback=7)).evaluate_tick(context)
    (request,) = tick.run_requests or []
    assert request.tags["dagster/asset_partition_range_start"] == "2026-09-04"
    assert request.tags["dagster/asset_partition_range_end"] == "2026-09-10"


def test_importing_the_definitions_opens_nothing(tmp_path: Path) -> None:
    code = "import orchestration.definitions, os; print(sorted(os.listdir('.')))"
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", code],
        cwd=tmp_path,
        env={"PYTHONPATH": str(ROOT), "PAPERS_HOME": str(tmp_path / "home"), "PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
    )
    assert done.stdout.strip() == "[]", done.stderr
