"""Keeps Dagster from writing to stderr when its history can't be written.

Why: Dagster's handler of log messages writes to stderr what went wrong before it raises it or reports it as an event.
Without it: a run on a full disk ends with five lines of SQLite's error in front of the sentence that says what to do.
Versions: dagster 1.13. Test: tests/unit/test_history.py, first to fail on an upgrade.
"""

from __future__ import annotations

import contextlib
import io
import logging

from dagster._core.instance.types import _EventListenerLogHandler

_emit = _EventListenerLogHandler.emit


def _emit_quietly(self: _EventListenerLogHandler, record: logging.LogRecord) -> None:
    with contextlib.redirect_stderr(io.StringIO()):
        _emit(self, record)


def silence_event_log_errors() -> None:
    """Apply to every instance of this process. Errors are raised as before. Call it once or more."""
    setattr(_EventListenerLogHandler, "emit", _emit_quietly)  # noqa: B010
