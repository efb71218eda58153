"""The table says what was measured: ratios, targets, memory of a whole family of processes."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import Any

import pytest

from tests.benchmarks.measuring import BenchmarkError, Row, proportional, run, table


def row(**changed: Any) -> Row:
    values: dict[str, Any] = {
        "name": "x", "work": "ours", "against": "theirs", "ours": (1.0, 2.0, 9.0), "theirs": (20.0, 30.0, 10.0),
        "target": 10, "kind": "times faster",
    }  # fmt: skip
    return Row(**{**values, **changed})


def test_a_ratio_is_of_medians_and_points_the_way_of_its_target() -> None:
    assert row().ratio == 10 and row().is_met
    assert row(target=10.1).is_met is False
    assert row(kind="at most", target=0.1).ratio == 0.1 and row(kind="at most", target=0.1).is_met
    assert row(kind="at most", target=0.09).is_met is False


def test_a_bound_is_met_by_the_figure_itself_and_a_row_without_target_by_nothing() -> None:
    assert row(theirs=(), kind="bound", target=2).is_met and row(theirs=(), kind="bound", target=1.9).is_met is False
    assert row(target=None).is_met is None


def test_the_table_has_a_line_for_each_row() -> None:
    lines = table([row(peak=3 * 2**20, note="on a Tuesday"), row(kind="at most", target=0.05)]).splitlines()
    assert lines[2] == "| ours | 2 s | theirs | 20 s | 10.00 × | ≥ 10 × | yes | 3 MB |"
    assert lines[3] == "| ours | 2 s | theirs | 20 s | 0.10 | ≤ 0.05 | NO | – |"
    assert lines[-1] == "x: on a Tuesday"


@pytest.mark.skipif(sys.platform != "linux", reason="memory is read from /proc")
def test_memory_is_that_of_a_process_and_its_children() -> None:
    hold = "x = bytearray(120_000_000); import time; time.sleep(1.5)"
    code = f"import subprocess, sys; p = subprocess.Popen([sys.executable, '-c', {hold!r}]); {hold}; p.wait()"
    taken = run([sys.executable, "-c", code])
    assert 240e6 < taken.peak < 330e6 and taken.seconds > 1.5


@pytest.mark.skipif(sys.platform != "linux", reason="memory is read from /proc")
def test_memory_that_forked_processes_share_counts_once() -> None:
    code = """
import os, time
x = bytearray(b"x") * 200_000_000
children = [pid for _ in range(3) if (pid := os.fork())] if os.getpid() == os.getpgid(0) else []
time.sleep(1.5)
"""
    taken = run([sys.executable, "-c", code])
    assert 200e6 < taken.peak < 330e6


@pytest.mark.skipif(sys.platform != "linux", reason="memory is read from /proc")
def test_a_process_that_ends_during_the_measurement_counts_as_zero() -> None:
    code = "import time; print('up', flush=True); time.sleep(60)"
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE) as process:
        assert process.stdout and process.stdout.readline() == b"up\n"
        assert 1e6 < proportional(process.pid, 10**9) < 1e8
        process.kill()
        os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
        assert proportional(process.pid, 10**9) == 0
    assert proportional(process.pid, 10**9) == 0


def test_a_command_that_fails_is_no_figure() -> None:
    with pytest.raises(BenchmarkError, match="ended with 3"):
        run([sys.executable, "-c", "raise SystemExit(3)"])


@pytest.mark.slow
def test_the_stock_job_that_a_day_is_compared_with_has_each_step() -> None:
    from tests.benchmarks.peers.stock_dagster import defs

    steps = {node.name for node in defs.resolve_job_def("stock_daily").nodes}
    assert {"landing__listings", "raw__loads", "dbt_models", "publication__papers", "publication__report"} <= steps
