"""Worker processes: the standard library's executors, whose workers here end with their block or with this process.

Belongs here: pools, work that is spread over them, and Python's garbage collector where millions of objects live.
Not here: what the workers compute.

Threads would not help, as most of the work holds the interpreter's lock. Workers are forked where they read large
arrays of this process: a fork copies nothing, a spawned process would have to receive them. A forked worker has none of
this process's threads, so it computes and returns results; it uses no database connection of this process.
"""

from __future__ import annotations

import contextlib
import gc
import os
import resource
import signal
import sys
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import ExitStack, contextmanager
from itertools import islice
from multiprocessing import connection, get_context, parent_process
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, Literal, TypeVar

Part = TypeVar("Part")
Result = TypeVar("Result")

#: More processes than this need memory for more parts at once.
MAX_PROCESSES = 4
#: Parts assigned to each worker, the one it computes included, so that none waits for this process.
_PARTS_PER_WORKER = 2


def tune_garbage_collection() -> None:
    """Freeze live objects and raise the collector's thresholds.

    The work here makes objects by the hundred thousand that live long, names and rows, and next to no reference cycles;
    Python's default thresholds take up to two fifths of its time.
    """
    gc.freeze()
    gc.set_threshold(10_000, 10, 10)


def available() -> int:
    """How many workers pay here. Forking a process with threads is sound on Linux only."""
    return min(MAX_PROCESSES, len(os.sched_getaffinity(0))) if sys.platform == "linux" else 1


@contextmanager
def worker_pool(
    workers: int, start_method: Literal["fork", "spawn"], initializer: Callable[..., None], *arguments: Any
) -> Iterator[ProcessPoolExecutor]:
    """An executor with running workers, which end with the block, in the middle of a task too.

    ``initializer`` gets the arguments in each worker; a fork passes them on without pickling. Three faults of the stock
    executor are corrected: its workers survive a parent that is killed, with its locks, finish their task before they
    end, and print a traceback on Ctrl-C.
    """
    context = get_context(start_method)
    end, end_sender = context.Pipe(duplex=False)
    executor = ProcessPoolExecutor(workers, context, _start_worker, (end, initializer, arguments))
    try:
        # Signals are blocked while the workers start, in this process and, as they inherit the mask, in them. The first
        # task starts them; where they are forked, all at once.
        mask = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT, signal.SIGTERM})
        try:
            executor.submit(int)
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, mask)
        yield executor
    finally:
        end_sender.send(None)
        executor.shutdown(cancel_futures=True)
        end_sender.close()
        end.close()


def _start_worker(end: Connection, initializer: Callable[..., None], arguments: tuple[Any, ...]) -> None:
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGTERM})
    threading.Thread(target=_exit_with_parent, args=(end,), daemon=True).start()
    initializer(*arguments)


def _exit_with_parent(end: Connection) -> None:
    """Exit this worker process, in the middle of a task too, when its pool is closed or its parent process dies.

    Nothing is cleaned up: a worker holds no file, lock or connection.
    """
    parent = parent_process()
    assert parent is not None
    connection.wait([end, parent.sentinel])
    os._exit(0)


#: What the initializer of a forked worker leaves for its tasks.
_state: dict[str, Any] = {}


def spread(
    work: Callable[[Part], Iterable[Result]], parts: Sequence[Part], load: Sequence[float], processes: int
) -> Iterator[Result]:
    """The results of ``work`` for all parts, part by part in the order in which parts are finished.

    ``load``: how much work each part is, in any unit; a free worker takes the largest part that is left.

    Results are pickled, so they are best made of plain values. Raises RuntimeError when a worker fails or dies. With
    one process the work is done in this one, and nothing is pickled.
    """
    processes = min(processes, len(parts))
    if processes < 2:
        for part in parts:
            yield from work(part)
        return
    order = iter(sorted(range(len(parts)), key=lambda number: -load[number]))
    with worker_pool(processes, "fork", _set_up, work, parts) as executor:
        running = {executor.submit(_do_part, number) for number in islice(order, processes * _PARTS_PER_WORKER)}
        while running:
            done, running = wait(running, return_when=FIRST_COMPLETED)
            running |= {executor.submit(_do_part, number) for number in islice(order, len(done))}
            for future in done:
                yield from _result(future)


def _set_up(work: Callable[..., Any], parts: Sequence[Any]) -> None:
    tune_garbage_collection()  # a collection among what is shared would copy it
    _state.update(work=work, parts=parts)


def _do_part(number: int) -> list[Any]:
    with _named_failure():
        return list(_state["work"](_state["parts"][number]))


@contextmanager
def parallel_streams(works: Sequence[Callable[[], Iterable[Result]]]) -> Iterator[list[Iterator[Result]]]:
    """One iterator for the results of each work, each in a worker of its own that is at most one result ahead.

    As in ``spread``, results are best made of plain values, RuntimeError is raised when a worker fails or dies, and a
    single work is done in this process.
    """
    if len(works) < 2:
        yield [iter(work()) for work in works]
        return
    with ExitStack() as pools:
        executors = [pools.enter_context(worker_pool(1, "fork", _start_stream, work)) for work in works]
        yield [_stream(executor, executor.submit(_next_result)) for executor in executors]


def _stream(executor: ProcessPoolExecutor, ahead: Future[list[Any]]) -> Iterator[Any]:
    while results := _result(ahead):
        ahead = executor.submit(_next_result)
        yield from results


def _start_stream(work: Callable[[], Iterable[Any]]) -> None:
    tune_garbage_collection()
    _state["results"] = iter(work())


def _next_result() -> list[Any]:
    """The next result as a list of one; an empty list after the last."""
    with _named_failure():
        return list(islice(_state["results"], 1))


def run_isolated(work: Callable[[], Result], max_bytes: int) -> Result:
    """The result of ``work``, computed by a forked worker that may take ``max_bytes`` of memory more than this process.

    Raises RuntimeError when it fails or the worker dies; this process goes on.
    """
    with worker_pool(1, "fork", _limit_memory, work, max_bytes) as executor:
        result: Result = _result(executor.submit(_do_work))
        return result


def _limit_memory(work: Callable[[], Any], max_bytes: int) -> None:
    tune_garbage_collection()
    _state["work"] = work
    with contextlib.suppress(OSError, ValueError):
        size = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
        resource.setrlimit(resource.RLIMIT_AS, (size + max_bytes, resource.getrlimit(resource.RLIMIT_AS)[1]))


def _do_work() -> Any:
    with _named_failure():
        return _state["work"]()


def _result(future: Future[Any]) -> Any:
    try:
        return future.result()
    except BrokenProcessPool:
        raise RuntimeError("A worker process was killed (it may have lacked memory)") from None


@contextmanager
def _named_failure() -> Iterator[None]:
    """Raise what fails in a worker as a RuntimeError: any other class of error may not survive pickling."""
    try:
        yield
    except Exception as error:
        raise RuntimeError(f"A worker process failed: {type(error).__name__}: {error}") from error
