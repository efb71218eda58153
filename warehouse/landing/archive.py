"""The landing archive: payloads exactly as received, and what is known about each.

Readable without this program::

    landing/payloads/ab/abcd….gz      one payload, gzip, named by the sha256 of what was received
    landing/journal/2026-09-01.jsonl  one JSON object a line: a capture (payloads with url, listing_date,
                                      observed_at) or a person's decision about one. Named by the day of landing;
                                      with a checksum in each line (see ``journal``), read gzipped too (….jsonl.gz)

A *capture* is one listing as it was received once (all pages of one fetch, or one file); it becomes one load.
A payload is on disk before the journal names it, so a kill in between leaves at worst an unnamed payload. Only the last
line of a journal may be torn: another line that can't be read stops whoever reads, because it may name a load.
Nothing here is ever changed or deleted. On an object store the same lies in objects (see ``remote_landing``).
"""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any, BinaryIO, Literal, cast

import msgspec
from isal import isal_zlib

from warehouse.clock import utc_now
from warehouse.errors import ArchiveError, HomeError
from warehouse.files import flush, lock_exclusively, sync, write_atomically
from warehouse.landing.journal import Line, encode_line, read_lines

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


class Ignored(msgspec.Struct, frozen=True, kw_only=True, tag="ignored", tag_field="record"):
    """One line of the journal about another one that can't be read and need not be: torn by a crash, or given up.

    ``line_sha256`` is of the bytes of that line without its end.
    """

    line_sha256: str
    reason: str
    decided_at: datetime


class _Name(msgspec.Struct, gc=False):
    record: str
    load_id: str = ""
    line_sha256: str = ""


_LINE = msgspec.json.Decoder(Capture | Decision | Ignored)
_NAME = msgspec.json.Decoder(_Name)
_KINDS = ("capture", "decision", "ignored")


@dataclass(frozen=True)
class Damage:
    """A line of a journal that can't be read. ``is_newer``: because a newer version of the project wrote it.

    ``sha256`` names it in an ``Ignored``; ``load_id`` is that of the capture that it seems to be. ``line`` 0 is the
    journal as a whole.
    """

    journal: str
    line: int
    problem: str
    sha256: str
    load_id: str | None
    is_newer: bool

    def __str__(self) -> str:
        where = f"line {self.line} of " if self.line else ""
        return f"{where}{self.journal} can't be read ({self.problem})"


#: What is called with each damage. Without one, the first raises ArchiveError.
OnDamage = Callable[[Damage], None]

#: What reading a payload raises that is missing or damaged; isal's own types call its error an instance.
UNREADABLE: tuple[type[Exception], ...] = (OSError, EOFError, cast("type[Exception]", isal_zlib.error))
_JOURNAL = re.compile(r".+\.jsonl(\.gz)?")
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")
_PAYLOAD = re.compile(r"([0-9a-f]{64})\.gz")
#: Of ISA-L's levels the last one that is cheap: 3 takes twice its time for a fiftieth less on disk.
GZIP_LEVEL = 2


def identify(listing_date: date | None, observed_at: datetime, sha256s: Sequence[str]) -> str:
    """The load id of a capture: 16 hex digits from its date, its time and its bytes, not from where it lay."""
    moment = observed_at.astimezone(UTC).isoformat(timespec="microseconds")
    text = "\n".join([str(listing_date), moment, *sha256s])
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def open_landing(root: Path | str) -> Landing:
    """The archive in a folder, or below a URL of an object store such as ``s3://bucket/landing``."""
    if "://" in str(root):
        from warehouse.landing.object_store import open_storage
        from warehouse.landing.remote import RemoteLanding

        return RemoteLanding(open_storage(root))
    return Landing(Path(root))


