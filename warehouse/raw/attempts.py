"""Which loads are being read, on disk before they are: what ends the program while it loads is found by the next run.

A payload that exhausts the memory or crashes a library leaves nothing behind but this file. Loads that were being read
when a run ended are read one at a time, in a process of their own; one that fails there too is set aside.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path

from warehouse.files import write_atomically

#: Ends of the program while it read one load alone, after which it is not tried again. Reading alone happens in a child
#: process, so these are rare: a kill by a person, or a crash of the database.
MAX_ENDS_ALONE = 2


class Attempts:
    """The file ``loading.json`` beside the raw tables. Damaged or missing, it knows of no attempt."""

    def __init__(self, folder: Path):
        self._path = folder / "loading.json"
        self._started: list[str] = []
        self._alone: dict[str, int] = {}
        self._suspects: set[str] = set()
        try:
            known = json.loads(self._path.read_bytes())
            self._alone = {str(load_id): int(count) for load_id, count in known["alone"].items()}
            self._suspects = {str(load_id) for load_id in [*known["started"], *known["suspects"]]}
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            pass

    def is_suspect(self, load_id: str) -> bool:
        """Whether an earlier run ended while it read this load, or set it aside."""
        return load_id in self._suspects or load_id in self._alone

    def is_hopeless(self, load_id: str) -> bool:
        """Whether the program ended too often while it read this load alone."""
        return self._alone.get(load_id, 0) >= MAX_ENDS_ALONE

    def start(self, load_ids: Iterable[str]) -> None:
        """Loads that are read together now, instead of those of the last call."""
        self._started = list(load_ids)
        self._write()

    def start_alone(self, load_id: str) -> None:
        """A load that is read by itself now."""
        self._alone[load_id] = self._alone.get(load_id, 0) + 1
        self._write()

    def end_alone(self, load_id: str, *, is_sound: bool) -> None:
        """It was read by itself, or could not be and was set aside."""
        if is_sound:
            self._alone.pop(load_id, None)
            self._suspects.discard(load_id)
        else:
            self._alone[load_id] = self._alone.get(load_id, 1) - 1  # the program did not end
            self._suspects.add(load_id)
        self._write()

    def end(self) -> None:
        """All loads were read."""
        self._started = []
        self._write()

    def _write(self) -> None:
        alone = {load_id: count for load_id, count in self._alone.items() if count}
        if not (self._started or alone or self._suspects):
            self._path.unlink(missing_ok=True)
            return
        known = {"started": self._started, "alone": alone, "suspects": sorted(self._suspects)}
        write_atomically(self._path, json.dumps(known))
