"""Where the wall time of a run went: ``papers run --profile``."""

from __future__ import annotations

import os
import time
from pathlib import Path

from orchestration.outcome import Outcome

_IMPORTED = time.perf_counter()


def lived() -> float:
    """Wall seconds since this process was started; else since this module was imported."""
    try:
        started = int(Path("/proc/self/stat").read_text().rpartition(")")[2].split()[19]) / os.sysconf("SC_CLK_TCK")
        return time.clock_gettime(time.CLOCK_BOOTTIME) - started
    except (OSError, ValueError, IndexError, AttributeError):
        return time.perf_counter() - _IMPORTED


def phases(outcome: Outcome, total: float) -> dict[str, float]:
    """Wall seconds by phase, in order; they add up to ``total``, the seconds from the start of the process."""
    measured = dict(outcome.seconds)
    return {**measured, "Dagster's own work": total - sum(measured.values())}


def rows(outcome: Outcome, total: float) -> list[list[str]]:
    """The phases as rows of a table: what, seconds, share of the whole."""
    shown = [[what, f"{seconds:.2f}", f"{seconds / total:.0%}"] for what, seconds in phases(outcome, total).items()]
    waits = [[f"waited for the import of {what}", f"{s:.2f}", ""] for what, s in outcome.waited_seconds.items()]
    return [*shown, ["All of it", f"{total:.2f}", "100%"], *waits]
