"""``papers status`` and ``papers doctor``: what is published, what waits, what is not ready, what is damaged."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any

import typer

from orchestration.commands import console
from orchestration.commands.app import Expand, Home, Json, Verbose, settings_of
from warehouse.errors import GateError, InputError, UnreachableError

if TYPE_CHECKING:
    from warehouse.raw.archive_check import ArchiveState
    from warehouse.settings import Settings

app = typer.Typer()
_PANEL = "Check it"
#: Lines of one kind on a terminal; --json has all.
_MAX_LINES = 20


@app.command(rich_help_panel=_PANEL)
def status(expand: Expand = False, home: Home = None, verbose: Verbose = False, as_json: Json = False) -> None:
    """Show what is published, the results of the gates, and what is quarantined."""
    from warehouse.publication.status import read_status

    facts = read_status(settings_of(home))
    if as_json:
        console.print_json(facts)
        return
    scalars = [[key.replace("_", " "), value] for key, value in facts.items() if not isinstance(value, list | dict)]
    console.print_table(["", ""], scalars, expand=expand)
    lists = (
        *("tables", "loads", "quarantine", "rejected_loads", "unreadable_loads"),
        *("last_gates", "source_canary", "last_gate_pages"),
    )
    for key in lists:
        rows = facts[key]
        if rows:
            console.print_line()
            # Ids of loads and commands are shown whole, so that they can be copied.
            is_expanded = expand or (key in ("rejected_loads", "unreadable_loads") and console.out.is_terminal)
            values = [list(row.values()) for row in rows]
            console.print_table(list(rows[0]), values, title=key.replace("_", " "), expand=is_expanded)


@app.command(rich_help_panel=_PANEL)
def doctor(
    archive: Annotated[
        bool, typer.Option("--archive", help="Read the whole landing archive and compare it with the tables.")
    ] = False,
    restore: Annotated[
        bool, typer.Option("--restore", help="Write lost lines of the archive again from the tables.")
    ] = False,
    accept_loss: Annotated[
        bool, typer.Option("--accept-loss", help="Give up lines that can't be read, on record.")
    ] = False,
    reason: Annotated[str, typer.Option("--reason", help="Why; it stays on record with --accept-loss.")] = "",
    home: Home = None,
    verbose: Verbose = False,
    as_json: Json = False,
) -> None:
    """Show what is ready, what is not and how to fix it; with --archive, check every payload and restore what can be.

    Exit code 1: something is not ready, damaged or missing. 3: only the source is unreachable.
    """
    settings = settings_of(home)
    if archive:
        _check_archive(settings, restore, accept_loss, reason.strip(), as_json)
    elif restore or accept_loss or reason:
        raise InputError(
            "--restore, --accept-loss and --reason go with --archive: `papers doctor --archive --restore`."
        )
    else:
        _check_readiness(settings, as_json)


def _check_readiness(settings: Settings, as_json: bool) -> None:
    """Print the result of each check. Exits with 1 or 3 where one is not ready."""
    from orchestration.runs.readiness import check_readiness

    checks = check_readiness(settings)
    failed = [check.name for check in checks if check.state == "not ready"]
    if as_json:
        facts = {"schema_version": 1, "home": str(settings.home), "is_ready": not failed}
        console.print_json({**facts, "checks": [asdict(check) for check in checks]})
    else:
        for check in checks:
            console.print_line(f"{check.state:<9}  {check.name:<8}  {check.detail}")
            if check.fix:
                console.print_line(f"{'':<21}→ {check.fix}")
    if failed:
        console.print_message(f"Not ready: {', '.join(failed)}.")
        raise typer.Exit(UnreachableError.exit_code if failed == ["source"] else GateError.exit_code)


def _check_archive(settings: Settings, restore: bool, accept_loss: bool, reason: str, as_json: bool) -> None:
    """Read every payload, compare with the tables, and restore or give up what is asked for."""
    from warehouse.landing.location import open_landing
    from warehouse.lock import writer_lock
    from warehouse.publication.publish import published_file
    from warehouse.raw.archive_check import check_archive, known_loads, repair_archive

    landing = open_landing(settings.landing)
    if not landing.exists():
        raise InputError(f"There is no landing archive in {settings.landing}: there is nothing to check.")
    with writer_lock(settings.lock_file, purpose="papers doctor", timeout=settings.lock_timeout):
        with published_file(settings) as published:
            known = known_loads(settings.raw_database, published)
        with console.progress("Reading payloads", len(known), shown=not as_json) as advance:
            state = check_archive(landing, known, advance)
        restored, problems, is_changed = repair_archive(
            landing, state, restore=restore, accept_loss=accept_loss, reason=reason
        )
        if is_changed:
            state = check_archive(landing, known)
    if as_json:
        console.print_json(
            {**_facts(state), "restored": sorted(load.load_id for load in restored), "not_restored": problems}
        )
    else:
        _print(state, len(restored), problems)
    if not state.is_whole:
        raise GateError(
            "The landing archive is damaged: put files back from a backup of it; `papers doctor --archive "
            "--restore` writes lost lines again whose payloads are whole; `papers doctor --archive --accept-loss` "
            "lets runs continue without lines that can't be read, and `papers rebuild --accept-loss` publishes "
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
        console.print_table(["what", "where"], rows[:_MAX_LINES])
    if len(rows) > _MAX_LINES:
        console.print_line(f"… and {len(rows) - _MAX_LINES} more; --json has all.")
    console.print_line(
        f"{state.captures} captures, {len(state.damages)} damaged line(s), {len(state.lost)} lost load(s), "
        f"{len(state.unreadable)} with damaged payloads, {restored} restored."
    )
    if state.unnamed:
        console.print_line(
            f"{len(state.unnamed)} payload(s) that no line names, left by a killed process; they can be imported "
            f"(papers import …/{state.unnamed[0]}.gz --listing-date … --observed-at …).",
        )
