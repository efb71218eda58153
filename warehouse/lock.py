"""One writer: a file lock that names its holder. The system releases it when the holder's process ends."""

from __future__ import annotations

import errno
import json
import logging
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from warehouse.clock import utc_now
from warehouse.errors import HomeError, LockError
from warehouse.files import lock_exclusively

logger = logging.getLogger(__name__)

#: A longer wait is logged.
_LOG_AFTER_SECONDS = 5.0
#: Locks that this process holds. A run inside a command that holds the lock already enters again.
_held: set[Path] = set()


@contextmanager
def writer_lock(
    path: Path, *, purpose: str, timeout: float, on_wait: Callable[[str], None] | None = None
) -> Iterator[None]:
    """Hold the warehouse for one writer; wait ``timeout`` seconds at most.

    ``purpose`` names this writer in messages of others that wait. ``on_wait`` is called once with the holder, at the
    start of a wait; a wait of more than 5 s is logged. Raises LockError with the holder after the wait, HomeError when
    the folder can't be written. Entering again in the same process succeeds immediately.
    """
    if path in _held:
        yield
        return
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    except OSError as error:
        raise HomeError(
            f"{path.parent} can't be written ({error.strerror}): choose another home with --home or PAPERS_HOME, "
            "or make it writable."
        ) from error
    try:
        _acquire(descriptor, timeout, on_wait)
        holder = {"pid": os.getpid(), "purpose": purpose, "since": utc_now().isoformat(timespec="seconds")}
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, json.dumps(holder).encode(), 0)
        _held.add(path)
        yield
    finally:
        _held.discard(path)
        os.close(descriptor)


def _acquire(descriptor: int, timeout: float, on_wait: Callable[[str], None] | None) -> None:
    started = time.monotonic()
    deadline = started + timeout
    is_reported = is_logged = False
    while True:
        try:
            lock_exclusively(descriptor, wait=False)
            return
        except OSError as error:
            if error.errno not in (errno.EAGAIN, errno.EACCES):
                raise HomeError(
                    f"The file system of the home can't lock files ({error.strerror}), so two runs could write at "
                    "once: choose a home on another one with --home or PAPERS_HOME."
                ) from error
        holder = _holder(descriptor)
        if not is_reported:
            logger.debug("Waiting for %s", holder)
            if on_wait:
                on_wait(holder)
            is_reported = True
        if not is_logged and time.monotonic() - started > _LOG_AFTER_SECONDS:
            logger.info("Waiting for %s to release the warehouse, for %g s at most.", holder, timeout)
            is_logged = True
        if time.monotonic() >= deadline:
            raise LockError(
                f"The warehouse is held by {holder}: wait until it is done and run again "
                f"(waited {timeout:g} s; PAPERS_LOCK_TIMEOUT sets how long)."
            )
        time.sleep(min(0.2, max(0.01, deadline - time.monotonic())))


def _holder(descriptor: int) -> str:
    try:
        holder = json.loads(os.pread(descriptor, 4096, 0))
        return f"{holder['purpose']} (process {holder['pid']}, since {holder['since']})"
    except (ValueError, KeyError, TypeError):
        return "another run"
