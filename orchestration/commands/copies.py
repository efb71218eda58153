"""``papers copy-landing`` and ``papers handover``: copies of the data for another place or another engine."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated

import typer

from orchestration.commands import console
from orchestration.commands.app import Home, Json, Verbose, settings_of
from warehouse.display import plural
from warehouse.errors import InputError
from warehouse.variables import parse_storage_root

app = typer.Typer()
_PANEL = "Copy it"


@app.command("copy-landing", rich_help_panel=_PANEL)
def copy_landing(
    to: Annotated[str, typer.Argument(help="A folder or s3://…; then set PAPERS_LANDING to it.")],
    home: Home = None,
    verbose: Verbose = False,
    as_json: Json = False,
) -> None:
    """Copy the landing archive to another place and check every payload. Repeat it to copy what is new since."""
    from warehouse.landing.copying import copy_archive
    from warehouse.landing.location import open_landing
    from warehouse.lock import writer_lock

    settings = settings_of(home)
    source, target = open_landing(settings.landing), open_landing(parse_storage_root(to, "TO"))
    if not source.exists():
        raise InputError(f"There is no landing archive in {settings.landing}: there is nothing to copy.")
    if str(source.root) == str(target.root):
        raise InputError(f"{target.root} is where the archive lies: give another place.")
    with writer_lock(settings.lock_file, purpose="papers copy-landing", timeout=settings.lock_timeout):
        try:
            captures, decisions = copy_archive(source, target)
        except ValueError as error:
            raise InputError(
                f"The archive {source.root} is damaged: {error}. All the rest was copied to {target.root}; "
                "`papers doctor --archive` says what is affected and restores what it can, then copy again."
            ) from error
    total = sum(1 for _ in target.captures())
    if as_json:
        console.print_json({"to": str(target.root), "new": captures, "decisions": decisions, "captures": total})
        return
    console.print_line(f"{captures} new capture(s) and {decisions} decision(s) → {target.root}, which has {total} now.")


@app.command(rich_help_panel=_PANEL)
def handover(
    to: Annotated[str | None, typer.Option("--to", help="A folder or s3://…; by default PAPERS_HANDOVER.")] = None,
    is_check: Annotated[bool, typer.Option("--check", help="Read all files again and compare their sha256.")] = False,
    home: Home = None,
    verbose: Verbose = False,
    as_json: Json = False,
) -> None:
    """Write the accepted loads as Parquet for another engine: those that are new since the last time."""
    from warehouse.lock import writer_lock
    from warehouse.raw.handover import check, hand_over_new

    settings = settings_of(home)
    if to:
        settings = replace(settings, handover_root=parse_storage_root(to, "--to"))
    if settings.handover is None:
        raise InputError("There is no place to hand over to: give --to DIR or --to s3://…, or set PAPERS_HANDOVER.")
    if not settings.raw_database.exists():
        raise InputError(f"Nothing is loaded in {settings.home} yet: there is nothing to hand over.")
    with writer_lock(settings.lock_file, purpose="papers handover", timeout=settings.lock_timeout):
        done = hand_over_new(settings)
    assert done is not None
    facts = {"to": str(settings.handover), "commits": done.commits, "loads": done.loads, "rows": done.rows}
    checked: dict[str, int] | None = check(settings.handover) if is_check else None
    if as_json:
        console.print_json({**facts, "checked": checked})
        return
    console.print_line(
        f"{done.loads} new or changed {plural(done.loads, 'load')}, {done.rows} {plural(done.rows, 'row')} "
        f"→ {settings.handover}"
    )
    if checked:
        console.print_line(", ".join(f"{count} {what}" for what, count in checked.items()) + ": all as written.")
