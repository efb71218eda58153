"""The landing archive: payloads exactly as received, and the journal of captures. Append-only.

Readable without this program::

    landing/payloads/ab/abcd….gz      one payload, gzip, named by the sha256 of what was received
    landing/journal/2026-09-01.jsonl  one JSON object a line: a capture (payloads with url, listing_date,
                                      observed_at, kind) or a person's decision about one. Named by the day of
                                      landing; with a checksum in each line (see ``journal``), read gzipped too

A *capture* is one listing as received once; it becomes one load. A payload is on disk before the journal names it, so a
kill in between leaves at worst an unnamed payload. Only the last line of a journal may be incomplete: another line that
can't be read raises ArchiveError, because it may name a load. ``folder.py`` and ``remote.py`` store the archive.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import msgspec

from sources import DAILY
from warehouse.clock import utc_now
from warehouse.errors import ArchiveError, HomeError
from warehouse.landing.captures import (
    KEY_DECODER,
    RECORD_DECODER,
    Capture,
    Damage,
    Decision,
    Ignored,
    ObservedAtBasis,
    OnDamage,
    PayloadRef,
    Record,
    damage_of,
    ignored_lines,
    load_id_of,
)
from warehouse.landing.journal import read_lines
from warehouse.landing.payloads import UNREADABLE, decompress, sha256_of


class Landing(ABC):
    """An archive; ``root`` is its folder or URL. Creating the object touches nothing."""

    #: Whether a forked process can read from it.
    can_fork: bool
    #: Whether a crash may leave the last line of a journal incomplete.
    may_have_partial_line: bool

    def __init__(self, root: Path | str):
        self.root = root

    @contextmanager
    def writing(self) -> Iterator[LandingBatch]:
        """Land captures; they are durable and named in the journal when the block ends.

        A block that raises names nothing. Raises HomeError when the archive can't be written.
        """
        batch = self._new_batch()
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
        return self._has_journals() or any(True for _ in self.stored_payloads())

    def captures(self, since: date | None = None, on_damage: OnDamage | None = None) -> Iterator[Capture]:
        """Every capture in the order of landing, from the journal of day ``since`` on. Raises ArchiveError."""
        return (record for record in self._records(self._journals(since), on_damage) if isinstance(record, Capture))

    def decisions(self, since: date | None = None, on_damage: OnDamage | None = None) -> Iterator[Decision]:
        """Every decision of a person, oldest first, from the journal of day ``since`` on. Raises ArchiveError."""
        journals = self._decision_journals(since)
        return (record for record in self._records(journals, on_damage) if isinstance(record, Decision))

    def load_ids(self) -> set[str]:
        """The load id of every capture, decoded without the rest of it. Raises ArchiveError."""
        return {
            key.load_id for key in self._records(self._journals(None), None, KEY_DECODER) if key.record == "capture"
        }

    def damages(self) -> list[Damage]:
        """The lines of all journals that can't be read, without the ignored ones."""
        found: list[Damage] = []
        for _ in self._records(self._journals(None), found.append):
            pass
        return found

    @abstractmethod
    def stored_payloads(self) -> Iterator[str]:
        """The sha256 of every payload that is stored, from its name."""

    def prefetch(self, captures: Sequence[Capture]) -> None:  # noqa: B027 - optional
        """Announce which captures are read next. On a disk there is nothing to gain."""

    def read(self, capture: Capture) -> list[bytes]:
        """The payloads as received. Raises ValueError when one is missing or its bytes do not have its sha256."""
        bodies = []
        for ref in capture.payloads:
            try:
                body = decompress(self._read_packed(ref.sha256), ref.size)
            except UNREADABLE as error:
                raise ValueError(f"payload {ref.sha256} can't be read: {error}") from error
            if sha256_of(body) != ref.sha256:
                raise ValueError(f"payload {ref.sha256} holds other bytes than were landed")
            bodies.append(body)
        return bodies

    def error(self, damage: Damage) -> ArchiveError:
        """The error for a damage, with the remedy."""
        if damage.is_newer:
            return ArchiveError(
                f"The landing archive {self.root} was written to by a newer version of this program: {damage}. "
                "Upgrade, then run again; nothing is lost."
            )
        return ArchiveError(
            f"The landing archive {self.root} is damaged: {damage}. Nothing was loaded, because the line may name a "
            "load; `papers doctor --archive` says what is affected and what can be done."
        )

    @abstractmethod
    def _new_batch(self) -> LandingBatch: ...

    @abstractmethod
    def _has_journals(self) -> bool: ...

    @abstractmethod
    def _journals(self, since: date | None) -> Iterable[tuple[str, bytes]]:
        """Name and bytes of each journal from a day on, in the order of landing. Raises HomeError."""

    @abstractmethod
    def _decision_journals(self, since: date | None) -> Iterable[tuple[str, bytes]]:
        """The journals with decisions and ignored lines."""

    @abstractmethod
    def _read_packed(self, sha256: str) -> bytes:
        """A payload as it is stored. Raises OSError."""

    def _records(
        self,
        journals: Iterable[tuple[str, bytes]],
        on_damage: OnDamage | None,
        decoder: msgspec.json.Decoder[Any] = RECORD_DECODER,
    ) -> Iterator[Any]:
        ignored: set[str] | None = None
        for name, journal in journals:
            for line in read_lines(journal):
                try:
                    if line.problem:
                        raise msgspec.DecodeError(line.problem)
                    yield decoder.decode(line.record)
                    continue
                except (msgspec.DecodeError, UnicodeDecodeError) as error:
                    if line.is_partial and self.may_have_partial_line:
                        continue  # a crash interrupted its writer, who never reported success
                    damage = damage_of(name, line, error)
                if ignored is None:
                    ignored = {sha256 for _, body in self._decision_journals(None) for sha256 in ignored_lines(body)}
                if damage.sha256 in ignored:
                    continue
                if on_damage is None:
                    raise self.error(damage)
                on_damage(damage)


