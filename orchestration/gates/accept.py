"""The two ways out of a rejection, both on record: a person accepts the load, or it is read again.

An acceptance goes into the landing archive first, so that a rebuild applies it.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from warehouse.clock import utc_now
from warehouse.errors import GateError, InputError
from warehouse.landing.captures import Decision
from warehouse.landing.location import open_landing
from warehouse.lock import writer_lock
from warehouse.raw.loader import parse_again
from warehouse.raw.reader import LoadResult
from warehouse.raw.store import RawStore
from warehouse.settings import Settings
from warehouse.user import user_name


def accept_load(settings: Settings, load_id: str, reason: str, *, is_published: bool = True) -> None:
    """Record that a rejected load is right after all. Raises InputError when there is nothing to accept.

    ``is_published``: what was decided is published. If not, an earlier command was stopped after its decision, and
    accepting again only lets the caller publish.
    """
    reason = reason.strip()
    if not reason:
        raise InputError("--reason is empty: say why the load is right after all; it stays on record.")
    with _known_load(settings, load_id, "papers accept") as (raw, (verdict, by, why)):
        if by == "loader":
            raise InputError(
                f"Load {load_id} can't be read ({why}), so there is nothing in it to accept: "
                f"if it is a listing, fix the parser and run `papers rebuild --load {load_id}`."
            )
        if verdict == "accepted" and by == "person" and not is_published:
            return
        if verdict == "accepted":
            raise InputError(f"Load {load_id} is accepted already.")
        now = utc_now()
        decision = Decision(load_id=load_id, verdict="accepted", reason=reason, decided_by=user_name(), decided_at=now)
        with open_landing(settings.landing).writing() as batch:
            batch.add_decision(decision)
        raw.set_verdicts([(load_id, "accepted", "person", reason)])
        raw.record_act(
            "accepted_by_a_person", f"accept-{now:%Y%m%dT%H%M%S%fZ}", load_id, reason, decision.decided_by, found=why
        )


def parse_load_again(settings: Settings, load_id: str, reason: str) -> LoadResult:
    """Parse one load again with today's parser; the next run checks it again. Raises InputError if there is none."""
    with _known_load(settings, load_id, "papers rebuild --load") as (raw, (verdict, _, why)):
        act = f"reparse-{utc_now():%Y%m%dT%H%M%S%fZ}"
        found = f"{verdict}: {why}" if why else verdict

        def record() -> None:
            raw.record_act("parsed_again", act, load_id, reason, user_name(), found=found)

        try:
            return parse_again(raw, open_landing(settings.landing), load_id, act, record)
        except KeyError:
            raise GateError(
                f"No line of the landing archive names load {load_id}, so it can't be read again. Its rows stay as "
                "they are; `papers doctor --archive` restores the line where it can."
            ) from None


@contextmanager
def _known_load(settings: Settings, load_id: str, purpose: str) -> Iterator[tuple[RawStore, tuple[str, str, str]]]:
    """The raw tables, held for writing, and a load's verdict, who gave it and why. Raises InputError if unknown."""
    if not settings.raw_database.exists():
        raise InputError(f"Nothing is loaded in {settings.home} yet: there is no load {load_id!r}.")
    with (
        writer_lock(settings.lock_file, purpose=purpose, timeout=settings.lock_timeout),
        RawStore.open(settings.raw_database) as raw,
    ):
        query = "select verdict, verdict_by, verdict_reason from raw.loads where load_id = ?"
        found = raw.connection.execute(query, [load_id]).fetchall()
        if not found:
            raise InputError(f"There is no load {load_id!r}: `papers status` lists the rejected ones.")
        yield raw, found[0]
