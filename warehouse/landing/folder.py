"""The landing archive in a folder: one journal a day, to which lines are appended under a lock."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import BinaryIO

import msgspec

from warehouse.clock import utc_now
from warehouse.errors import HomeError
from warehouse.files import flush, lock_exclusively, sync, write_atomically
from warehouse.landing.archive import Landing, LandingBatch
from warehouse.landing.captures import RECORD_DECODER, Ignored, encode_record
from warehouse.landing.journal import read_lines
from warehouse.landing.payloads import PAYLOAD_NAME, UNREADABLE, compress, decompress, payload_path, sha256_of

_JOURNAL_NAME = re.compile(r".+\.jsonl(\.gz)?")
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")
#: Payloads of a batch from which on the whole file system is synced at once instead of file by file.
_MANY_FILES = 16


class FolderLanding(Landing):
    """The archive in the folder ``root``."""

    can_fork = True
    may_have_partial_line = True
    root: Path

    def __init__(self, root: Path):
        super().__init__(root)

    def stored_payloads(self) -> Iterator[str]:
        for folder in sorted((self.root / "payloads").glob("??")):
            for entry in os.scandir(folder):
                if match := PAYLOAD_NAME.fullmatch(entry.name):
                    yield match[1]

    def payload_file(self, sha256: str) -> Path:
        """The file of a payload, which may not exist."""
        return self.root / payload_path(sha256)

    def journal_files(self, since: date | None = None) -> list[Path]:
        """The journals in the order of landing, from a day on; those whose name is not a day always."""
        first = since.isoformat() if since else ""
        found = [path for path in (self.root / "journal").glob("*.jsonl*") if _JOURNAL_NAME.fullmatch(path.name)]
        selected = [path for path in found if _day(path) >= first or not _DAY.fullmatch(_day(path))]
        # A day that was compressed and then written to again has both files.
        return sorted(selected, key=lambda path: (_day(path), path.suffix != ".gz", path.name))

    def _new_batch(self) -> LandingBatch:
        return _FolderBatch(self)

    def _has_journals(self) -> bool:
        return bool(self.journal_files())

    def _journals(self, since: date | None) -> Iterator[tuple[str, bytes]]:
        for path in self.journal_files(since):
            try:
                yield f"journal/{path.name}", path.read_bytes()
            except OSError as error:
                raise HomeError(
                    f"{path} can't be read ({error.strerror}): make it readable, then run again; nothing is lost."
                ) from error

    def _decision_journals(self, since: date | None) -> Iterator[tuple[str, bytes]]:
        return self._journals(since)

    def _read_packed(self, sha256: str) -> bytes:
        return self.payload_file(sha256).read_bytes()


class _FolderBatch(LandingBatch):
    _landing: FolderLanding

    def __init__(self, landing: FolderLanding):
        super().__init__(landing)
        self._written: list[Path] = []

    def commit(self) -> None:
        if not self._records:
            return
        self._sync_payloads()
        folder = self._landing.root / "journal"
        folder.mkdir(parents=True, exist_ok=True)
        # After a clock was set back, lines still go into the newest journal: readers read from a day on.
        days = [day for path in self._landing.journal_files() if _DAY.fullmatch(day := _day(path))]
        name = max([utc_now().date().isoformat(), *days])
        with open(folder / f"{name}.jsonl", "ab+") as journal:
            lock_exclusively(journal.fileno(), wait=True)
            journal.write(_continuation(journal, b"".join(map(encode_record, self._records))))
            flush(journal)
        self._records = []

    def _may_have_payload(self, sha256: str) -> bool:
        return self._landing.payload_file(sha256).exists()

    def _write_payload(self, sha256: str, body: bytes) -> None:
        path = self._landing.payload_file(sha256)
        if path.exists() and _has_sha256(path, sha256):
            return
        path.parent.mkdir(parents=True, exist_ok=True)
        write_atomically(path, compress(body))
        self._written.append(path)

    def _sync_payloads(self) -> None:
        if len(self._written) > _MANY_FILES:
            os.sync()
        else:
            for path in self._written:
                sync(path)
        self._written = []


def _day(path: Path) -> str:
    return path.name.partition(".")[0]


def _has_sha256(path: Path, sha256: str) -> bool:
    try:
        return sha256_of(decompress(path.read_bytes())) == sha256
    except UNREADABLE:
        return False


def _continuation(journal: BinaryIO, lines: bytes) -> bytes:
    """The bytes to append to a journal, so that its last line ends and the new lines follow.

    A last line that a crash cut off is ignored from now on, by a record before the new lines.
    """
    journal.seek(0)
    if journal.read(2) == b"\x1f\x8b":
        return compress(b"\n" + lines)  # a person compressed it; its text is that of all gzip members
    end = journal.seek(0, os.SEEK_END)
    if not end:
        return lines
    journal.seek(end - 1)
    if journal.read(1) == b"\n":
        return lines
    journal.seek(0)
    last = journal.read().rpartition(b"\n")[2]
    try:
        for line in read_lines(last):
            RECORD_DECODER.decode(line.record)
    except msgspec.DecodeError:
        partial = Ignored(line_sha256=sha256_of(last), reason="cut off by a crash", decided_at=utc_now())
        return b"\n" + encode_record(partial) + lines
    return b"\n" + lines
