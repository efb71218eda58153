"""Read a folder of captured listings for the replay server.

Files are called ``YYYY-MM-DD.json``, ``YYYY-MM-DD@YYYY-MM-DDTHHMMSSZ.json`` or ``.html`` (``+0000`` for ``Z``
too), in any sub folder, optionally with ``.gz``; a ``manifest.tsv`` with the columns file and observed_at, in
the folder or the one above, gives the times that names don't. Does not belong here: HTTP (``server.py``).
"""

from __future__ import annotations

import csv
import gzip
import json
import re
from collections import defaultdict
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from functools import lru_cache
from itertools import chain
from pathlib import Path
from typing import Any

from selectolax.lexbor import LexborHTMLParser

_NAME = re.compile(
    r"(?P<date>\d{4}-\d{2}-\d{2})(?:@(?P<stamp>\d{4}-\d{2}-\d{2}T\d{6}(?:Z|[+-]\d{4})))?"
    r"\.(?P<kind>json|html)(?P<gz>\.gz)?",
    re.ASCII,
)


class ArchiveError(Exception):
    """The folder can't be served: one sentence for the person at the command line."""


@dataclass(frozen=True)
class CapturedFile:
    """One file: the list of ``listing_date`` as it was at ``observed_at`` (UTC)."""

    path: Path
    listing_date: date
    observed_at: datetime
    kind: str

    def body(self) -> bytes:
        """The payload, unpacked."""
        return _read(self.path)

    def entries(self) -> list[Any] | None:
        """The records of the list, or None if the file holds no list."""
        return _entries(self.path, self.kind)


class ArchiveFolder:
    """All captures of a folder. Raises ``ArchiveError`` if there are none."""

    def __init__(self, folder: Path) -> None:
        if not folder.is_dir():
            raise ArchiveError(f"{folder} is not a folder.")
        times = _manifest_times(folder)
        self._by_date: dict[date, list[CapturedFile]] = defaultdict(list)
        for path in sorted(folder.rglob("*")):
            if (captured := _captured(path, folder, times)) is not None:
                self._by_date[captured.listing_date].append(captured)
        if not self._by_date:
            raise ArchiveError(
                f"{folder} holds no listings: expected files like 2025-01-31.json or "
                "2025-01-31@2025-02-01T080000Z.html."
            )
        for captures in self._by_date.values():
            captures.sort(key=lambda captured: captured.observed_at)

    def captures(self) -> list[CapturedFile]:
        """All captures, in order of observation."""
        return sorted(chain.from_iterable(self._by_date.values()), key=lambda captured: captured.observed_at)

    def newest(self, listing_date: date, now: datetime | None, kind: str | None = None) -> CapturedFile | None:
        """The last capture of a date up to ``now`` (None: of all), of one kind or any."""
        known = [
            captured
            for captured in self._by_date.get(listing_date, [])
            if (now is None or captured.observed_at <= now) and kind in (None, captured.kind)
        ]
        return known[-1] if known else None

    def entries(self, listing_date: date, now: datetime | None) -> list[Any]:
        """The records known of a date at ``now``; empty if there are none."""
        captured = self.newest(listing_date, now)
        return (captured.entries() or []) if captured else []

    def dates(self, now: datetime | None) -> list[date]:
        """The dates with a list that has records at ``now``, in order."""
        return [day for day in sorted(self._by_date) if self.entries(day, now)]


def _captured(path: Path, folder: Path, times: dict[str, datetime]) -> CapturedFile | None:
    match = _NAME.fullmatch(path.name)
    if match is None or not path.is_file():
        return None
    try:
        listing_date = date.fromisoformat(match["date"])
        observed_at = datetime.strptime(match["stamp"], "%Y-%m-%dT%H%M%S%z") if match["stamp"] else None
    except ValueError:
        return None
    relative = path.relative_to(folder)
    for key in (relative, folder.name / relative):
        observed_at = observed_at or times.get(key.as_posix())
    if observed_at is None:
        # Without a recorded time: the end of its day, when the list is complete.
        observed_at = datetime.combine(listing_date, time.max, tzinfo=UTC)
    return CapturedFile(path, listing_date, observed_at.astimezone(UTC), match["kind"])


def _manifest_times(folder: Path) -> dict[str, datetime]:
    for path in (folder / "manifest.tsv", folder.resolve().parent / "manifest.tsv"):
        if not path.is_file():
            continue
        with path.open(encoding="utf-8", newline="") as lines:
            times = {}
            for row in csv.DictReader(lines, delimiter="\t"):
                try:
                    moment = datetime.fromisoformat(row["observed_at"])
                except (KeyError, ValueError, TypeError):
                    continue
                times[row.get("file", "")] = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
            return times
    return {}


@lru_cache(maxsize=64)
def _read(path: Path) -> bytes:
    body = path.read_bytes()
    return gzip.decompress(body) if path.suffix == ".gz" else body


@lru_cache(maxsize=256)
def _entries(path: Path, kind: str) -> list[Any] | None:
    try:
        if kind == "html":
            node = LexborHTMLParser(_read(path)).css_first('div[data-target="DailyPapers"]')
            props = json.loads((node.attributes.get("data-props") if node else None) or "{}")
            found = props.get("dailyPapers")
        else:
            found = json.loads(_read(path))
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, list) else None
