"""A worker process does its jobs one at a time, and its failures are one sentence."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator

import pytest

from orchestration.worker import Emit, WorkerError, worker_process
from warehouse.processes import available, spread


def warm_up(seconds: float = 0.0, error: str = "") -> None:
    time.sleep(seconds)
    if error:
        raise ImportError(error)


def work(emit: Emit, job: str) -> None:
    """Does what the job's name says."""
    emit(f"{job} started")
    if job == "fail":
        raise ValueError("no such table")
    if job == "die":
        os.kill(os.getpid(), signal.SIGKILL)
    if job == "wait":
        time.sleep(600)
    if job == "print":
        os.write(1, b"a library prints")
    if job == "spread":
        emit(sorted(spread(_squares, range(4), [1.0] * 4, 2)))
    emit(os.getpid())


def _squares(number: int) -> Iterator[tuple[int, bool]]:
    yield number * number, os.getpid() == _parent


_parent = os.getpid()


@pytest.mark.parametrize("is_forked", [True, False])
def test_jobs_are_done_one_after_the_other_in_one_other_process(is_forked: bool) -> None:
    with worker_process("test", work, warm_up, is_forked=is_forked) as worker:
        (_, first), (_, second) = list(worker.run("one")), list(worker.run("two"))
    assert first == second != os.getpid()


def test_a_worker_is_gone_at_the_end_of_its_block_whatever_it_does() -> None:
    started = time.monotonic()
    with worker_process("test", work, warm_up, 600.0, is_forked=True):
        pass
    with worker_process("test", work, warm_up, is_forked=True) as worker:
        assert next(worker.run("wait")) == "wait started"
    assert time.monotonic() - started < 60


@pytest.mark.parametrize(("job", "sentence"), [("fail", "ValueError: no such table"), ("die", "the test process died")])
def test_a_job_that_fails_and_a_worker_that_dies_are_one_sentence(job: str, sentence: str) -> None:
    with worker_process("test", work, warm_up, is_forked=True) as worker:
        results = worker.run(job)
        assert next(results) == f"{job} started"
        with pytest.raises(WorkerError, match=sentence):
            list(results)


def test_an_import_that_fails_leaves_the_failure_to_the_first_job() -> None:
    with worker_process("test", work, warm_up, 0.0, "no such library", is_forked=True) as worker:
        assert len(list(worker.run("one"))) == 2


def test_what_a_library_prints_does_not_reach_the_output(capfd: pytest.CaptureFixture[str]) -> None:
    with worker_process("test", work, warm_up, is_forked=True) as worker:
        list(worker.run("print"))
    assert capfd.readouterr().out == ""


@pytest.mark.skipif(available() < 2, reason="processes are forked on Linux, where there are two cores")
def test_a_job_may_spread_its_work_over_processes_of_its_own() -> None:
    with worker_process("test", work, warm_up, is_forked=True) as worker:
        _, squares, _ = worker.run("spread")
    assert squares == [(0, False), (1, False), (4, False), (9, False)]


def test_a_worker_ends_when_its_run_is_killed_and_ignores_ctrl_c() -> None:
    script = """
import os, sys, time
from orchestration.worker import worker_process
from tests.unit.test_worker import work, warm_up

with worker_process("test", work, warm_up) as worker:
    print(list(worker.run("one"))[-1], flush=True)
    results = worker.run("wait")
    print(next(results), flush=True)
    time.sleep(600)
"""
    with subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True) as run:
        assert run.stdout is not None
        worker = int(run.stdout.readline())
        assert run.stdout.readline() == "wait started\n"
        os.kill(worker, signal.SIGINT)
        time.sleep(0.2)
        os.kill(worker, 0)
        run.kill()
    deadline = time.monotonic() + 30
    while _is_running(worker) and time.monotonic() < deadline:
        time.sleep(0.02)
    assert not _is_running(worker)


def _is_running(process: int) -> bool:
    try:
        with open(f"/proc/{process}/stat") as file:
            return file.read().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False
