"""Things that change with time: values that switch at a moment, and counts that grow.

Everything is a function of the time asked for, so a capture is the world at one moment.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Generic, TypeVar

T = TypeVar("T")


@dataclass(frozen=True)
class Timeline(Generic[T]):
    """A value that switches at known moments; before the first step, and after a step to None, it is absent."""

    steps: tuple[tuple[datetime, T | None], ...] = ()

    def at(self, moment: datetime) -> T | None:
        """The value at ``moment``."""
        value = None
        for since, step in self.steps:
            if since <= moment:
                value = step
        return value


@dataclass(frozen=True)
class Burst:
    """Attention that comes late: ``votes`` more, half of them within ``half_hours`` after ``start``."""

    start: datetime
    votes: int
    half_hours: float


@dataclass(frozen=True)
class Growth:
    """Upvotes of one paper: saturating growth with a daily rhythm, perhaps a burst, perhaps unvotes.

    ``final`` is what the first wave ends at, ``tau_hours`` how long it takes to reach 63 % of it.
    """

    start: datetime
    final: int
    tau_hours: float
    burst: Burst | None = None
    unvoted_at: tuple[datetime, ...] = ()

    def at(self, moment: datetime) -> int:
        """Upvotes at ``moment``. Falls only at ``unvoted_at``, by one each."""
        first = self.final * _saturation(self.start, moment, self.tau_hours)
        later = 0.0
        if self.burst is not None:
            tau = self.burst.half_hours / math.log(2)
            later = self.burst.votes * _saturation(self.burst.start, moment, tau)
        fallen = sum(when <= moment for when in self.unvoted_at)
        return max(0, int(first + 1e-6) + int(later + 1e-6) - fallen)


def _saturation(start: datetime, moment: datetime, tau_hours: float) -> float:
    """Share reached at ``moment``, 0 to 1: 1 - exp(-active hours / tau), rounded up to 1 from 98 %."""
    if moment <= start:
        return 0.0
    share = 1 - math.exp(-(_active_hours(moment) - _active_hours(start)) / tau_hours)
    return 1.0 if share > 0.98 else share


def _active_hours(moment: datetime) -> float:
    """Hours weighted by how awake the readers are: most around 15 UTC, fewest around 03 UTC; never negative."""
    hours = (moment - datetime(2026, 1, 1, tzinfo=moment.tzinfo)) / timedelta(hours=1)
    return hours + 0.7 * 24 / math.tau * math.sin(math.tau * (hours - 15) / 24)
