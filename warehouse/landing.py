"""The landing archive: payloads exactly as received, and what is known about each.

Readable without this program::

    landing/payloads/ab/abcd….gz      one payload, gzip, named by the sha256 of what was received
    landing/journal/2026-09-01.jsonl  one JSON object a line: a capture (payloads with url, listing_date,
                                      observed_at) or a person's decision about one. Named by the day of landing

A *capture* is one listing as it was received once (all pages of one fetch, or one file); it becomes one load.
A payload is on disk before the journal names it, so a kill in between leaves at worst an unnamed payload.
Nothing here is ever changed or deleted. On an object store the same lies in objects (see ``remote_landing``).
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, date, datetime
from functools import partial
from pathlib import Path
from typing import Any, Literal, cast

import msgspec
from isal import isal_zlib

from warehouse.errors import HomeError

ObservedAtBasis = Literal["clock", "option", "manifest", "file name", "file time"]


class PayloadRef(msgspec.Struct, frozen=True):
    """One payload of a capture: where it came from and the name of its bytes."""

    sha256: str
    size: int
    url: str


class Capture(msgspec.Struct, frozen=True, kw_only=True, tag="capture", tag_field="record"):
    """One line of the journal: a listing received once.

    ``load_id`` is derived from the content, so the same file imported twice is the same capture.
    ``observed_at`` is when somebody looked (UTC), ``observed_at_basis`` how we know.
    """

    load_id: str
    landed_at: datetime
    source: str
    listing_date: date | None
    observed_at: datetime
    observed_at_basis: ObservedAtBasis
    payloads: tuple[PayloadRef, ...]
    note: str | None = None

    @property
    def size(self) -> int:
        """Bytes of all its payloads, as received."""
        return sum(payload.size for payload in self.payloads)


class Decision(msgspec.Struct, frozen=True, kw_only=True, tag="decision", tag_field="record"):
    """One line of the journal: a person's verdict on a load, kept here so that a rebuild obeys it too."""

    load_id: str
    verdict: Literal["accepted"]
    reason: str
    decided_by: str
    decided_at: datetime


class _Name(msgspec.Struct, gc=False):
    record: str
    load_id: str


_LINE = msgspec.json.Decoder(Capture | Decision)
_NAME = msgspec.json.Decoder(_Name)

#: What reading a payload raises that is missing or damaged; isal's own types call its error an instance.
UNREADABLE: tuple[type[Exception], ...] = (OSError, EOFError, cast("type[Exception]", isal_zlib.error))
#: Of ISA-L's levels the last one that is cheap: 3 takes twice its time for a fiftieth less on disk.
GZIP_LEVEL = 2


#: What ``utc_now`` reads. The warehouse and its orchestration have no other clock, so tests set the time here.
clock: Callable[[], datetime] = partial(datetime.now, UTC)


def utc_now() -> datetime:
    """Now, UTC, whole microseconds."""
    return clock()


def identify(listing_date: date | None, observed_at: datetime, sha256s: Sequence[str]) -> str:
    """The load id of a capture: 16 hex digits from its date, its time and its bytes, not from where it lay."""
    moment = observed_at.astimezone(UTC).isoformat(timespec="microseconds")
    text = "\n".join([str(listing_date), moment, *sha256s])
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def open_landing(root: Path | str) -> Landing:
    """The archive in a folder, or below a URL of an object store such as ``s3://bucket/landing``."""
    if "://" in str(root):
        from warehouse.remote_landing import RemoteLanding
        from warehouse.storage import open_storage

        return RemoteLanding(open_storage(root))
    return Landing(Path(root))


