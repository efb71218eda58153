"""``papers backup``, ``restore`` and ``handover``: copies of the data for another place or another engine."""

from __future__ import annotations

from dataclasses import asdict, replace
from typing import Annotated

import typer

from orchestration.commands import console
from orchestration.commands.app import Home, Json, Verbose, settings_of
from orchestration.commands.outcome import print_run
from warehouse.display import plural
from warehouse.errors import InputError
from warehouse.variables import parse_storage_root

app = typer.Typer()
_PANEL = "Copy it"


@app.command(rich_help_panel=_PANEL)
def backup(
    to: Annotated[str, typer.Argument(help="A folder or s3://…, best on another disk.", metavar="DIR")],
    is_check: Annotated[bool, typer.Option("--check", help="Read the whole backup again, compare checksums.")] = False,
    home: Home = None,
    verbose: Verbose = False,
    as_json: Json = False,
) -> None:
    """Back up what can't be rebuilt: the landing archive, overrides, the record of digests, subscriptions.

    Repeat it into the same folder: only what is new since then is copied.
    """
    from warehouse.backup import back_up, check_backup

    place = parse_storage_root(to, "DIR")
    done = back_up(settings_of(home), place)
    if is_check:
        check_backup(place)
    if as_json:
        console.print_json({"schema_version": 1, **asdict(done), "is_checked": is_check})
        return
    new = f"{done.new_captures} new {plural(done.new_captures, 'capture')}"
    if done.new_decisions:
        new += f" and {done.new_decisions} new {plural(done.new_decisions, 'decision')}"
    console.print_line(
        f"{new} → {done.place}, which has {done.captures} now, and {done.files} other {plural(done.files, 'file')}"
        + (": all as written." if is_check else ".")
    )


@app.command(rich_help_panel=_PANEL)
def restore(
    source: Annotated[str, typer.Argument(help="A folder or s3://… that papers backup wrote.", metavar="DIR")],
    home: Home = None,
    verbose: Verbose = False,
    as_json: Json = False,
) -> None:
    """Restore a backup into an empty home: check all checksums, copy it, build everything again, publish."""
    from orchestration.runs.runner import run_job
    from warehouse.backup import restore as restore_backup

    settings = settings_of(home)
    done = restore_backup(settings, parse_storage_root(source, "DIR"))
    console.print_message(
        f"Restored the backup of {done.created_at:%Y-%m-%d %H:%M} UTC: {done.captures} "
        f"{plural(done.captures, 'capture')}, {done.files} other {plural(done.files, 'file')}. Now building."
    )
    print_run(settings, run_job(settings, "load_landed", rebuild=True), as_json, {"restored": asdict(done)})


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
