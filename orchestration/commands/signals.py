"""Ctrl-C and SIGTERM during a command: they raise Stopped, and the exit code names the first of them."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from warehouse.errors import Stopped

_STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM)
#: The reading end of the pipe to which the system writes signal numbers; empty outside ``stop_on_signals``.
_pipe: list[int] = []
_first_signal = 0


@contextmanager
def stop_on_signals() -> Iterator[None]:
    """Raise Stopped on Ctrl-C and SIGTERM while the block runs; ``stop_signal`` returns the first of them.

    Dagster installs its own handlers during a run and does not record the signal, so the number is read from a pipe.
    """

    def stop(number: int, frame: object) -> None:
        raise Stopped

    read, write = os.pipe()
    os.set_blocking(read, False)
    os.set_blocking(write, False)
    handlers = {number: signal.getsignal(number) for number in _STOP_SIGNALS}
    for number, handler in handlers.items():
        if handler != signal.SIG_IGN:  # nohup and the like
            signal.signal(number, stop)
    pipe_before = signal.set_wakeup_fd(write, warn_on_full_buffer=False)
    _pipe.append(read)
    os.register_at_fork(after_in_child=_reset_in_child)
    try:
        yield
    finally:
        signal.set_wakeup_fd(pipe_before)
        for number, handler in handlers.items():
            signal.signal(number, handler)
        os.close(_pipe.pop())
        os.close(write)


def _reset_in_child() -> None:
    """In a forked process ignore Ctrl-C, which the parent handles, and end on SIGTERM."""
    if _pipe:
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        signal.signal(signal.SIGTERM, signal.SIG_DFL)


def stop_signal() -> int:
    """The number of the first signal that stopped the command, or 0."""
    global _first_signal
    if _pipe and not _first_signal:
        with suppress(BlockingIOError):
            _first_signal = next((number for number in os.read(_pipe[0], 64) if number in _STOP_SIGNALS), 0)
    return _first_signal
