"""`papers doctor`: what is damaged, and what can be done about it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from orchestration.commands import console
from warehouse.errors import GateError, InputError
from warehouse.settings import Settings

if TYPE_CHECKING:
    from warehouse.raw.archive_check import ArchiveState

Home = Annotated[Path | None, typer.Option("--home", help="Where the warehouse lives.")]
Json = Annotated[bool, typer.Option("--json", help="Print the facts as one JSON value.")]
#: Lines of one kind on a terminal; --json has all.
_SHOWN = 20


def register(app: typer.Typer, settings_of: Callable[[Path | None], Settings]) -> None:
    """Add the command to the `papers` command."""

    @app.command()
    def doctor(
        archive: Annotated[
            bool, typer.Option("--archive", help="Read the whole landing archive and compare it with the tables.")
        ] = False,
        restore: Annotated[
            bool, typer.Option("--restore", help="Write lost lines of the archive again from what the tables know.")
        ] = False,
        accept_loss: Annotated[
            bool, typer.Option("--accept-loss", help="Give up lines that can't be read, on record.")
        ] = False,
        reason: Annotated[str, typer.Option("--reason", help="Why; it stays on record with --accept-loss.")] = "",
        home: Home = None,
        verbose: console.Verbose = False,
        as_json: Json = False,
    ) -> None:
        """Say what of the landing archive is damaged or missing, and restore what can be.

        Exit code 1: something is damaged or missing.
        """
        from warehouse.landing.archive import open_landing
        from warehouse.lock import writer_lock
        from warehouse.publication.publish import published_file
        from warehouse.raw.archive_check import check_archive, give_up, known_loads, restore_lines

        if not archive:
            raise InputError("Say what to look at: `papers doctor --archive` reads the landing archive.")
        settings = settings_of(home)
        landing = open_landing(settings.landing)
        if not landing.exists():
            raise InputError(f"There is no landing archive in {settings.landing}: there is nothing to look at.")
        with writer_lock(settings.lock_file, purpose="papers doctor", timeout=settings.lock_timeout):
            with published_file(settings) as published:
                known = known_loads(settings.raw_database, published)
            with console.progress("Reading payloads", len(known), shown=not as_json) as bar:
                state = check_archive(landing, known, lambda: bar.advance(bar.task_ids[0]))
            restored, problems = restore_lines(landing, state.lost) if restore else ([], [])
            names = {load.load_id for load in restored}
            back = names | {capture.load_id for capture in landing.captures(on_damage=lambda _: None)}
            # A damaged line whose load another line names now holds nothing more.
            settled = [d for d in state.damages if not d.is_newer and (accept_loss or (restore and d.load_id in back))]
            if settled:
                give_up(landing, settled, reason.strip() or ("the loss is accepted" if accept_loss else "restored"))
            if restored or settled:
                state = check_archive(landing, known)
        if as_json:
            console.print_json({**_facts(state), "restored": sorted(names), "not_restored": problems})
        else:
            _print(state, len(restored), problems)
        if not state.is_whole:
            raise GateError(
                "The landing archive is damaged: put files back from a backup of it; `papers doctor --archive "
                "--restore` writes lost lines again whose payloads are whole; `papers doctor --archive --accept-loss` "
                "lets runs go on without lines that can't be read, and `papers rebuild --accept-loss` publishes "
                "without what is lost."
            )


def _facts(state: ArchiveState) -> dict[str, Any]:
    return {
        "captures": state.captures,
        "damaged_lines": [vars(damage) for damage in state.damages],
        "lost_loads": [
            {
                "load_id": load.load_id,
                "source": load.source,
                "listing_date": load.listing_date,
                "observed_at": load.observed_at,
                "is_accepted": load.is_accepted,
            }
            for load in state.lost
        ],
        "unreadable_payloads": [
            {"load_id": capture.load_id, "source": capture.source, "problem": problem}
            for capture, problem in state.unreadable
        ],
        "unnamed_payloads": list(state.unnamed),
        "is_whole": state.is_whole,
    }


def _print(state: ArchiveState, restored: int, problems: list[str]) -> None:
    rows = [
        *(["damaged line", str(damage)] for damage in state.damages),
        *(["lost load", f"{load}{', accepted' if load.is_accepted else ''}"] for load in state.lost),
        *(["damaged payload", f"{capture.load_id} ({capture.source}): {why}"] for capture, why in state.unreadable),
        *(["not restored", problem] for problem in problems),
    ]
    if rows:
        console.print_table(["what", "where"], rows[:_SHOWN])
    if len(rows) > _SHOWN:
        console.line(f"… and {len(rows) - _SHOWN} more; --json has all.")
    console.line(
        f"{state.captures} captures, {len(state.damages)} damaged line(s), {len(state.lost)} lost load(s), "
        f"{len(state.unreadable)} with damaged payloads, {restored} restored."
    )
    if state.unnamed:
        console.line(
            f"{len(state.unnamed)} payload(s) that no line names, as a kill leaves them; they can be imported "
            f"(papers import …/{state.unnamed[0]}.gz --listing-date … --observed-at …).",
        )
