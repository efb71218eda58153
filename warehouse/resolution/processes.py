"""Work in several processes that share what this one holds: forked, so nothing is copied to them.

Plain threads would not help, as most of the work holds the interpreter's lock; fresh processes would need all of the
arrays sent to them. A forked process has none of this one's threads: it computes and sends, and touches no engine.
"""

from __future__ import annotations

import os
import signal
import sys
import traceback
from collections.abc import Callable, Iterable, Iterator, Sequence
from multiprocessing.connection import Connection, Pipe, wait
from typing import TypeVar

import numpy as np

Part = TypeVar("Part")
Result = TypeVar("Result")

#: More processes than this need memory for more parts at once.
MOST = 4


def available() -> int:
    """How many processes are worth while here. Forking a process with threads is sound on Linux only."""
    return min(MOST, len(os.sched_getaffinity(0))) if sys.platform == "linux" else 1


def spread(
    work: Callable[[Part], Iterable[Result]], parts: Sequence[Part], load: Sequence[float], processes: int
) -> Iterator[Result]:
    """What ``work`` yields for each part, as it comes. ``load``: how much work each part is, in any unit.

    Results travel between processes, so they are best made of plain values. Raises RuntimeError when a process fails
    or dies. With one process the work is done here, and nothing is sent.
    """
    shares = _shares(load, min(processes, len(parts)))
    if len(shares) < 2:
        for part in parts:
            yield from work(part)
        return
    sys.stdout.flush()
    children: dict[Connection, int] = {}
    try:
        for share in shares:
            ours, theirs = Pipe(duplex=False)
            child = os.fork()
            if not child:
                # No other process may hold our end: one that sends to a run that was killed must fail, not wait.
                for connection in (ours, *children):
                    connection.close()
                _serve(theirs, work, [parts[k] for k in share])
            theirs.close()
            children[ours] = child
        open_ends = set(children)
        while open_ends:
            for end in wait(open_ends):
                assert isinstance(end, Connection)
                try:
                    kind, value = end.recv()
                except EOFError:
                    raise RuntimeError("A process that resolves authors was killed; is there memory enough?") from None
                if kind == "failed":
                    sentence, trace = value
                    raise RuntimeError(f"A process that resolves authors failed: {sentence}") from RuntimeError(trace)
                if kind == "done":
                    open_ends.remove(end)
                else:
                    yield value
    finally:
        for end, child in children.items():
            end.close()
            os.kill(child, signal.SIGKILL)  # one that is done is gone; another has nobody to tell any more
            os.waitpid(child, 0)


def _shares(load: Sequence[float], count: int) -> list[list[int]]:
    """The parts by process: the largest first, each to the process that has least to do."""
    shares: list[list[int]] = [[] for _ in range(max(1, count))]
    filled = np.zeros(len(shares))
    for k in np.argsort(-np.asarray(load, float), kind="stable").tolist():
        least = int(filled.argmin())
        shares[least].append(k)
        filled[least] += load[k]
    return [share for share in shares if share]


def _serve(theirs: Connection, work: Callable[[Part], Iterable[Result]], parts: Sequence[Part]) -> None:
    """The life of a forked process. It ends without what ends a process else: that is its parent's to do."""
    code = 1
    try:
        for part in parts:
            for result in work(part):
                theirs.send(("result", result))
        theirs.send(("done", None))
        code = 0
    except BrokenPipeError:
        pass
    except BaseException as error:
        theirs.send(("failed", (f"{type(error).__name__}: {error}", traceback.format_exc())))
    finally:
        os._exit(code)
