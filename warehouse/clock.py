"""The one clock of the warehouse and its orchestration: UTC, and set by tests and the demo."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial

#: What ``utc_now`` reads.
read_clock: Callable[[], datetime] = partial(datetime.now, UTC)


def utc_now() -> datetime:
    """The present moment, in UTC."""
    return read_clock()
