"""A worker process: imports slow libraries while the run does other work, then does jobs for the run, one at a time.

Belongs here: the process, its jobs and their results. Not here: what the jobs do (``transform``, ``gates``).

Great Expectations takes 8–15 s to import and dbt 6–10 s. Each lives in a worker of its own, so that the imports overlap
with fetching and parsing (docs/performance.md: a day takes 14 s, the imports alone 13 s one after the other).
"""

from __future__ import annotations

import contextlib
import gc
import logging
import multiprocessing
import os
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from multiprocessing.connection import Connection
from typing import Any

from warehouse.processes import tune_garbage_collection, worker_pool

logger = logging.getLogger(__name__)

#: A filter for Python's own process that tracks semaphores, added to those of the user.
_IGNORED = "ignore:resource_tracker:UserWarning"

Emit = Callable[[Any], None]


@contextmanager
def importing() -> Iterator[None]:
    """Turn the garbage collector off while slow libraries are imported, and freeze what they made.

    They make a million objects that stay; collecting among them takes a tenth of the time, now and later.
    """
    gc.disable()
    try:
        yield
    finally:
        tune_garbage_collection()
        gc.enable()


class WorkerError(RuntimeError):
    """The worker process itself failed, which says nothing about the data."""


class WorkerProcess:
    """The run's end of a worker process. Made by ``worker_process``."""

    def __init__(
        self,
        name: str,
        work: Callable[..., None],
        executor: ProcessPoolExecutor,
        results: Connection,
        warm: Future[None],
    ):
        self._name = name
        self._work = work
        self._executor = executor
        self._results = results
        self._warm: Future[None] | None = warm
        #: Seconds that the run waited for the imports of the worker, where other work did not cover them.
        self.waited_seconds = 0.0

    def run(self, *arguments: Any) -> Iterator[Any]:
        """Start a job; its results are yielded as the worker emits them, while this process goes on.

        Raises WorkerError when the job fails or the process dies, here or while the results are read.
        """
        with self._failures():
            if self._warm:
                started = time.perf_counter()
                self._warm.result()
                self._warm = None
                self.waited_seconds = time.perf_counter() - started
                logger.debug("Waited %.1f s for the libraries of the %s process", self.waited_seconds, self._name)
            job = self._executor.submit(_run, self._work, arguments)
        return self._emitted(job)

    def _emitted(self, job: Future[None]) -> Iterator[Any]:
        with self._failures():
            for (value,) in iter(self._results.recv, None):
                yield value
            job.result()

    @contextmanager
    def _failures(self) -> Iterator[None]:
        try:
            yield
        except (BrokenProcessPool, EOFError, OSError) as error:
            raise WorkerError(f"the {self._name} process died") from error


@contextmanager
def worker_process(
    name: str, work: Callable[..., None], warm_up: Callable[..., None], *arguments: Any, is_forked: bool = False
) -> Iterator[WorkerProcess]:
    """A worker process for one run. ``warm_up(*arguments)`` imports, ``work(emit, *arguments)`` does a job.

    Both functions are importable by name. ``is_forked`` shares what this process has imported; it is for a process
    without busy threads, as a fork of another may hang.
    """
    # A worker that is stopped while it imports leaves its semaphores to the tracker, which cleans up with a warning.
    filters = [*filter(None, os.environ.get("PYTHONWARNINGS", "").split(","))]
    if _IGNORED not in filters:
        os.environ["PYTHONWARNINGS"] = ",".join([*filters, _IGNORED])
    results, sender = multiprocessing.Pipe(duplex=False)
    with results, worker_pool(1, "fork" if is_forked else "spawn", _start, sender) as executor:
        sender.close()  # the worker's copy is the only one, so that its death is the end of the results
        yield WorkerProcess(name, work, executor, results, executor.submit(_warm_up, warm_up, arguments))


_results: list[Connection] = []


def _start(results: Connection) -> None:
    _results[:] = [results]
    # A log that can't be written, as on a full disk, prints no traceback: the run says what failed.
    logging.raiseExceptions = False
    # The libraries print; stdout belongs to the output of the command that started the run.
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)


def _warm_up(warm_up: Callable[..., None], arguments: tuple[Any, ...]) -> None:
    with contextlib.suppress(Exception), importing():  # the first job meets the same fault and raises it
        warm_up(*arguments)


def _run(work: Callable[..., None], arguments: tuple[Any, ...]) -> None:
    (results,) = _results
    try:
        work(lambda value: results.send((value,)), *arguments)
    except Exception as error:
        raise WorkerError(f"{type(error).__name__}: {error}") from error
    finally:
        results.send(None)
