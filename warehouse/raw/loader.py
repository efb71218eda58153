"""Loads captures into the raw tables: in chunks, in several processes where there is much to read.

A capture that broke an earlier run is read alone, in a process of its own; one that fails there too becomes a rejected
load. Belongs here: which captures are read where and when. Does not belong here: the rows of a capture (``reader.py``),
the tables (``store.py``).
"""

from __future__ import annotations

import logging
import sys
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from itertools import groupby

import duckdb

from warehouse.database import scalar
from warehouse.errors import GateError, WarehouseError
from warehouse.landing.archive import Landing
from warehouse.landing.captures import Capture
from warehouse.processes import available, parallel_streams, run_isolated
from warehouse.raw.attempts import Attempts
from warehouse.raw.reader import LoadResult, Part, Reader
from warehouse.raw.store import RawStore, newest_landing_date, unloaded

logger = logging.getLogger(__name__)

#: Bounds of one transaction: they bound memory, and what is read again after a kill.
MAX_CHUNK_LOADS, MAX_CHUNK_BYTES = 2000, 64 * 2**20
#: Payloads of more bytes are read in several processes.
MIN_FORK_BYTES = 16 * 2**20
#: Memory of the process that reads one load alone.
MAX_ALONE_MEMORY_BYTES = 4 * 2**30
_MAX_REASON_CHARACTERS = 500
#: Chunks that may be in progress at once: one that is appended, and one that each process has read in advance.
_CHUNKS_IN_PROGRESS = 3
#: Errors of the machine or the home, for which no load is rejected.
_NOT_OF_A_LOAD = (
    *(WarehouseError, OSError, duckdb.IOException, duckdb.FatalException, duckdb.InternalException),
    *(duckdb.OutOfMemoryException, duckdb.InterruptException),
)

#: A capture with its load number.
Numbered = tuple[int, Capture]


def load_landed(
    raw: RawStore, landing: Landing, run_id: str, on_load: Callable[[LoadResult], None] | None = None
) -> list[LoadResult]:
    """Load what is landed and not yet loaded, in the order of landing, then apply people's decisions.

    Each chunk is one transaction: after a kill nothing is lost and at most one chunk is read again.
    """
    since = newest_landing_date(raw.connection)
    first = scalar(raw.connection, "select coalesce(max(load_number), 0) + 1 from raw.loads")
    results: list[LoadResult] = []
    for loaded in _load(raw, landing, list(enumerate(unloaded(raw.connection, landing), first)), run_id):
        results += loaded
        for result in loaded:
            logger.debug("Loaded %s: %s", result.source, result.reason or f"{result.entries} entries")
            if on_load:
                on_load(result)
    # Older decisions were applied by the run that loaded the captures of their day.
    raw.apply_decisions(landing, since)
    return results


def parse_again(
    raw: RawStore, landing: Landing, load_id: str, run_id: str, record: Callable[[], None] | None = None
) -> LoadResult:
    """Replace the rows of one load by those of today's parser; its verdict is pending again.

    One transaction, together with what ``record`` writes: after a kill there are the old rows or the new ones.
    Decisions of people about the load are applied again. Raises KeyError when the archive has no such load, GateError
    when its payloads are damaged or rows of an accepted load would be lost.
    """
    capture = next((c for c in landing.captures() if c.load_id == load_id), None)
    if capture is None:
        raise KeyError(load_id)
    query = "select load_number, verdict from raw.loads where load_id = ?"
    ((number, verdict),) = raw.connection.execute(query, [load_id]).fetchall()
    reader = Reader(run_id)
    result = reader.add(landing, capture, number)
    if result.reason and (verdict == "accepted" or result.reason.startswith("damaged_payload")):
        raise GateError(
            f"Load {load_id} can't be read again ({result.reason}). Its rows stay as they are; "
            "`papers doctor --archive` says what is damaged."
        )
    with raw.transaction():
        if record:
            record()
        for table in ("loads", "entries", "paper_totals", "quarantine", "fields_seen"):
            raw.connection.execute(f"delete from raw.{table} where load_id = ?", [load_id])
        raw.append_part(reader.take())
    attempts = Attempts(raw.folder)
    if attempts.is_suspect(load_id):
        attempts.end_alone(load_id, is_loaded=True)
    raw.apply_decisions(landing)
    return result


