"""What must not harm a build on Spark: the death of a machine, and a second build."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

import pytest
from cluster import Cluster
from engines import Both, build_on_spark, differences, of_duckdb, of_spark, put_raw

from tests.conftest import ROOT
from warehouse.spark.session import writer_lock


@pytest.fixture(scope="module")
def everything(sample: Both, build_with_duckdb: Any) -> Both:
    """The whole history of the sample, built by both."""
    build_with_duckdb(sample.steps[-1], sample.built, "--full-refresh")
    put_raw(sample.session, sample.steps[-1], sample.folder)
    if not sample.session.sql("show schemas like 'marts'").collect() or sample.differences():
        build_on_spark(sample.folder / "dbt", "--full-refresh")
    return sample


def test_build_survives_the_death_of_a_worker_and_its_executor(
    everything: Both, cluster: Cluster, tmp_path: Path
) -> None:
    failed: list[BaseException] = []

    def build() -> None:
        try:
            build_on_spark(tmp_path / "dbt", "--full-refresh")
        except BaseException as error:
            failed.append(error)

    building = threading.Thread(target=build)
    building.start()
    _wait_until_half_is_built(building, tmp_path / "dbt" / "run")
    killed = cluster.kill(cluster.workers[0])
    assert len(killed) >= 2, "a worker and its executor"
    assert building.is_alive()
    building.join(timeout=500)
    assert not building.is_alive()
    cluster.add_worker()
    assert failed == []
    assert everything.differences() == {}


def _wait_until_half_is_built(building: threading.Thread, run: Path) -> None:
    """dbt writes down what it runs as it runs it."""
    while building.is_alive() and sum(1 for path in run.rglob("models/**/*") if path.is_file()) < 25:
        time.sleep(0.2)


def _build_in_another_process(target: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    options = ["run", "--quiet", "--select", "ops_loads", "--target-path", str(target), "--log-path", str(target)]
    return subprocess.run(
        [sys.executable, "-m", "orchestration.transform.spark_dbt", *options],
        env={**os.environ, "PAPERS_SPARK_MASTER": "local[1]", **environment},
        capture_output=True,
        text=True,
        cwd=ROOT,
        timeout=300,
        check=False,
    )


def test_second_build_fails_clearly_and_changes_nothing(everything: Both, tmp_path: Path) -> None:
    before = _snapshots(everything.session)
    with writer_lock(everything.session, 0):
        done = _build_in_another_process(tmp_path, PAPERS_LOCK_TIMEOUT="1")
    assert done.returncode == 2
    assert "Another build writes to this Iceberg catalog" in done.stderr
    assert "Traceback" not in done.stderr
    assert _snapshots(everything.session) == before


def test_second_build_waits_for_the_first_and_nothing_is_lost(everything: Both, tmp_path: Path) -> None:
    before, tables = _snapshots(everything.session), of_spark(everything.session)
    ended: list[subprocess.CompletedProcess[str]] = []
    with writer_lock(everything.session, 0):
        second = threading.Thread(
            target=lambda: ended.append(_build_in_another_process(tmp_path, PAPERS_LOCK_TIMEOUT="200"))
        )
        second.start()
        second.join(timeout=20)
        assert second.is_alive()
        assert _snapshots(everything.session) == before
    second.join(timeout=200)
    assert [done.returncode for done in ended] == [0], ended
    everything.session.catalog.refreshTable("marts.ops_loads")
    assert len(_snapshots(everything.session)) == len(before) + 1
    assert differences(of_spark(everything.session), tables) == {}
    assert differences(of_duckdb(everything.built), tables) == {}


def _snapshots(session: Any) -> list[int]:
    session.catalog.refreshTable("marts.ops_loads")
    return [row.snapshot_id for row in session.sql("select snapshot_id from marts.ops_loads.snapshots").collect()]
