"""Records of the landing journal: captures, decisions of people, and lines to ignore.

Belongs here: the records, how a line is read and written, what is wrong with a damaged line. Does not belong here:
where journals are stored (``folder.py``, ``remote.py``), checksums of lines (``journal.py``).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Literal

import msgspec

from sources import DAILY
from warehouse.landing.journal import Line, encode_line, read_lines
from warehouse.landing.payloads import sha256_of

ObservedAtBasis = Literal["clock", "option", "manifest", "file name", "file time"]


class PayloadRef(msgspec.Struct, frozen=True):
    """One payload of a capture: its name in the archive, its size in bytes and where it came from."""

    sha256: str
    size: int
    url: str


class Capture(msgspec.Struct, frozen=True, kw_only=True, tag="capture", tag_field="record"):
    """A listing as received once: all pages of one fetch, or one file.

    ``load_id`` is derived from the content, so the same file imported twice is the same capture. ``observed_at`` (UTC)
    is the moment of the observation, ``observed_at_basis`` where it comes from. ``source`` is the address that was
    fetched or the file that was imported; ``kind`` selects the parser. ``paper_id`` is the paper asked for, and
    ``status`` the HTTP status of the answer; both are for captures of one paper only. Lines of versions that had no
    other kind than ``daily`` lack the last three fields.
    """

    load_id: str
    landed_at: datetime
    source: str
    listing_date: date | None
    observed_at: datetime
    observed_at_basis: ObservedAtBasis
    payloads: tuple[PayloadRef, ...]
    note: str | None = None
    kind: str = DAILY
    paper_id: str | None = None
    status: int | None = None

    @property
    def size(self) -> int:
        """Bytes of all its payloads, as received."""
        return sum(payload.size for payload in self.payloads)


class Decision(msgspec.Struct, frozen=True, kw_only=True, tag="decision", tag_field="record"):
    """A person's verdict on a load. It is in the archive so that a rebuild applies it too."""

    load_id: str
    verdict: Literal["accepted"]
    reason: str
    decided_by: str
    decided_at: datetime


class Ignored(msgspec.Struct, frozen=True, kw_only=True, tag="ignored", tag_field="record"):
    """A damaged line that readers skip: cut off by a crash, or lost by a person's decision.

    ``line_sha256`` is the SHA-256 of that line without its line break.
    """

    line_sha256: str
    reason: str
    decided_at: datetime


Record = Capture | Decision | Ignored


class RecordKey(msgspec.Struct, gc=False):
    """The identifying fields of a record, which decode faster than the whole."""

    record: str
    load_id: str = ""
    line_sha256: str = ""


RECORD_DECODER = msgspec.json.Decoder(Record)
KEY_DECODER = msgspec.json.Decoder(RecordKey)
_RECORD_TAGS = ("capture", "decision", "ignored")
_LOAD_ID_OF_CAPTURE = re.compile(rb'"load_id":"([0-9a-f]{16})","landed_at"')


@dataclass(frozen=True)
class Damage:
    """A line of a journal that can't be read. ``is_newer``: because a newer version of the project wrote it.

    ``sha256`` identifies the line in an ``Ignored``; ``load_id`` is that of the capture that it seems to be. ``line`` 0
    is the journal as a whole.
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


#: Called with each damage. Without it, the first damage raises ArchiveError.
OnDamage = Callable[[Damage], None]


def load_id_of(
    listing_date: date | None,
    observed_at: datetime,
    sha256s: Sequence[str],
    kind: str = DAILY,
    paper_id: str | None = None,
) -> str:
    """The load id of a capture: 16 hex digits from its date, time, bytes, kind and paper, not from file or address."""
    moment = observed_at.astimezone(UTC).isoformat(timespec="microseconds")
    # Ids of daily listings are older than kinds.
    parts = [str(listing_date), moment, *sha256s, *([kind] if kind != DAILY else []), *([paper_id] if paper_id else [])]
    return sha256_of("\n".join(parts).encode())[:16]


def encode_record(record: Record) -> bytes:
    """A record as a line of a journal."""
    return encode_line(msgspec.json.encode(record))


def damage_of(journal: str, line: Line, error: Exception) -> Damage:
    """What is wrong with a line that does not decode."""
    load_id = _LOAD_ID_OF_CAPTURE.search(line.raw)
    problem, is_newer = line.problem or "it is no JSON of a capture or a decision", False
    if line.problem is None and isinstance(error, msgspec.ValidationError):
        try:
            tag = KEY_DECODER.decode(line.record).record
        except msgspec.DecodeError:
            tag = None
        is_newer = line.is_checked or (tag is not None and tag not in _RECORD_TAGS)
        problem = f"it holds a record {tag!r} that this version does not support" if is_newer else str(error)
    return Damage(journal, line.number, problem, line.sha256, load_id[1].decode() if load_id else None, is_newer)


def ignored_lines(journal: bytes) -> set[str]:
    """The SHA-256 of the lines that the ``Ignored`` records of a journal name."""
    found = set()
    for line in read_lines(journal):
        with suppress(msgspec.DecodeError, UnicodeDecodeError):
            if line.problem is None:
                found.add(KEY_DECODER.decode(line.record).line_sha256)
    return found