def _load(raw: RawStore, landing: Landing, numbered: Sequence[Numbered], run_id: str) -> Iterator[list[LoadResult]]:
    """Load captures in chunks, and those that broke an earlier attempt one at a time."""
    attempts = Attempts(raw.folder)
    groups = groupby(numbered, lambda one: attempts.is_suspect(one[1].load_id))
    waiting = deque((is_suspect, list(group)) for is_suspect, group in groups)
    while waiting:
        is_suspect, group = waiting.popleft()
        if is_suspect:
            for number, capture in group:
                yield [_load_alone(raw, landing, capture, number, run_id, attempts)]
            continue
        loaded = 0
        try:
            for results in _load_chunks(raw, landing, group, run_id, attempts):
                loaded += len(results)
                yield results
        except _NOT_OF_A_LOAD:
            raise
        except Exception:
            # The cause may be any load of the chunks in progress.
            end = loaded + sum(map(len, chunked(group[loaded:])[:_CHUNKS_IN_PROGRESS]))
            waiting.extendleft(part for part in ((False, group[end:]), (True, group[loaded:end])) if part[1])
    attempts.end()


def _load_chunks(
    raw: RawStore, landing: Landing, numbered: Sequence[Numbered], run_id: str, attempts: Attempts
) -> Iterator[list[LoadResult]]:
    chunks = chunked(numbered)

    def record_in_progress(start: int) -> None:
        in_progress = chunks[start : start + _CHUNKS_IN_PROGRESS]
        attempts.start(capture.load_id for chunk in in_progress for _, capture in chunk)

    record_in_progress(0)
    with read_chunks(landing, chunks, run_id) as read:
        for done, parts in enumerate(read, start=1):
            with raw.transaction():
                for part in parts:
                    raw.append_part(part)
            if chunks[done:]:
                record_in_progress(done)
            yield [result for _, result in sorted(one for part in parts for one in part.results)]


def _load_alone(
    raw: RawStore, landing: Landing, capture: Capture, number: int, run_id: str, attempts: Attempts
) -> LoadResult:
    """Load one capture by itself, or reject it."""
    reason = "the program ended each time it was read"
    if not attempts.is_hopeless(capture.load_id):
        attempts.start_alone(capture.load_id)
        try:
            part = read_alone(landing, capture, number, run_id)
            with raw.transaction():
                raw.append_part(part)
            attempts.end_alone(capture.load_id, is_loaded=True)
            return part.results[0][1]
        except _NOT_OF_A_LOAD:
            raise
        except Exception as error:
            reason = " ".join(str(error).split())[:_MAX_REASON_CHARACTERS]
    reader = Reader(run_id)
    remedy = f"`papers rebuild --load {capture.load_id}` tries again after an upgrade"
    result = reader.add_unreadable(capture, number, f"{reason}; {remedy}")
    with raw.transaction():
        raw.append_part(reader.take())
    attempts.end_alone(capture.load_id, is_loaded=False)
    return result


def read_alone(landing: Landing, capture: Capture, number: int, run_id: str) -> Part:
    """Read one capture, in a process of its own where processes can be forked. Raises RuntimeError when that dies."""

    def read() -> Part:
        reader = Reader(run_id)
        reader.add(landing, capture, number)
        return reader.take()

    if landing.can_fork and sys.platform == "linux":
        return run_isolated(read, MAX_ALONE_MEMORY_BYTES)
    return read()


def chunked(numbered: Sequence[Numbered]) -> list[Sequence[Numbered]]:
    """Captures by transaction."""
    chunks = []
    start = size = 0
    for index, (_, capture) in enumerate(numbered, start=1):
        size += capture.size
        if index - start == MAX_CHUNK_LOADS or size >= MAX_CHUNK_BYTES or index == len(numbered):
            chunks.append(numbered[start:index])
            start, size = index, 0
    return chunks


@contextmanager
def read_chunks(
    landing: Landing, chunks: Sequence[Sequence[Numbered]], run_id: str
) -> Iterator[Iterator[tuple[Part, ...]]]:
    """The parts of one chunk after the other.

    All captures of one listing date are read by one process, which recognizes the entries that it has read before.
    """
    processes = 1
    if landing.can_fork and sum(capture.size for chunk in chunks for _, capture in chunk) > MIN_FORK_BYTES:
        processes = available()
    shares = [partial(_read_share, landing, chunks, run_id, process, processes) for process in range(processes)]
    with parallel_streams(shares) as parts:
        yield zip(*parts, strict=True)


def _read_share(
    landing: Landing, chunks: Sequence[Sequence[Numbered]], run_id: str, process: int, processes: int
) -> Iterator[Part]:
    """The part of each chunk that one of several processes reads."""
    reader = Reader(run_id)
    for chunk in chunks:
        share = [(number, capture) for number, capture in chunk if _share_key(number, capture) % processes == process]
        landing.prefetch([capture for _, capture in share])
        for number, capture in share:
            reader.add(landing, capture, number)
        yield reader.take()


def _share_key(number: int, capture: Capture) -> int:
    return capture.listing_date.toordinal() if capture.listing_date else number