class Landing:
    """The archive in the folder ``root``. Creating the object touches nothing."""

    #: Whether a forked process may read from it as this one does.
    can_fork = True
    #: Whether a crash may leave the last line of a journal half written.
    may_be_torn = True

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
        return bool(self._journals()) or any(True for _ in self.stored_payloads())

    def captures(self, since: date | None = None, on_damage: OnDamage | None = None) -> Iterator[Capture]:
        """Every capture in the order of landing, from the journal of day ``since`` on. Raises ArchiveError."""
        return (line for line in self._lines(since, on_damage=on_damage) if isinstance(line, Capture))

    def decisions(self, since: date | None = None, on_damage: OnDamage | None = None) -> Iterator[Decision]:
        """Every decision of a person, oldest first, from the journal of day ``since`` on. Raises ArchiveError."""
        return (line for line in self._lines(since, on_damage=on_damage) if isinstance(line, Decision))

    def load_ids(self) -> set[str]:
        """The load id of every capture, without reading more of each than that. Raises ArchiveError."""
        return {line.load_id for line in self._lines(None, _NAME) if line.record == "capture"}

    def damages(self) -> list[Damage]:
        """The lines of all journals that can't be read, without those that are given up."""
        found: list[Damage] = []
        for _ in self._lines(None, on_damage=found.append):
            pass
        return found

    def stored_payloads(self) -> Iterator[str]:
        """The sha256 of every payload that is stored, as its name says."""
        folder = Path(self.root) / "payloads"
        for place in sorted(folder.glob("??")):
            for entry in os.scandir(place):
                if match := _PAYLOAD.fullmatch(entry.name):
                    yield match[1]

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
        """The journals in the order of landing. One whose name is no day is read whatever ``since`` is."""
        first = since.isoformat() if since else ""
        found = [path for path in (Path(self.root) / "journal").glob("*.jsonl*") if _JOURNAL.fullmatch(path.name)]
        wanted = [path for path in found if _day(path) >= first or not _DAY.fullmatch(_day(path))]
        # A day that was compressed and then written to again has both.
        return sorted(wanted, key=lambda path: (_day(path), path.suffix != ".gz", path.name))

    def _texts(self, since: date | None) -> Iterator[tuple[str, bytes]]:
        """Name and bytes of each journal. Raises HomeError for one that can't be read at all."""
        for path in self._journals(since):
            try:
                yield f"journal/{path.name}", path.read_bytes()
            except OSError as error:
                raise HomeError(
                    f"{path} can't be read ({error.strerror}): make it readable, then run again; nothing is lost."
                ) from error

    def _lines(
        self, since: date | None, decoder: msgspec.json.Decoder[Any] = _LINE, on_damage: OnDamage | None = None
    ) -> Iterator[Any]:
        return self._decoded(self._texts(since), decoder, on_damage)

    def _decoded(
        self, journals: Iterator[tuple[str, bytes]], decoder: msgspec.json.Decoder[Any], on_damage: OnDamage | None
    ) -> Iterator[Any]:
        given_up: set[str] | None = None
        for name, journal in journals:
            for line in read_lines(journal):
                try:
                    if line.problem:
                        raise msgspec.DecodeError(line.problem)
                    yield decoder.decode(line.record)
                    continue
                except (msgspec.DecodeError, UnicodeDecodeError) as error:
                    if line.is_torn and self.may_be_torn:
                        continue  # what a crash leaves was never acknowledged to anyone
                    damage = _damage(name, line, error)
                if given_up is None:
                    given_up = self._given_up()
                if damage.sha256 in given_up:
                    continue
                if on_damage is None:
                    raise self.error(damage)
                on_damage(damage)

    def _given_up(self) -> set[str]:
        """The sha256 of the lines that need not be read."""
        found = set()
        for _, journal in self._texts(None):
            found |= _given_up_in(journal)
        return found

    def error(self, damage: Damage) -> ArchiveError:
        """A damage as a sentence that says what to do."""
        if damage.is_newer:
            return ArchiveError(
                f"The landing archive {self.root} was written to by a newer version of this program: {damage}. "
                "Upgrade, then run again; nothing is lost."
            )
        return ArchiveError(
            f"The landing archive {self.root} is damaged: {damage}. Nothing was loaded, because the line may name a "
            "load; `papers doctor --archive` says what is affected and what can be done."
        )


def _damage(journal: str, line: Line, error: Exception) -> Damage:
    """What is wrong with a line that does not decode."""
    load_id = re.search(rb'"load_id":"([0-9a-f]{16})","landed_at"', line.raw)
    problem, is_newer = line.problem or "it is no JSON of a capture or a decision", False
    if line.problem is None and isinstance(error, msgspec.ValidationError):
        try:
            kind = _NAME.decode(line.record).record
        except msgspec.DecodeError:
            kind = None
        is_newer = line.is_checked or (kind is not None and kind not in _KINDS)
        problem = f"it holds a record {kind!r} that this version does not know" if is_newer else str(error)
    return Damage(journal, line.number, problem, line.sha256, load_id[1].decode() if load_id else None, is_newer)


