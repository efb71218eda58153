"""Dagster's own log of what a run prints, which a run of the command line turns off.

Why: Dagster mirrors what it captures with two processes for each stream, and they answer Ctrl-C with a traceback.
Without it: `papers run` ends on Ctrl-C with tracebacks, and shows its user what the UI is meant to show.
Versions: dagster 1.13. Tests: tests/unit/test_command_line.py (a run that is stopped), tests/pipeline/test_ui.py.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from dagster._core.storage.compute_log_manager import CapturedLogContext
from dagster._core.storage.local_compute_log_manager import LocalComputeLogManager


class OutputLog(LocalComputeLogManager):
    """Captures what runs print while ``is_capturing``. Named in ``dagster.yaml``."""

    #: Whether this process captures what its runs print.
    is_capturing = True

    @classmethod
    def from_config_value(cls, inst_data: Any, config_value: Any) -> OutputLog:
        return cls(inst_data=inst_data, **config_value)

    @contextmanager
    def capture_logs(self, log_key: Sequence[str]) -> Iterator[CapturedLogContext]:
        if not self.is_capturing:
            yield CapturedLogContext(log_key)
            return
        with super().capture_logs(log_key) as context:
            yield context