class Landing:
    """The archive in the folder ``root``. Creating the object touches nothing."""

    #: Whether a forked process may read from it as this one does.
    can_fork = True

    def __init__(self, root: Path):
        self.root: Path | str = root

    @contextmanager
    def writing(self) -> Iterator[LandingBatch]:
        """Land captures; they are durable and named in the journal when the block ends.

        A block that raises names nothing. Raises HomeError when the archive can't be written.
        """
        batch = self._batch()
        try:
            yield batch
            batch.commit()
        except OSError as error:
            raise HomeError(
                f"The landing archive {self.root} can't be written ({error.strerror or error}): "
                "free space or make the folder writable, then run again; nothing already landed is lost."
            ) from error

    def exists(self) -> bool:
        """Whether anything was ever landed here."""
        return bool(self._journals())

    def captures(self, since: date | None = None) -> Iterator[Capture]:
        """Every capture in the order of landing, from the journal of day ``since`` on."""
        return (line for line in self._lines(since) if isinstance(line, Capture))

    def decisions(self, since: date | None = None) -> Iterator[Decision]:
        """Every decision of a person, oldest first, from the journal of day ``since`` on."""
        return (line for line in self._lines(since) if isinstance(line, Decision))

    def load_ids(self) -> set[str]:
        """The load id of every capture, without reading more of each than that."""
        return {line.load_id for line in self._lines(None, _NAME) if line.record == "capture"}

    def ahead(self, captures: Sequence[Capture]) -> None:
        """Told which captures are read next. On a disk there is nothing to gain."""

    def read(self, capture: Capture) -> list[bytes]:
        """The payloads as received. Raises ValueError when the archive holds other bytes than it named."""
        bodies = []
        for ref in capture.payloads:
            try:
                body = _unpacked(self._packed(ref.sha256), ref.size)
            except UNREADABLE as error:
                raise ValueError(f"payload {ref.sha256} can't be read: {error}") from error
            if hashlib.sha256(body).hexdigest() != ref.sha256:
                raise ValueError(f"payload {ref.sha256} holds other bytes than were landed")
            bodies.append(body)
        return bodies

    def _batch(self) -> LandingBatch:
        return LandingBatch(self)

    def _packed(self, sha256: str) -> bytes:
        """A payload as it is stored. Raises OSError."""
        return self._path(sha256).read_bytes()

    def _may_have(self, sha256: str) -> bool:
        """False where the archive lacks a payload for certain."""
        return self._path(sha256).exists()

    def _path(self, sha256: str) -> Path:
        return Path(self.root) / "payloads" / sha256[:2] / f"{sha256}.gz"

    def _journals(self, since: date | None = None) -> list[Path]:
        first = since.isoformat() if since else ""
        return sorted(p for p in (Path(self.root) / "journal").glob("*.jsonl") if p.stem >= first)

    def _lines(self, since: date | None, decoder: msgspec.json.Decoder[Any] = _LINE) -> Iterator[Any]:
        for journal in self._journals(since):
            yield from self._decoded(journal.read_bytes(), decoder)

    @staticmethod
    def _decoded(journal: bytes, decoder: msgspec.json.Decoder[Any]) -> Iterator[Any]:
        for line in journal.splitlines():
            try:
                yield decoder.decode(line)
            except msgspec.DecodeError:
                continue  # a line torn by a crash was never acknowledged to anyone


def copy_archive(source: Landing, target: Landing, at_once: int = 250) -> tuple[int, int]:
    """Bring an archive up to another one, in the order of landing; returns captures and decisions that were new.

    Payloads are compared with their sha256 as they are read, so what arrives is what was landed. Can be repeated.
    Raises ValueError for a payload that holds other bytes than were landed, HomeError when one side can't be used.
    """
    known = target.load_ids()
    new = [capture for capture in source.captures() if capture.load_id not in known]
    for start in range(0, len(new), at_once):
        source.ahead(new[start : start + at_once])
        with target.writing() as batch:
            for capture in new[start : start + at_once]:
                batch.keep(capture, source.read(capture))
    decided = set(target.decisions())
    decisions = [decision for decision in source.decisions() if decision not in decided]
    with target.writing() as batch:
        for decision in decisions:
            batch.decide(decision)
    return len(new), len(decisions)


def gzipped(body: bytes) -> bytes:
    """A payload as it is stored: one gzip member, without time and name."""
    return isal_zlib.compress(body, GZIP_LEVEL, wbits=31)


def _unpacked(packed: bytes, size: int) -> bytes:
    """The bytes of one gzip member, in a buffer of the size that the journal tells."""
    return isal_zlib.decompress(packed, wbits=31, bufsize=max(size, 1))