def _given_up_in(journal: bytes) -> set[str]:
    """The lines that an ``Ignored`` of this journal is about."""
    found = set()
    for line in read_lines(journal):
        with suppress(msgspec.DecodeError, UnicodeDecodeError):
            if line.problem is None:
                found.add(_NAME.decode(line.record).line_sha256)
    return found


def _day(path: Path) -> str:
    return path.name.partition(".")[0]


def copy_archive(source: Landing, target: Landing, at_once: int = 250) -> tuple[int, int]:
    """Bring an archive up to another one, in the order of landing; returns captures and decisions that were new.

    Payloads are compared with their sha256 as they are read, so what arrives is what was landed. Can be repeated.
    What is damaged costs the rest nothing: ValueError, which names the first of it, is raised after all was copied.
    Raises HomeError when one side can't be used.
    """
    problems: list[str] = []
    known = target.load_ids()
    captures = source.captures(on_damage=lambda damage: problems.append(str(damage)))
    new = list({capture.load_id: capture for capture in captures if capture.load_id not in known}.values())
    for start in range(0, len(new), at_once):
        source.ahead(new[start : start + at_once])
        with target.writing() as batch:
            for capture in new[start : start + at_once]:
                try:
                    bodies = source.read(capture)
                except ValueError as error:
                    problems.append(f"load {capture.load_id} ({capture.source}) was not copied: {error}")
                    continue
                batch.keep(capture, bodies)
    decided = set(target.decisions())
    decisions = [decision for decision in source.decisions(on_damage=lambda _: None) if decision not in decided]
    with target.writing() as batch:
        for decision in decisions:
            batch.decide(decision)
    if problems:
        raise ValueError(f"{problems[0]}" + (f", and {len(problems) - 1} more" if len(problems) > 1 else ""))
    return len(new), len(decisions)


def encoded(record: Capture | Decision | Ignored) -> bytes:
    """A record as a line of a journal."""
    return encode_line(msgspec.json.encode(record))


def _appended(journal: BinaryIO, lines: bytes) -> bytes:
    """What to write at the end of a journal, so that its last line is ended and the new ones follow."""
    journal.seek(0)
    if journal.read(2) == b"\x1f\x8b":
        return gzipped(b"\n" + lines)  # somebody compressed it: its text is that of all members
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
            _LINE.decode(line.record)
    except msgspec.DecodeError:
        torn = Ignored(line_sha256=hashlib.sha256(last).hexdigest(), reason="torn by a crash", decided_at=utc_now())
        return b"\n" + encoded(torn) + lines
    return b"\n" + lines


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
        self._lines: list[Capture | Decision | Ignored] = []
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

    def give_up(self, line_sha256: str, reason: str) -> None:
        """Keep that a line which can't be read need not be."""
        self._lines.append(Ignored(line_sha256=line_sha256, reason=reason, decided_at=utc_now()))

    def commit(self) -> None:
        """Payloads to disk first, then the journal, so that what the journal names is there."""
        if not self._lines:
            return
        self._sync()
        folder = Path(self._landing.root) / "journal"
        folder.mkdir(parents=True, exist_ok=True)
        # A clock set back must not write into a journal that readers have passed.
        days = [day for path in self._landing._journals() if _DAY.fullmatch(day := _day(path))]
        name = max([utc_now().date().isoformat(), *days])
        with open(folder / f"{name}.jsonl", "ab+") as journal:
            lock_exclusively(journal.fileno(), wait=True)
            journal.write(_appended(journal, b"".join(map(encoded, self._lines))))
            flush(journal)
        self._lines = []

    def _write(self, sha256: str, body: bytes) -> None:
        path = self._landing._path(sha256)
        if path.exists() and self._is_whole(path, sha256):
            return
        path.parent.mkdir(parents=True, exist_ok=True)
        write_atomically(path, gzipped(body))
        self._written.append(path)

    def _sync(self) -> None:
        """Every new payload onto the disk: one by one when they are few, the whole system at once when many."""
        if len(self._written) > 16:
            os.sync()
        else:
            for path in self._written:
                sync(path)
        self._written = []

    @staticmethod
    def _is_whole(path: Path, sha256: str) -> bool:
        try:
            return hashlib.sha256(_unpacked(path.read_bytes(), 0)).hexdigest() == sha256
        except UNREADABLE:
            return False
