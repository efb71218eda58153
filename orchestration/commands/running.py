"""The commands that start a run, and ``papers plan``, which says what a run would observe."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import nullcontext
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from orchestration.commands import console
from orchestration.commands.app import Home, Json, Verbose, settings_of
from orchestration.commands.outcome import print_import, print_leaders, print_run, without_code
from warehouse.display import plural
from warehouse.errors import GateError, InputError, WarehouseError
from warehouse.settings import Settings

if TYPE_CHECKING:
    from orchestration.outcome import Outcome
    from orchestration.runs.backfill import Backfill
    from warehouse.landing.importing import Imported

app = typer.Typer()
_PANEL = "Build the warehouse"
#: Ticks of the schedule that `papers plan` names.
_SHOWN_TICKS = 3
_MAX_DAYS_AHEAD = 3650


@app.command(rich_help_panel=_PANEL)
def demo(home: Home = None, verbose: Verbose = False, as_json: Json = False) -> None:
    """Fetch a bundled archive of invented papers from a local replay of the site, and publish it."""
    from orchestration.runs.demo import run_demo

    settings = settings_of(home)
    outcome = run_demo(settings, notify=console.print_message)
    print_run(settings, outcome, as_json)
    if not as_json:
        print_leaders(settings)


@app.command(rich_help_panel=_PANEL)
def run(
    day: Annotated[str | None, typer.Option("--date", help="The last listing date to observe.")] = None,
    lookback: Annotated[
        int | None,
        typer.Option(
            "--lookback", min=1, max=366, help="How many listing dates that end there; PAPERS_LOOKBACK with --date."
        ),
    ] = None,
    profile: Annotated[bool, typer.Option("--profile", help="Print where the time went, by phase.")] = False,
    home: Home = None,
    verbose: Verbose = False,
    as_json: Json = False,
) -> None:
    """Observe the listings that are due (`papers plan`), check, transform, publish. What the schedule does.

    With --date or --lookback: observe these dates instead, due or not.
    """
    from orchestration.outcome import Outcome
    from orchestration.partitions import range_tags
    from orchestration.runs.profile import lived, phases, rows
    from warehouse.clock import utc_now
    from warehouse.landing.fetching import trailing_dates
    from warehouse.landing.importing import parse_day

    settings = settings_of(home)
    outcome = Outcome(seconds={"Starting the command": lived()})
    if day is None and lookback is None:
        _fetch_and_publish(settings, "Observing what is due", None, outcome, as_json=as_json)
    else:
        last = parse_day(day, "--date") if day is not None else utc_now().date()
        first, last = trailing_dates(last, lookback or settings.lookback)
        dates, tags = (last - first).days + 1, range_tags(first, last)
        _fetch_and_publish(settings, f"Observing {first} to {last}", dates, outcome, as_json=as_json, tags=tags)
    total = lived()
    print_run(settings, outcome, as_json, {"profile": phases(outcome, total)} if profile else {})
    if not as_json and settings.published_database.exists():
        print_leaders(settings)
    if profile and not as_json:
        console.print_line()
        console.print_table(["phase", "seconds", "share"], rows(outcome, total))


@app.command(rich_help_panel=_PANEL)
def plan(
    day: Annotated[
        str | None,
        typer.Option("--date", help="Another day, at the present time of day (UTC); it may be in the future."),
    ] = None,
    home: Home = None,
    verbose: Verbose = False,
    as_json: Json = False,
) -> None:
    """Show which listings (and papers, with PAPERS_ADOPTION) a run would observe now, and why. Sends no request."""
    from orchestration.partitions import ticks
    from warehouse.clock import utc_now
    from warehouse.landing.importing import parse_day
    from warehouse.landing.plan import number_of_run
    from warehouse.lock import writer_lock
    from warehouse.raw.observations import read_paper_plan, read_plan

    settings = settings_of(home)
    now = utc_now()
    next_ticks = ticks(settings, now, _SHOWN_TICKS)
    moment = datetime.combine(parse_day(day, "--date", days_ahead=_MAX_DAYS_AHEAD), now.timetz()) if day else now
    # A run can't open its tables while another program reads them.
    lock = writer_lock(settings.lock_file, purpose="papers plan", timeout=settings.lock_timeout)
    with lock if settings.raw_database.exists() else nullcontext():
        due = read_plan(settings, moment)
        papers = read_paper_plan(settings, moment) if settings.adoption else []
    runs = number_of_run(due, settings.max_requests)
    if as_json:
        listings = [
            {**asdict(listing), "reason": listing.reason, "is_within_budget": run == 0}
            for listing, run in zip(due, runs, strict=True)
        ]
        facts = {"at": moment, "max_requests": settings.max_requests, "schedule": settings.schedule}
        due_papers = [asdict(paper) for paper in papers]
        console.print_json(
            {"schema_version": 1, **facts, "next_ticks": next_ticks, "due": listings, "due_papers": due_papers}
        )
        return
    console.print_table(
        ["listing date", "age", "why it is due", "last observed", "when"],
        [
            [
                str(listing.listing_date),
                f"{listing.age_days} d",
                listing.reason,
                f"{listing.last_observed_at:%Y-%m-%d %H:%M}" if listing.last_observed_at else "never",
                "this run" if run == 0 else "next run" if run == 1 else f"run {run + 1}",
            ]
            for listing, run in zip(due, runs, strict=True)
        ],
    )
    console.print_line()
    console.print_line(
        f"{len(due)} {plural(len(due), 'listing')} due at {moment:%Y-%m-%d %H:%M} UTC, {runs.count(0)} within the "
        f"{settings.max_requests} requests of one run (PAPERS_MAX_REQUESTS)."
    )
    if settings.adoption:
        first = f", first {papers[0].paper_id}, {papers[0].milestone_days} days after its listing" if papers else ""
        console.print_line(
            f"{len(papers)} {plural(len(papers), 'paper')} due by themselves (PAPERS_ADOPTION){first}: one each, "
            "as far as the listings leave requests."
        )
    console.print_line(
        f"Where the schedule of `papers ui` is on ({settings.schedule}), its next runs start at "
        f"{', '.join(f'{tick:%Y-%m-%d %H:%M}' for tick in next_ticks)} UTC."
    )


@app.command(rich_help_panel=_PANEL)
def backfill(
    first: Annotated[str, typer.Option("--from", help="The first listing date.")],
    last: Annotated[str, typer.Option("--to", help="The last listing date.")],
    home: Home = None,
    verbose: Verbose = False,
    as_json: Json = False,
) -> None:
    """Fetch a range of listing dates. Upvotes are observed today: totals of the past can't be fetched.

    Dates that were observed today (UTC) are skipped, so the same command resumes a backfill that was stopped.
    """
    from orchestration.runs.runner import prepare_environment
    from warehouse.landing.importing import parse_day
    from warehouse.lock import writer_lock

    settings = settings_of(home)
    start, end = parse_day(first, "--from"), parse_day(last, "--to")
    if start > end:
        raise InputError(f"--from {start} lies after --to {end}: swap them.")
    with writer_lock(settings.lock_file, purpose="papers backfill", timeout=settings.lock_timeout):
        prepare_environment(settings)
        from orchestration.runs.backfill import plan_backfill

        backfill = plan_backfill(settings, start, end)
        skipped = _print_estimate(settings, backfill)
        dates = (end - start).days + 1 - skipped
        what = f"Observing {start} to {end}"
        _fetch_and_publish(settings, what, dates, backfill.outcome, as_json=as_json, tags=backfill.tags)
    print_run(settings, backfill.outcome, as_json)


def _print_estimate(settings: Settings, backfill: Backfill) -> int:
    """Print how long the requests take at least. Returns the number of dates that are skipped."""
    from warehouse.landing.fetching import observed_since
    from warehouse.landing.location import open_landing

    observed = observed_since(open_landing(settings.landing), backfill.skips_observed_since)
    skipped = sum(backfill.first <= day <= backfill.last for day in observed)
    days = (backfill.last - backfill.first).days + 1
    min_seconds = (days - skipped) * settings.min_interval
    text = f"{days} listing dates, {skipped} of them observed today already, {days - skipped} to fetch"
    if backfill.is_resumed:
        text = f"Resuming the backfill of {backfill.started_at:%Y-%m-%d %H:%M} UTC that broke off: {text}"
    if min_seconds:
        text += f", at least {min_seconds / 60:.0f} min at {settings.min_interval:g} s a request"
    console.print_message(f"{text}.")
    return skipped


def _fetch_and_publish(
    settings: Settings,
    what: str,
    dates: int | None,
    outcome: Outcome,
    *,
    as_json: bool,
    tags: dict[str, str] | None = None,
) -> None:
    """Run the daily job, with a progress bar named ``what`` of the dates to observe; None: the plan decides."""
    from orchestration.runs.demo import leave_demo
    from orchestration.runs.runner import run_job

    leave_demo(settings, notify=console.print_message)
    with console.progress(what, dates, shown=not as_json) as advance:
        outcome.on_date = lambda day, what: advance()
        run_job(settings, "daily_papers", tags=tags, outcome=outcome)


@app.command(name="import", rich_help_panel=_PANEL)
def import_(
    paths: Annotated[list[Path], typer.Argument(help="Files or folders with saved listings: JSON, HTML or text.")],
    manifest: Annotated[
        Path | None,
        typer.Option(help="TSV with file, listing_date, observed_at. By default each folder's own manifest.tsv."),
    ] = None,
    observed_at: Annotated[str | None, typer.Option(help="When the files were saved; a manifest overrides it.")] = None,
    listing_date: Annotated[str | None, typer.Option(help="The date of the listing; a manifest overrides it.")] = None,
    kind: Annotated[
        str | None,
        typer.Option(help="daily, trending or paper; a manifest overrides it. Default: as its content says."),
    ] = None,
    home: Home = None,
    verbose: Verbose = False,
    as_json: Json = False,
) -> None:
    """Load saved listings and publish them. Prints the result for each file."""
    from orchestration.outcome import Outcome
    from orchestration.runs.demo import leave_demo
    from warehouse.landing.importing import (
        Known,
        Manifest,
        find_files,
        find_manifests,
        import_files,
        parse_day,
        parse_kind,
        parse_moment,
    )
    from warehouse.landing.location import open_landing
    from warehouse.lock import writer_lock

    settings = settings_of(home)
    files = find_files(paths)
    known = Known(
        parse_day(listing_date, "--listing-date") if listing_date else None,
        parse_moment(observed_at, "--observed-at") if observed_at else None,
        parse_kind(kind, "--kind") if kind else None,
    )
    manifests = Manifest(*([manifest] if manifest else find_manifests(paths)))
    leave_demo(settings, notify=console.print_message)
    with console.progress("Landing files", len(files), shown=not as_json) as advance:
        imported = import_files(
            open_landing(settings.landing),
            files,
            manifest=manifests,
            options=known,
            max_bytes=settings.max_payload_bytes,
            on_file=lambda _: advance(),
        )
    outcome = Outcome()
    with writer_lock(settings.lock_file, purpose="papers import", timeout=settings.lock_timeout):
        blocked = _load_imported(settings, imported, outcome, as_json)
        print_import(settings, imported, outcome, as_json, unused=manifests.unused)
    if outcome.loads and all(load.reason for load in outcome.loads):
        first = outcome.loads[0]
        raise InputError(
            f"None of the {len(outcome.loads)} new file(s) is a listing of Daily Papers, for example {first.source}: "
            f"{first.reason} They are kept in the landing archive; what was published stays."
        )
    if blocked:
        raise blocked
    if not any(file.load_id for file in imported):
        raise InputError("None of the files could be read: see the reasons above.")


def _load_imported(
    settings: Settings, imported: Sequence[Imported], outcome: Outcome, as_json: bool
) -> WarehouseError | None:
    """Load and publish if anything is new. Returns the error of the run: it is raised after the results are printed."""
    from orchestration.runs.runner import run_job
    from warehouse.publication.status import is_publication_behind

    if not is_publication_behind(settings):
        return None
    new = sum(file.is_new for file in imported)
    with console.progress("Reading listings", new, shown=not as_json) as advance:
        outcome.on_load = lambda _: advance()
        try:
            run_job(settings, "load_landed", outcome=outcome)
        except WarehouseError as error:
            return error
    return None


@app.command(rich_help_panel=_PANEL)
def rebuild(
    load: Annotated[str | None, typer.Option("--load", help="Only this load, as `papers status` shows it.")] = None,
    accept_loss: Annotated[
        bool, typer.Option("--accept-loss", help="Publish although earlier loads or rows are missing.")
    ] = False,
    reason: Annotated[
        str, typer.Option("--reason", help="Why; it stays on record with --load and --accept-loss.")
    ] = "read again",
    home: Home = None,
    verbose: Verbose = False,
    as_json: Json = False,
) -> None:
    """Parse the landing archive (or one load of it) again with today's parsers, and publish the result."""
    from orchestration.gates.accept import parse_load_again
    from orchestration.runs.runner import run_job
    from warehouse.landing.location import open_landing

    console.check_text(load or "", "The load id")
    console.check_text(reason, "--reason")
    settings = settings_of(home)
    if not open_landing(settings.landing).exists():
        raise InputError(f"There is no landing archive in {settings.landing}: there is nothing to rebuild from.")
    reason = reason.strip() or "read again"
    if load and accept_loss:
        raise InputError("--accept-loss goes with a rebuild of all: --load never takes rows of an accepted load away.")
    parsed = parse_load_again(settings, load, reason) if load else None
    outcome = run_job(settings, "load_landed", rebuild=load is None, accepted_loss=reason if accept_loss else "")
    facts = {"load": load, "verdict": parsed.verdict, "reason": parsed.reason} if parsed else None
    print_run(settings, outcome, as_json, {"read_again": facts} if facts else None)
    if parsed and parsed.reason:
        raise GateError(
            f"Load {load} was read again and is refused again: {without_code(parsed.reason)} "
            "It is kept in the landing archive; if it is a listing, fix the parser and run the same command again."
        )


@app.command(rich_help_panel=_PANEL)
def accept(
    load: Annotated[str, typer.Argument(help="The load id, as `papers status` shows it.")],
    reason: Annotated[str, typer.Option("--reason", help="Why it is right after all; it stays on record.")],
    home: Home = None,
    verbose: Verbose = False,
    as_json: Json = False,
) -> None:
    """Accept a load that the gate rejected, and publish with it."""
    from orchestration.gates.accept import accept_load
    from orchestration.runs.runner import run_job
    from warehouse.publication.status import is_publication_behind

    console.check_text(load, "The load id")
    console.check_text(reason, "--reason")
    settings = settings_of(home)
    accept_load(settings, load, reason, is_published=not is_publication_behind(settings))
    print_run(settings, run_job(settings, "load_landed"), as_json)
