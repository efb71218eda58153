"""Compares the landing archive with the tables made from it: which loads and payloads a rebuild would miss.

Belongs here: lost loads, and restoring their lines from the tables. Does not belong here: the archive itself
(``landing/``), the raw tables (``store.py``).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import duckdb
import msgspec

from sources import DAILY
from warehouse.database import open_database
from warehouse.errors import DamagedError, GateError
from warehouse.landing.archive import Landing
from warehouse.landing.captures import Capture, Damage, PayloadRef, load_id_of
from warehouse.raw.reader import LoadResult

_COLUMNS = "load_id, {source}, listing_date, observed_at, observed_at_basis, landed_at, landing_note, payload_sha256"
#: Columns that tables of older versions lack, and what their loads have instead.
_LATER_COLUMNS = {"capture_kind": "'daily'", "paper_id": "null", "http_status": "null"}


@dataclass(frozen=True)
class KnownLoad:
    """A load as in the raw tables or the published file. Times are UTC."""

    load_id: str
    source: str
    listing_date: date | None
    observed_at: datetime
    observed_at_basis: str
    landed_at: datetime
    note: str | None
    payloads: tuple[str, ...]
    kind: str
    paper_id: str | None
    http_status: int | None
    is_accepted: bool

    def __str__(self) -> str:
        about = self.listing_date or ("no date" if self.kind == DAILY else self.paper_id or self.kind)
        return f"{self.load_id} ({self.source}, {about})"


@dataclass(frozen=True)
class ArchiveState:
    """What is wrong with an archive.

    ``lost``: loads that are known and that no line names. ``unnamed``: sha256 of payloads that no line names; a kill
    while something landed leaves some. ``unreadable``: captures whose payloads can't be read, with the reason.
    """

    captures: int
    damages: tuple[Damage, ...]
    lost: tuple[KnownLoad, ...]
    unnamed: tuple[str, ...]
    unreadable: tuple[tuple[Capture, str], ...]

    @property
    def is_whole(self) -> bool:
        """Whether everything that is known can be read from it."""
        return not (self.damages or self.lost or self.unreadable)


def known_loads(raw: Path, published: Path | None) -> dict[str, KnownLoad]:
    """The loads of the raw tables and of the published file. A missing or damaged file has none.

    Where both have a load, a rejection in the raw tables is the newer verdict.
    """
    found = {}
    if published is not None:
        found = _loads_of(published, "marts.ops_loads", "load_source")
    for load_id, load in _loads_of(raw, "raw.loads", "source").items():
        known = found.get(load_id)
        found[load_id] = load if known is None or load[1] != "pending" else (load[0], known[1])
    return {load_id: _known(row, verdict) for load_id, (row, verdict) in found.items()}


def _loads_of(path: Path, table: str, source: str) -> dict[str, tuple[tuple[Any, ...], str]]:
    if not path.is_file():
        return {}
    try:
        with open_database(path, read_only=True) as connection:
            existing = {row[0] for row in connection.execute(f"describe {table}").fetchall()}
            later = ", ".join(name if name in existing else value for name, value in _LATER_COLUMNS.items())
            query = f"select {_COLUMNS.format(source=source)}, {later}, verdict from {table}"
            return {row[0]: (row[:-1], row[-1]) for row in connection.execute(query).fetchall()}
    except (DamagedError, duckdb.Error):
        return {}


def _known(row: tuple[Any, ...], verdict: str) -> KnownLoad:
    load_id, source, listing_date, observed_at, basis, landed_at, note, payloads, kind, paper_id, http_status = row
    return KnownLoad(
        load_id,
        source,
        listing_date,
        observed_at,
        basis,
        landed_at,
        note,
        tuple(payloads.split()),
        kind or DAILY,
        paper_id,
        http_status,
        is_accepted=verdict == "accepted",
    )


def check_archive(
    landing: Landing, known: dict[str, KnownLoad], on_capture: Callable[[], None] | None = None
) -> ArchiveState:
    """Read the whole archive, every payload included."""
    damages: list[Damage] = []
    captures = {capture.load_id: capture for capture in landing.captures(on_damage=damages.append)}
    unreadable = []
    for capture in captures.values():
        try:
            landing.read(capture)
        except ValueError as error:
            unreadable.append((capture, str(error)))
        if on_capture:
            on_capture()
    return ArchiveState(
        len(captures), tuple(damages), lost_loads(known, captures), unnamed(landing, captures), tuple(unreadable)
    )


def lost_loads(known: dict[str, KnownLoad], captures: dict[str, Capture]) -> tuple[KnownLoad, ...]:
    """The known loads that no line of the archive names."""
    return tuple(load for load_id, load in known.items() if load_id not in captures)


def unnamed(landing: Landing, captures: dict[str, Capture]) -> tuple[str, ...]:
    """The sha256 of the payloads that no line of the archive names."""
    named = {ref.sha256 for capture in captures.values() for ref in capture.payloads}
    return tuple(sorted(set(landing.stored_payloads()) - named))


def restore_lines(landing: Landing, loads: Sequence[KnownLoad]) -> tuple[list[KnownLoad], list[str]]:
    """Write the lines of known loads again whose payloads are whole; returns them, and why others could not be."""
    restored, problems = [], []
    with landing.writing() as batch:
        for load in loads:
            observed_at = load.observed_at.replace(tzinfo=UTC)
            # The tables have the date and the paper, which may come from the payload; the archive what was asked for.
            asked = [
                (day, paper_id)
                for day in (load.listing_date, None)
                for paper_id in (load.paper_id, None)
                if load_id_of(day, observed_at, load.payloads, load.kind, paper_id) == load.load_id
            ]
            if not asked:
                problems.append(f"{load}: its id does not match its date, time, kind and payloads in the tables")
                continue
            capture = Capture(
                load_id=load.load_id,
                landed_at=load.landed_at.replace(tzinfo=UTC),
                source=load.source,
                listing_date=asked[0][0],
                observed_at=observed_at,
                observed_at_basis=load.observed_at_basis,  # type: ignore[arg-type]
                payloads=tuple(PayloadRef(sha256, 0, load.source) for sha256 in load.payloads),
                note=load.note,
                kind=load.kind,
                paper_id=asked[0][1],
                status=load.http_status,
            )
            try:
                bodies = landing.read(capture)
            except ValueError as error:
                problems.append(f"{load}: {error}")
                continue
            refs = zip(capture.payloads, bodies, strict=True)
            sized = tuple(msgspec.structs.replace(ref, size=len(body)) for ref, body in refs)
            batch.add_capture(msgspec.structs.replace(capture, payloads=sized), bodies)
            restored.append(load)
    return restored, problems


class RebuildGuard:
    """Stops a rebuild that would publish fewer accepted loads than before, unless a person accepts the loss.

    ``known``: the loads from before the rebuild; ``accepted_loss``: why they may be fewer, if they may. Call
    ``check_archive`` before it and ``check_loads`` with what it loaded; each raises GateError, which names the loads
    and the ways out, and nothing was changed by then.
    """

    def __init__(self, landing: Landing, known: dict[str, KnownLoad], *, accepted_loss: str | None = None):
        self._landing = landing
        self._known = known
        self._accepted_loss = accepted_loss

    def check_archive(self) -> tuple[str, ...]:
        """Compare the lines of the archive with what is known; returns remarks for the user.

        When the loss is accepted, lines that can't be read are recorded as ignored.
        """
        damages: list[Damage] = []
        captures = {capture.load_id: capture for capture in self._landing.captures(on_damage=damages.append)}
        lost = [load for load in lost_loads(self._known, captures) if load.is_accepted]
        newer = [damage for damage in damages if damage.is_newer]
        if newer:
            raise self._landing.error(newer[0])
        if self._accepted_loss is None and (damages or lost):
            raise _loss(lost, [str(damage) for damage in damages])
        if damages and self._accepted_loss is not None:
            ignore_lines(self._landing, damages, self._accepted_loss)
        loose = unnamed(self._landing, captures)
        if not loose:
            return ()
        if not captures and self._accepted_loss is None:
            raise _loss([], [f"No line of it names any of its {len(loose)} payloads"])
        return (
            f"{len(loose)} payload(s) of the landing archive are named by no line of it: `papers doctor --archive` "
            "says which.",
        )

    def check_loads(self, results: Sequence[LoadResult]) -> None:
        """Compare what was loaded with what is known."""
        if self._accepted_loss is not None:
            return
        refused = {result.load_id: result.reason for result in results if result.reason}
        lost = [load for load_id, load in self._known.items() if load.is_accepted and load_id in refused]
        reasons = [f"{load_id}: {refused[load_id]}" for load_id in (load.load_id for load in lost)]
        # Payloads that were damaged at the last load already are not reported again.
        damaged = [
            f"{load_id}: {reason}"
            for load_id, reason in refused.items()
            if reason and reason.startswith("damaged_payload") and load_id not in self._known
        ]
        if lost or damaged:
            raise _loss(lost, [*reasons, *damaged])


def ignore_lines(landing: Landing, damages: Sequence[Damage], reason: str) -> None:
    """Record that readers skip these lines."""
    with landing.writing() as batch:
        for damage in damages:
            batch.ignore_line(damage.sha256, reason)


def repair_archive(
    landing: Landing, state: ArchiveState, *, restore: bool, accept_loss: bool, reason: str
) -> tuple[list[KnownLoad], list[str], bool]:
    """Write lost lines again (``restore``) and ignore damaged ones, with ``reason`` on record.

    A damaged line is ignored when its loss is accepted, or when another line names its load again. Returns the
    restored loads, why others could not be restored, and whether the archive was changed.
    """
    restored, problems = restore_lines(landing, state.lost) if restore else ([], [])
    readable = {load.load_id for load in restored}
    if restore:
        readable |= {capture.load_id for capture in landing.captures(on_damage=lambda _: None)}
    ignored = [
        damage for damage in state.damages if not damage.is_newer and (accept_loss or damage.load_id in readable)
    ]
    if ignored:
        ignore_lines(landing, ignored, reason or ("the loss is accepted" if accept_loss else "restored"))
    return restored, problems, bool(restored or ignored)


def _loss(lost: Sequence[KnownLoad], problems: Sequence[str]) -> GateError:
    named = ", ".join(str(load) for load in lost[:5]) + (f" and {len(lost) - 5} more" if len(lost) > 5 else "")
    what = f"lack {len(lost)} load(s) that were accepted before: {named}" if lost else "leave out what can't be read"
    why = (
        f". {problems[0]}" + (f", and {len(problems) - 1} more problem(s)" if problems[1:] else "") if problems else ""
    )
    return GateError(
        f"The rebuild would {what}{why}. Nothing was changed: `papers doctor --archive` says what is affected and "
        "restores what it can; `papers rebuild --accept-loss --reason …` publishes without it."
    )