class LandingBatch(ABC):
    """Records to be added to an archive together. Made by ``Landing.writing``."""

    def __init__(self, landing: Landing):
        self._landing = landing
        self._known_ids: set[str] | None = None
        self._new_ids: set[str] = set()
        self._records: list[Record] = []

    def land(
        self,
        payloads: Sequence[tuple[str, bytes]],
        *,
        source: str,
        listing_date: date | None,
        observed_at: datetime,
        observed_at_basis: ObservedAtBasis,
        note: str | None = None,
        kind: str = DAILY,
        paper_id: str | None = None,
        status: int | None = None,
    ) -> tuple[str, bool]:
        """Add one capture: (url, bytes) of each payload. Returns its load id and whether it is new here."""
        if observed_at.tzinfo is None:
            raise ValueError("observed_at needs a time zone")
        hashes = [sha256_of(body) for _, body in payloads]
        load_id = load_id_of(listing_date, observed_at, hashes, kind, paper_id)
        # A capture that was observed just now, or has a payload that the archive lacks, can't have landed before.
        may_be_known = observed_at_basis != "clock" and all(map(self._may_have_payload, hashes))
        if load_id in self._new_ids or (may_be_known and load_id in self._landed_ids()):
            return load_id, False
        for sha256, (_, body) in zip(hashes, payloads, strict=True):
            self._write_payload(sha256, body)
        self._new_ids.add(load_id)
        self._records.append(
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
                kind=kind,
                paper_id=paper_id,
                status=status,
            )
        )
        return load_id, True

    def add_capture(self, capture: Capture, bodies: Sequence[bytes]) -> None:
        """Add a capture of another archive unchanged: its id, its time of landing, its payloads."""
        for ref, body in zip(capture.payloads, bodies, strict=True):
            self._write_payload(ref.sha256, body)
        self._records.append(capture)

    def add_decision(self, decision: Decision) -> None:
        """Add a person's decision."""
        self._records.append(decision)

    def ignore_line(self, line_sha256: str, reason: str) -> None:
        """Add that readers skip a damaged line."""
        self._records.append(Ignored(line_sha256=line_sha256, reason=reason, decided_at=utc_now()))

    @abstractmethod
    def commit(self) -> None:
        """Write the payloads, then the journal, so that what the journal names exists. Raises OSError."""

    @abstractmethod
    def _may_have_payload(self, sha256: str) -> bool:
        """False where the archive lacks a payload for certain."""

    @abstractmethod
    def _write_payload(self, sha256: str, body: bytes) -> None: ...

    def _landed_ids(self) -> set[str]:
        """The load ids of the whole archive, read at the first call."""
        if self._known_ids is None:
            self._known_ids = self._landing.load_ids()
        return self._known_ids
