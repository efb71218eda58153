"""Work in several processes that share what this one holds: forked, so nothing is copied to them.

Plain threads would not help, as most of the work holds the interpreter's lock; fresh processes would need all of the
arrays sent to them. A forked process has none of this one's threads: it computes and sends, and touches no engine.
"""

from __future__ import annotations

import contextlib
import ctypes
import gc
import os
import resource
import signal
import sys
import traceback
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from multiprocessing import get_context
from multiprocessing.connection import Connection, Pipe, wait
from pathlib import Path
from typing import Any, TypeVar

Part = TypeVar("Part")
Result = TypeVar("Result")

#: More processes than this need memory for more parts at once.
MOST = 4
#: PR_SET_PDEATHSIG of Linux, see prctl(2): the signal that a process gets when the thread that forked it ends.
_DIE_WITH_PARENT = 1


def collect_seldom() -> None:
    """Look for garbage less often, and never again among what is alive now.

    The work here makes objects by the hundred thousand that stay, names and rows, and next to none that refer to each
    other in a circle; Python's own rhythm takes up to two fifths of its time.
    """
    gc.freeze()
    gc.set_threshold(10_000, 10, 10)


def available() -> int:
    """How many processes are worth while here. Forking a process with threads is sound on Linux only."""
    return min(MOST, len(os.sched_getaffinity(0))) if sys.platform == "linux" else 1


def spread(
    work: Callable[[Part], Iterable[Result]], parts: Sequence[Part], load: Sequence[float], processes: int
) -> Iterator[Result]:
    """What ``work`` yields for each part, as it comes. ``load``: how much work each part is, in any unit; a process
    that is free takes the largest that is left.

    Results travel between processes, so they are best made of plain values. Raises RuntimeError when a process fails
    or dies. With one process the work is done here, and nothing is sent.
    """
    processes = min(processes, len(parts))
    if processes < 2:
        for part in parts:
            yield from work(part)
        return
    order = sorted(range(len(parts)), key=lambda k: -load[k])
    begun = get_context("fork").Value("q", 0)

    def do() -> Iterator[Result]:
        while True:
            with begun.get_lock():  # processes that read and write without it do a part twice now and then
                place = begun.value
                begun.value += 1
            if place >= len(order):
                return
            yield from work(parts[order[place]])

    with _forked([do] * processes) as ends:
        results = {end: _results(end) for end in ends}
        while results:
            for end in wait(results):
                assert isinstance(end, Connection)
                try:
                    yield next(results[end])
                except StopIteration:
                    del results[end]


@contextmanager
def side_by_side(works: Sequence[Callable[[], Iterable[Result]]]) -> Iterator[list[Iterator[Result]]]:
    """What each work yields, each in a process of its own that is at most one result ahead of who asks.

    As in ``spread``, results are best made of plain values, RuntimeError tells of a process that fails or dies, and a
    single work is done here.
    """
    if len(works) < 2:
        yield [iter(work()) for work in works]
        return
    with _forked(works) as ends:
        yield [_results(end) for end in ends]


def isolated(work: Callable[[], Result], max_bytes: int) -> Result:
    """What ``work`` returns, done in a process of its own that may take ``max_bytes`` of memory more than this one.

    Raises RuntimeError when it fails or the process dies; this one goes on. Only where processes can be forked.
    """

    def do() -> Iterator[Result]:
        with contextlib.suppress(OSError, ValueError):
            size = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
            resource.setrlimit(resource.RLIMIT_AS, (size + max_bytes, resource.getrlimit(resource.RLIMIT_AS)[1]))
        yield work()

    with _forked([do]) as (end,):
        result: Result = next(_results(end))
        return result


@contextmanager
def _forked(works: Sequence[Callable[[], Iterable[Any]]]) -> Iterator[list[Connection]]:
    """Where the results of each work come from; no process is left at the end."""
    sys.stdout.flush()
    children: dict[Connection, int] = {}
    parent, system = os.getpid(), ctypes.CDLL(None)
    try:
        for work in works:
            ours, theirs = Pipe(duplex=False)
            child = os.fork()
            if not child:
                # A run that is killed takes it along: it has inherited the writer's lock.
                if sys.platform == "linux":
                    system.prctl(_DIE_WITH_PARENT, signal.SIGKILL)
                if os.getppid() != parent:
                    os._exit(1)
                # No other process may hold our end: one that sends to a run that was killed must fail, not wait.
                for connection in (ours, *children):
                    connection.close()
                _serve(theirs, work)
            theirs.close()
            children[ours] = child
        yield list(children)
    finally:
        for end, child in children.items():
            end.close()
            os.kill(child, signal.SIGKILL)  # one that is done is gone; another has nobody to tell any more
            os.waitpid(child, 0)


def _results(end: Connection) -> Iterator[Any]:
    """What a process yields. Raises RuntimeError when it fails or dies."""
    while True:
        try:
            kind, value = end.recv()
        except EOFError:
            raise RuntimeError("A process that does a part of the work was killed; is there memory enough?") from None
        if kind == "failed":
            sentence, trace = value
            raise RuntimeError(f"A process that does a part of the work failed: {sentence}") from RuntimeError(trace)
        if kind == "done":
            return
        yield value


def _serve(theirs: Connection, work: Callable[[], Iterable[Any]]) -> None:
    """The life of a forked process. It ends without what ends a process else: that is its parent's to do."""
    code = 1
    try:
        collect_seldom()  # and looking for it among what is shared would copy it
        for result in work():
            theirs.send(("result", result))
        theirs.send(("done", None))
        code = 0
    except BrokenPipeError:
        pass
    except BaseException as error:
        theirs.send(("failed", (f"{type(error).__name__}: {error}", traceback.format_exc())))
    finally:
        os._exit(code)
