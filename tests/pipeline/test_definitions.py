"""The asset graph as one reads it in a review, and what importing it costs nobody."""

from __future__ import annotations

import subprocess
import sys
import uuid
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import dagster as dg
import pytest
import yaml
from dagster._core.definitions.schedule_definition import ScheduleExecutionData
from dagster._core.remote_origin import RegisteredCodeLocationOrigin, RemoteJobOrigin, RemoteRepositoryOrigin
from dagster._core.remote_representation.external_data import ScheduleSnap

from orchestration.assets.landing import landed_listings
from orchestration.assets.publication import PAPERS, build_publication
from orchestration.assets.raw import raw_loads
from orchestration.partitions import longest_pause, ticks
from orchestration.schedules import papers_schedule
from tests.conftest import ROOT, warm_process
from warehouse.errors import InputError
from warehouse.settings import Settings

GRAPH = Path(__file__).with_name("asset_graph.txt")
#: Prints the graph: what a review should see change.
SNAPSHOT = """
import textwrap
from itertools import groupby
from orchestration.definitions import build_definitions
from warehouse.settings import Settings
repository = build_definitions(Settings()).get_repository_def()
graph = repository.asset_graph
nodes = sorted((graph.get(key) for key in graph.get_all_asset_keys()), key=lambda node: (node.group_name, node.key))
for group, members in groupby(nodes, lambda node: node.group_name):
    members = list(members)
    if "dbt" not in members[0].kinds:
        for node in members:
            above = ", ".join(sorted({key.to_user_string() if key.path[0] != "marts" else "marts" for key in
                                      node.parent_keys})) or "nothing"
            print(f"{node.key.to_user_string()} ({', '.join(sorted(node.kinds))}) after {above}")
    else:
        print(f"{group} ({', '.join(sorted(members[0].kinds))}):")
        names = " ".join(node.key.path[-1] for node in members)
        print(textwrap.fill(names, 120, initial_indent="  ", subsequent_indent="  "))
for access in ("public", "private"):
    print(access, "are", *sorted({node.group_name for node in nodes if node.tags["access"] == access}))
print("owned by", *sorted({owner for node in nodes for owner in node.owners}))
for key in sorted(graph.asset_check_keys, key=str):
    if graph.get(key).blocking and key.name.endswith("_gate"):
        print("gate", key.name, "on", key.asset_key.to_user_string(), "blocks")
print("checks of", *sorted({key.asset_key.path[0] for key in graph.asset_check_keys}))
for job in sorted(repository.get_all_jobs(), key=lambda job: job.name):
    if not job.name.startswith("__"):
        print(f"job {job.name}: {job.description}")
for schedule in repository.schedule_defs:
    status = schedule.default_status.value
    print(f"schedule {schedule.name}, {schedule.cron_schedule}, {status}: {schedule.description}")
for sensor in repository.sensor_defs:
    print(f"sensor {sensor.name}, {sensor.default_status.value}: {sensor.description}")
for name, lacking in (
    ("description", [node for node in nodes if not node.description]),
    ("owner", [node for node in nodes if not node.owners]),
    ("kind", [node for node in nodes if not node.kinds]),
):
    print("without", name, *(node.key.to_user_string() for node in lacking))
"""


def test_the_asset_graph_is_the_one_that_was_reviewed() -> None:
    """After a change that is meant: ``python -m tests.pipeline.test_definitions`` writes the file again."""
    done = warm_process().start("tests.warm_process:python", SNAPSHOT).wait()
    assert done.code == 0, done.err
    assert done.out == GRAPH.read_text()


def evaluate(settings: Settings, moment: datetime, instance: dg.DagsterInstance) -> ScheduleExecutionData:
    context = dg.build_schedule_context(instance, scheduled_execution_time=moment)
    return papers_schedule(settings).evaluate_tick(context)


