"""A helper process: imports what is slow while the run does other work, then does jobs for it, one at a time.

The slow libraries of a run (Great Expectations 8–15 s, dbt 6–10 s) each live in one, so that their import lies
beside the fetching and parsing instead of before it.
"""

from __future__ import annotations

import contextlib
import multiprocessing
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from multiprocessing.connection import Connection
from typing import Any

Emit = Callable[[Any], None]


class HelperError(RuntimeError):
    """The helper itself failed, which says nothing about the data."""


class Helper:
    """The run's end of a helper process. Made by ``helping``."""

    def __init__(self, name: str, connection: Connection):
        self._name = name
        self._connection = connection

    def do(self, *arguments: Any) -> Iterator[Any]:
        """What the work emits for these arguments, as it comes. Raises HelperError when the helper fails or dies."""
        try:
            self._connection.send(arguments)
            while True:
                kind, value = self._connection.recv()
                if kind == "emitted":
                    yield value
                elif kind == "done":
                    return
                else:
                    raise HelperError(value)
        except (EOFError, OSError) as error:
            raise HelperError(f"the {self._name} process died") from error


def _serve(
    connection: Connection, warm_up: Callable[..., None], warm_up_arguments: tuple[Any, ...], work: Callable[..., None]
) -> None:
    # The libraries print; stdout belongs to the answers of the command that started us.
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    with contextlib.suppress(Exception):  # the first job meets the same fault and tells it
        warm_up(*warm_up_arguments)
    while True:
        try:
            arguments = connection.recv()
        except (EOFError, OSError, KeyboardInterrupt):
            return
        try:
            work(lambda value: connection.send(("emitted", value)), *arguments)
            connection.send(("done", None))
        except Exception as error:
            connection.send(("failed", f"{type(error).__name__}: {error}"))


@contextmanager
def helping(
    name: str, work: Callable[..., None], warm_up: Callable[..., None], *warm_up_arguments: Any
) -> Iterator[Helper]:
    """A helper process for one run. ``work(emit, *arguments)`` does a job; both functions are importable by name.

    ``spawn``: a forked copy of a process with threads may hang.
    """
    # A helper that is stopped while it imports leaves its locks to the tracker, which cleans up and need not say so.
    os.environ.setdefault("PYTHONWARNINGS", "ignore:resource_tracker:UserWarning")
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=_serve, args=(theirs, warm_up, warm_up_arguments, work), daemon=True, name=name)
    process.start()
    theirs.close()
    try:
        yield Helper(name, ours)
    finally:
        ours.close()  # a helper that waits for work sees the end of its pipe and leaves
        process.join(timeout=1)
        process.terminate()
        process.join(timeout=10)
