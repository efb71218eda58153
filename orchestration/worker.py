"""A helper process: imports what is slow while the run does other work, then does jobs for it, one at a time.

The slow libraries of a run (Great Expectations 8–15 s, dbt 6–10 s) each live in one, so that their import lies
beside the fetching and parsing instead of before it.
"""

from __future__ import annotations

import contextlib
import gc
import logging
import multiprocessing
import os
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from multiprocessing import resource_tracker
from multiprocessing.connection import Connection
from typing import Any

from warehouse.processes import collect_seldom

logger = logging.getLogger(__name__)

Emit = Callable[[Any], None]


@contextmanager
def importing() -> Iterator[None]:
    """While the slow libraries are imported. They make a million objects that stay: to look for garbage among them
    takes a tenth of the time, then and ever after."""
    gc.disable()
    try:
        yield
    finally:
        collect_seldom()
        gc.enable()


class HelperError(RuntimeError):
    """The helper itself failed, which says nothing about the data."""


class Helper:
    """The run's end of a helper process. Made by ``helping``."""

    def __init__(self, name: str, connection: Connection):
        self._name = name
        self._connection = connection
        self._is_ready = False
        #: Seconds that the run waited for the imports of the helper, where other work did not cover them.
        self.waited = 0.0

    def do(self, *arguments: Any) -> Iterator[Any]:
        """Ask for the work; what it emits for these arguments comes as it is made, while this process goes on.

        Raises HelperError when the helper fails or dies, here or while its answers are read.
        """
        with self._is_alive():
            if not self._is_ready:
                began = time.perf_counter()
                self._connection.recv()
                self._is_ready = True
                self.waited = time.perf_counter() - began
                logger.debug("Waited %.1f s for the libraries of the %s process", self.waited, self._name)
            self._connection.send(arguments)
        return self._answers()

    def _answers(self) -> Iterator[Any]:
        with self._is_alive():
            while True:
                kind, value = self._connection.recv()
                if kind == "emitted":
                    yield value
                elif kind == "done":
                    return
                else:
                    raise HelperError(value)

    @contextmanager
    def _is_alive(self) -> Iterator[None]:
        try:
            yield
        except (EOFError, OSError) as error:
            raise HelperError(f"the {self._name} process died") from error


def _serve(
    theirs: Connection,
    ours: Connection | None,
    warm_up: Callable[..., None],
    warm_up_arguments: tuple[Any, ...],
    work: Callable[..., None],
) -> None:
    if ours:  # a forked copy of the run's end would keep this process from seeing that the run is gone
        ours.close()
    # A log that can't be written, as on a full disk, is no reason to print a traceback: the run says what broke.
    logging.raiseExceptions = False
    # The libraries print; stdout belongs to the answers of the command that started us.
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    with contextlib.suppress(Exception), importing():  # the first job meets the same fault and tells it
        warm_up(*warm_up_arguments)
    try:
        theirs.send(("ready", None))
        while True:
            arguments = theirs.recv()
            try:
                work(lambda value: theirs.send(("emitted", value)), *arguments)
                theirs.send(("done", None))
            except Exception as error:
                theirs.send(("failed", f"{type(error).__name__}: {error}"))
    except (EOFError, OSError, KeyboardInterrupt):
        os._exit(0)  # nothing is left to be written; taking the libraries down would take a while


@contextmanager
def helping(
    name: str, work: Callable[..., None], warm_up: Callable[..., None], *warm_up_arguments: Any, forked: bool = False
) -> Iterator[Helper]:
    """A helper process for one run. ``work(emit, *arguments)`` does a job; both functions are importable by name.

    ``forked`` shares what this process has imported. It is for a process that has not worked yet: a forked copy of a
    process with busy threads may hang, so a helper is spawned otherwise.
    """
    # A helper that is stopped while it imports leaves its locks to the tracker, which cleans up and need not say so.
    os.environ.setdefault("PYTHONWARNINGS", "ignore:resource_tracker:UserWarning")
    context = multiprocessing.get_context("fork" if forked else "spawn")
    ours, theirs = context.Pipe()
    process = context.Process(  # type: ignore[attr-defined]
        target=_serve,
        args=(theirs, ours if forked else None, warm_up, warm_up_arguments, work),
        daemon=True,
        name=name,
    )
    # Ctrl-C reaches all processes of a terminal. This one ends when its run does, and has nothing to say before.
    if not forked:
        resource_tracker.ensure_running()  # it would unblock the signal when it starts with the process
    mask = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        process.start()
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, mask)
    theirs.close()
    try:
        yield Helper(name, ours)
    finally:
        ours.close()  # a helper that waits for work sees the end of its pipe and leaves
        process.join(timeout=1)
        process.terminate()
        process.join(timeout=10)