def test_each_tick_starts_one_run_which_observes_what_is_due() -> None:
    with dg.instance_for_test() as instance:
        ticks = [datetime(2026, 9, 10, hour, 45, tzinfo=UTC) for hour in (2, 6)]
        requests = [request for tick in ticks for request in evaluate(Settings(), tick, instance).run_requests or []]
    assert [request.run_key for request in requests] == ["2026-09-10T02:45:00+00:00", "2026-09-10T06:45:00+00:00"]
    # Without partitions and dates a run observes what is due.
    assert not any(request.partition_key or request.run_config for request in requests)
    assert not any(key.startswith("dagster/asset_partition") for request in requests for key in request.tags)


def test_a_tick_starts_no_run_while_another_waits() -> None:
    with dg.instance_for_test() as instance:
        origin = RemoteJobOrigin(RemoteRepositoryOrigin(RegisteredCodeLocationOrigin("here"), "all"), "daily_papers")
        status = dg.DagsterRunStatus.QUEUED
        instance.add_run(
            dg.DagsterRun("daily_papers", run_id=str(uuid.uuid4()), status=status, remote_job_origin=origin)
        )
        tick = evaluate(Settings(), datetime(2026, 9, 10, 2, 45, tzinfo=UTC), instance)
    assert not tick.run_requests
    assert "waits and will observe what is due" in (tick.skip_message or "")


def test_after_missed_ticks_dagster_starts_one_run() -> None:
    # Dagster starts several runs only for a schedule with a partition set.
    schedule = papers_schedule(Settings())
    repository = dg.Definitions(jobs=[dg.GraphDefinition("daily_papers").to_job()]).get_repository_def()
    assert ScheduleSnap.from_def(schedule, repository).partition_set_name is None


def test_the_steps_of_two_runs_never_overlap() -> None:
    instance = yaml.safe_load((ROOT / "orchestration" / "dagster.yaml").read_text())
    assert instance["concurrency"]["pools"] == {"default_limit": 1, "granularity": "run"}
    for asset in (landed_listings, raw_loads):
        assert asset.op.pool == "warehouse"


@pytest.mark.parametrize(
    ("cron", "hours"),
    [
        (Settings.schedule, 4),
        ("@daily", 24),
        ("30 22 * * *", 24),
        ("30 2,22 * * *", 20),
        ("*/5 8-18 * * mon-fri", 61 + 5 / 60),
        ("0 3 * * 1", 168),
    ],
)
def test_what_is_published_is_fresh_for_one_and_a_half_of_the_longest_pauses(cron: str, hours: float) -> None:
    settings = replace(Settings(), schedule=cron)
    assert longest_pause(settings) == timedelta(hours=hours)
    published, *_ = [asset for asset in build_publication(settings, [])[0] if asset.key == PAPERS]
    (policy,) = [spec.freshness_policy for spec in published.specs]
    assert policy and policy.fail_window.to_timedelta() == timedelta(hours=1.5 * hours)  # type: ignore[union-attr]


def test_the_default_schedule_runs_six_times_a_day_after_the_end_of_the_sites_day_and_before_the_digest() -> None:
    day = [tick for tick in ticks(Settings(), datetime(2026, 9, 10, tzinfo=UTC), 7) if tick.day == 10]
    assert len(day) == 6
    # The site's day ends at 21:30 in New York: 02:30 UTC at the latest.
    assert timedelta(0) < day[0] - datetime(2026, 9, 10, 2, 30, tzinfo=UTC) < timedelta(hours=1)
    assert timedelta(0) < datetime(2026, 9, 10, 23, 30, tzinfo=UTC) - day[-1] <= timedelta(hours=1)


@pytest.mark.parametrize("cron", ["0 0 31 4 *", "0 0 30 2 *", "0 0 31 4,6 *"])
def test_a_schedule_that_never_comes_is_one_sentence(cron: str) -> None:
    with pytest.raises(InputError, match=r"names no moment: give a cron expression of five fields"):
        papers_schedule(replace(Settings(), schedule=cron))


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


if __name__ == "__main__":
    GRAPH.write_text(subprocess.check_output([sys.executable, "-c", SNAPSHOT], cwd=ROOT, text=True))
