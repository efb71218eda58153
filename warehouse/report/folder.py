"""The folder of a report while it is written: what did not change since the report before stays the same file.

A file that stays is a link, so it keeps its time, and a copy by time to a static host sends only what changed.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from warehouse.report.shards import read_script, shard_script


class ReportFolder:
    """Files of a report by name relative to ``path``. ``earlier`` is the folder of the report before, or nothing."""

    def __init__(self, path: Path, earlier: Path):
        self.path = path
        self._earlier = earlier
        self._written: set[str] = set()

    def write(self, name: str, content: str | bytes) -> None:
        """Write a file.

        Raises ValueError for a name that comes twice, also in other capitals, as some file systems have one for both.
        """
        content = content.encode("utf-8", "replace") if isinstance(content, str) else content
        path, earlier = self._new(name), self._earlier / name
        try:
            if earlier.read_bytes() == content:
                os.link(earlier, path)
                return
        except OSError:  # there is none, or the file system has no links
            pass
        path.write_bytes(content)

    def write_shards(self, kind: str, texts: Iterable[tuple[str, str]]) -> None:
        """Write shards of a kind: names with their values as JSON."""
        for name, text in texts:
            self.write(_shard_file(kind, name), shard_script(kind, name, text))

    def read_earlier_shard(self, kind: str, name: str) -> Any:
        """The value of a shard of the report before; None where there is none, or none that can be read."""
        try:
            return read_script((self._earlier / _shard_file(kind, name)).read_bytes())
        except OSError:
            return None

    def keep_shards(self, kind: str, names: Sequence[str]) -> bool:
        """Let shards of the report before stay. False if one of them is missing; then none stays."""
        files = [_shard_file(kind, name) for name in names]
        if not all((self._earlier / file).is_file() for file in files):
            return False
        for file in files:
            path = self._new(file)
            try:
                os.link(self._earlier / file, path)
            except OSError:
                shutil.copyfile(self._earlier / file, path)
        return True

    def _new(self, name: str) -> Path:
        if name.lower() in self._written:
            raise ValueError(f"The file {name!r} of the report comes twice.")
        self._written.add(name.lower())
        path = self.path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        return path


def _shard_file(kind: str, name: str) -> str:
    return f"data/{kind}/{name}.js"
