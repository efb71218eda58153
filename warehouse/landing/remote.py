"""The landing archive on an object store. Objects can't be appended to: one journal object a commit, not one a day.

    payloads/ab/abcd….gz                  as in a folder
    journal/2026-09-01/080000….jsonl      the captures of one commit, named by its time and bytes
    decisions/20260901T080000….jsonl      decisions of people and ignored lines: each run reads them all, so they are
                                          apart from the captures

An object appears whole, and payloads are written before the journal that names them. So a kill in between leaves at
worst an unnamed payload, as in a folder, and two writers can't damage each other's objects.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date, datetime, timedelta

from warehouse.clock import utc_now
from warehouse.landing.archive import Landing, LandingBatch
from warehouse.landing.captures import Capture, Record, encode_record
from warehouse.landing.object_store import Storage
from warehouse.landing.payloads import PAYLOAD_NAME, compress, payload_path, sha256_of

#: Objects that are fetched or written concurrently: bounds memory.
_MAX_CONCURRENT = 64
_MOMENT = "%Y-%m-%d/%H%M%S%f"


class RemoteLanding(Landing):
    """The archive below a prefix of an object store."""

    can_fork = False  # a connection serves one process
    may_have_partial_line = False  # an object appears whole

    def __init__(self, storage: Storage):
        super().__init__(storage.root)
        self.storage = storage
        self._fetched: dict[str, bytes] = {}

    def stored_payloads(self) -> Iterator[str]:
        for folder in self.storage.names("payloads"):
            for name in self.storage.names(f"payloads/{folder}"):
                if match := PAYLOAD_NAME.fullmatch(name):
                    yield match[1]

    def prefetch(self, captures: Sequence[Capture]) -> None:
        """Fetch the payloads of the captures that are read next, concurrently; reading one drops it."""
        names = sorted({payload_path(ref.sha256) for capture in captures for ref in capture.payloads})
        self._fetched = {}
        for start in range(0, len(names), _MAX_CONCURRENT):
            some = names[start : start + _MAX_CONCURRENT]
            try:
                self._fetched.update(zip(some, self.storage.read_all(some), strict=True))
            except FileNotFoundError:
                continue  # reading the missing one raises

    def last_commit_at(self) -> datetime | None:
        """The time (UTC) in the name of the last commit."""
        for day in reversed(self.storage.names("journal")):
            if names := self.storage.names(f"journal/{day}"):
                return datetime.strptime(f"{day}/{names[-1].partition('-')[0]}+0000", f"{_MOMENT}%z")
        return None

    def _new_batch(self) -> LandingBatch:
        return _RemoteBatch(self)

    def _has_journals(self) -> bool:
        return bool(self.storage.names("journal"))

    def _journals(self, since: date | None) -> Iterator[tuple[str, bytes]]:
        first = since.isoformat() if since else ""
        for day in self.storage.names("journal"):
            if day >= first:
                yield from self._read_all([f"journal/{day}/{name}" for name in self.storage.names(f"journal/{day}")])

    def _decision_journals(self, since: date | None) -> Iterator[tuple[str, bytes]]:
        first = f"{since:%Y%m%d}" if since else ""
        return self._read_all([f"decisions/{name}" for name in self.storage.names("decisions") if name >= first])

    def _read_packed(self, sha256: str) -> bytes:
        name = payload_path(sha256)
        return self._fetched.pop(name, None) or self.storage.read(name)

    def _read_all(self, names: Sequence[str]) -> Iterator[tuple[str, bytes]]:
        """Name and bytes of each of these objects."""
        for start in range(0, len(names), _MAX_CONCURRENT):
            some = names[start : start + _MAX_CONCURRENT]
            yield from zip(some, self.storage.read_all(some), strict=True)


class _RemoteBatch(LandingBatch):
    _landing: RemoteLanding

    def __init__(self, landing: RemoteLanding):
        super().__init__(landing)
        self._unwritten: dict[str, bytes] = {}

    def commit(self) -> None:
        if not self._records:
            return
        self._write_payloads()
        storage = self._landing.storage
        captures = [record for record in self._records if isinstance(record, Capture)]
        decisions = [record for record in self._records if not isinstance(record, Capture)]
        moment = utc_now()
        if captures:
            # After a clock was set back, names still increase: readers read from a day on.
            last = self._landing.last_commit_at()
            if last and last >= moment:
                moment = last + timedelta(microseconds=1)
            body = _journal(captures)
            storage.write(f"journal/{moment.strftime(_MOMENT)}-{sha256_of(body)[:12]}.jsonl", body)
        if decisions:
            body = _journal(decisions)
            name = f"{moment:%Y%m%dT%H%M%S%f}"
            newest_name = max((name, *(known.partition("-")[0] for known in storage.names("decisions"))))
            storage.write(f"decisions/{newest_name}-{sha256_of(body)[:12]}.jsonl", body)
        self._records = []

    def _may_have_payload(self, sha256: str) -> bool:
        return True  # reading all journals is cheaper than one request for each payload

    def _write_payload(self, sha256: str, body: bytes) -> None:
        self._unwritten[payload_path(sha256)] = compress(body)
        if len(self._unwritten) == _MAX_CONCURRENT:
            self._write_payloads()

    def _write_payloads(self) -> None:
        self._landing.storage.write_all(self._unwritten)
        self._unwritten = {}


def _journal(records: Sequence[Record]) -> bytes:
    return b"".join(map(encode_record, records))
