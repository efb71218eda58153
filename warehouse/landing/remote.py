"""The landing archive on an object store, which can't append: one object a commit instead of one journal a day.

    payloads/ab/abcd….gz                  as in a folder
    journal/2026-09-01/080000….jsonl      the captures of one commit, named by the moment and the bytes
    decisions/20260901T080000….jsonl      decisions of people, and lines given up: read as a whole each run, so
                                          apart from the captures

An object appears whole, and payloads are written before the journal that names them; so what is true of the archive in
a folder is true here: a kill in between leaves at worst an unnamed payload. Two writers can't harm each other.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from datetime import date, datetime, timedelta

from warehouse.clock import utc_now
from warehouse.landing.archive import (
    _LINE,
    _PAYLOAD,
    Capture,
    Decision,
    Ignored,
    Landing,
    LandingBatch,
    OnDamage,
    _given_up_in,
    encoded,
    gzipped,
)
from warehouse.landing.object_store import Storage

#: Journals or payloads that are fetched side by side: bounds memory.
_AT_ONCE = 64
_MOMENT = "%Y-%m-%d/%H%M%S%f"


class RemoteLanding(Landing):
    """The archive below a prefix of an object store."""

    #: A connection serves one process.
    can_fork = False
    #: An object appears whole.
    may_be_torn = False

    def __init__(self, storage: Storage):
        self.root = storage.root
        self.storage = storage
        self._fetched: dict[str, bytes] = {}

    def decisions(self, since: date | None = None, on_damage: OnDamage | None = None) -> Iterator[Decision]:
        lines = self._decoded(self._fetched_texts(self._decided(since)), _LINE, on_damage)
        return (line for line in lines if isinstance(line, Decision))

    def stored_payloads(self) -> Iterator[str]:
        for place in self.storage.names("payloads"):
            for name in self.storage.names(f"payloads/{place}"):
                if match := _PAYLOAD.fullmatch(name):
                    yield match[1]

    def ahead(self, captures: Sequence[Capture]) -> None:
        """Fetch the payloads of captures that will be read next, side by side; each is dropped when it is read."""
        wanted = {self._name(ref.sha256) for capture in captures for ref in capture.payloads}
        self._fetched = {}
        present = sorted(wanted)
        for start in range(0, len(present), _AT_ONCE):
            names = present[start : start + _AT_ONCE]
            try:
                self._fetched.update(zip(names, self.storage.read_all(names), strict=True))
            except FileNotFoundError:
                continue  # the one that is missing is told of when it is read

    def newest(self) -> datetime | None:
        """When the last commit was named, UTC."""
        for day in reversed(self.storage.names("journal")):
            if moments := self.storage.names(f"journal/{day}"):
                return datetime.strptime(f"{day}/{moments[-1].partition('-')[0]}+0000", f"{_MOMENT}%z")
        return None

    def _batch(self) -> LandingBatch:
        return _RemoteBatch(self)

    def _packed(self, sha256: str) -> bytes:
        name = self._name(sha256)
        return self._fetched.pop(name, None) or self.storage.read(name)

    def _may_have(self, sha256: str) -> bool:
        return True  # the journals are read as a whole instead of asking for each payload

    def _journals(self, since: date | None = None) -> list[str]:  # type: ignore[override]
        first = since.isoformat() if since else ""
        return [day for day in self.storage.names("journal") if day >= first]

    def _texts(self, since: date | None) -> Iterator[tuple[str, bytes]]:
        for day in self._journals(since):
            yield from self._fetched_texts([f"journal/{day}/{name}" for name in self.storage.names(f"journal/{day}")])

    def _given_up(self) -> set[str]:
        return {sha for _, body in self._fetched_texts(self._decided(None)) for sha in _given_up_in(body)}

    def _decided(self, since: date | None) -> list[str]:
        """The names of the objects with decisions, from a day on."""
        first = f"{since:%Y%m%d}" if since else ""
        return [f"decisions/{name}" for name in self.storage.names("decisions") if name >= first]

    def _fetched_texts(self, names: Sequence[str]) -> Iterator[tuple[str, bytes]]:
        """Name and bytes of each of these objects, which are fetched some at a time."""
        for start in range(0, len(names), _AT_ONCE):
            some = names[start : start + _AT_ONCE]
            yield from zip(some, self.storage.read_all(some), strict=True)

    @staticmethod
    def _name(sha256: str) -> str:
        return f"payloads/{sha256[:2]}/{sha256}.gz"


class _RemoteBatch(LandingBatch):
    """Captures on their way into the archive."""

    _landing: RemoteLanding

    def __init__(self, landing: RemoteLanding):
        super().__init__(landing)
        self._waiting: dict[str, bytes] = {}

    def commit(self) -> None:
        if not self._lines:
            return
        self._sync()
        storage = self._landing.storage
        captures = [line for line in self._lines if isinstance(line, Capture)]
        decisions = [line for line in self._lines if not isinstance(line, Capture)]
        moment = utc_now()
        if captures:
            # A clock set back must not write before what readers have passed.
            newest = self._landing.newest()
            if newest and newest >= moment:
                moment = newest + timedelta(microseconds=1)
            body = _journal(captures)
            storage.write(f"journal/{moment.strftime(_MOMENT)}-{_digest(body)}.jsonl", body)
        if decisions:
            body = _journal(decisions)
            name = f"{moment:%Y%m%dT%H%M%S%f}"
            newest_name = max((name, *(known.partition("-")[0] for known in storage.names("decisions"))))
            storage.write(f"decisions/{newest_name}-{_digest(body)}.jsonl", body)
        self._lines = []

    def _write(self, sha256: str, body: bytes) -> None:
        self._waiting[self._landing._name(sha256)] = gzipped(body)
        if len(self._waiting) == _AT_ONCE:
            self._sync()

    def _sync(self) -> None:
        self._landing.storage.write_all(self._waiting)
        self._waiting = {}


def _journal(lines: Sequence[Capture | Decision | Ignored]) -> bytes:
    return b"".join(map(encoded, lines))


def _digest(body: bytes) -> str:
    return hashlib.sha256(body).hexdigest()[:12]
