"""A record of the loads in progress, so that the next run finds those that ended the program.

A payload that exhausts the memory or crashes a library leaves no other trace. Loads that were in progress when a run
ended are read one at a time, in a process of their own; one that fails there too is rejected.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path

from warehouse.files import write_atomically

#: Number of times that the program may end while it reads one load alone; then it is not tried again. Loads are read
#: alone in a child process, so only a kill by a person or a crash of the database counts.
MAX_ENDS_ALONE = 2


class Attempts:
    """The file ``loading.json`` beside the raw tables. A damaged or missing file counts as empty."""

    def __init__(self, folder: Path):
        self._path = folder / "loading.json"
        self._started: list[str] = []
        self._alone: dict[str, int] = {}
        self._suspects: set[str] = set()
        try:
            stored = json.loads(self._path.read_bytes())
            self._alone = {str(load_id): int(count) for load_id, count in stored["alone"].items()}
            self._suspects = {str(load_id) for load_id in [*stored["started"], *stored["suspects"]]}
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            pass

    def is_suspect(self, load_id: str) -> bool:
        """Whether an earlier run ended while it read this load, or rejected it as unreadable."""
        return load_id in self._suspects or load_id in self._alone

    def is_hopeless(self, load_id: str) -> bool:
        """Whether the program ended too often while it read this load alone."""
        return self._alone.get(load_id, 0) >= MAX_ENDS_ALONE

    def start(self, load_ids: Iterable[str]) -> None:
        """Record loads that are read together now, instead of those of the last call."""
        self._started = list(load_ids)
        self._write()

    def start_alone(self, load_id: str) -> None:
        """Record a load that is read by itself now."""
        self._alone[load_id] = self._alone.get(load_id, 0) + 1
        self._write()

    def end_alone(self, load_id: str, *, is_loaded: bool) -> None:
        """Record that a load was read by itself, or was rejected."""
        if is_loaded:
            self._alone.pop(load_id, None)
            self._suspects.discard(load_id)
        else:
            self._alone[load_id] = self._alone.get(load_id, 1) - 1  # the program did not end
            self._suspects.add(load_id)
        self._write()

    def end(self) -> None:
        """Record that no load is in progress."""
        self._started = []
        self._write()

    def _write(self) -> None:
        alone = {load_id: count for load_id, count in self._alone.items() if count}
        if not (self._started or alone or self._suspects):
            self._path.unlink(missing_ok=True)
            return
        content = {"started": self._started, "alone": alone, "suspects": sorted(self._suspects)}
        write_atomically(self._path, json.dumps(content))