class LandingBatch:
    """Captures on their way into the archive. Made by ``Landing.writing``."""

    def __init__(self, landing: Landing):
        self._landing = landing
        self._known: set[str] | None = None
        self._new: set[str] = set()
        self._lines: list[Capture | Decision] = []
        self._written: list[Path] = []

    def land(
        self,
        payloads: Sequence[tuple[str, bytes]],
        *,
        source: str,
        listing_date: date | None,
        observed_at: datetime,
        observed_at_basis: ObservedAtBasis,
        note: str | None = None,
    ) -> tuple[str, bool]:
        """Keep one capture: (url, bytes) of each payload. Returns its load id and whether it is new here."""
        if observed_at.tzinfo is None:
            raise ValueError("observed_at needs a time zone")
        hashes = [hashlib.sha256(body).hexdigest() for _, body in payloads]
        load_id = identify(listing_date, observed_at, hashes)
        # Looked at just now, or with bytes that the archive lacks: it can't have landed before.
        may_be_known = observed_at_basis != "clock" and all(self._landing._may_have(sha) for sha in hashes)
        if load_id in self._new or (may_be_known and load_id in self._landed()):
            return load_id, False
        for sha256, (_, body) in zip(hashes, payloads, strict=True):
            self._write(sha256, body)
        self._new.add(load_id)
        self._lines.append(
            Capture(
                load_id=load_id,
                landed_at=utc_now(),
                source=source,
                listing_date=listing_date,
                observed_at=observed_at.astimezone(UTC),
                observed_at_basis=observed_at_basis,
                payloads=tuple(
                    PayloadRef(sha, len(body), url) for sha, (url, body) in zip(hashes, payloads, strict=True)
                ),
                note=note,
            )
        )
        return load_id, True

    def keep(self, capture: Capture, bodies: Sequence[bytes]) -> None:
        """Keep a capture of another archive as it is there: its id, its time of landing, its payloads."""
        for ref, body in zip(capture.payloads, bodies, strict=True):
            self._write(ref.sha256, body)
        self._lines.append(capture)

    def _landed(self) -> set[str]:
        """The load ids of the whole archive, read when the first is asked for."""
        if self._known is None:
            self._known = self._landing.load_ids()
        return self._known

    def decide(self, decision: Decision) -> None:
        """Keep a person's decision."""
        self._lines.append(decision)

    def commit(self) -> None:
        """Payloads to disk first, then the journal, so that what the journal names is there."""
        if not self._lines:
            return
        self._sync()
        folder = Path(self._landing.root) / "journal"
        folder.mkdir(parents=True, exist_ok=True)
        # A clock set back must not write into a journal that readers have passed.
        journals = self._landing._journals()
        today = utc_now().date().isoformat()
        name = max(today, journals[-1].stem) if journals else today
        with open(folder / f"{name}.jsonl", "ab+") as journal:
            fcntl.flock(journal, fcntl.LOCK_EX)
            end = journal.seek(0, os.SEEK_END)
            if end:
                journal.seek(end - 1)
                if journal.read(1) != b"\n":
                    journal.write(b"\n")  # close the line that a crash tore
            journal.write(b"".join(msgspec.json.encode(line) + b"\n" for line in self._lines))
            journal.flush()
            os.fsync(journal.fileno())
        self._lines = []

    def _write(self, sha256: str, body: bytes) -> None:
        path = self._landing._path(sha256)
        if path.exists() and self._is_whole(path, sha256):
            return
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=path.parent, prefix=".part-", delete=False) as part:
            try:
                part.write(gzipped(body))
            except OSError:
                os.unlink(part.name)
                raise
        os.chmod(part.name, 0o644)
        os.replace(part.name, path)
        self._written.append(path)

    def _sync(self) -> None:
        """Every new payload onto the disk: one by one when they are few, the whole system at once when many."""
        if len(self._written) > 16:
            os.sync()
        else:
            for path in self._written:
                with open(path, "rb") as file:
                    os.fsync(file.fileno())
        self._written = []

    @staticmethod
    def _is_whole(path: Path, sha256: str) -> bool:
        try:
            return hashlib.sha256(_unpacked(path.read_bytes(), 0)).hexdigest() == sha256
        except UNREADABLE:
            return False
