"""The `papers` command: thin callers of the jobs, and readers of the published file.

Exit codes: 0 published or answered · 1 a gate blocked the run · 2 bad usage or input · 3 source unreachable ·
130 and 143 stopped by Ctrl-C and by SIGTERM.
What is slow to import is imported inside the commands that need it.
"""

from __future__ import annotations

import logging
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from datetime import date
from io import TextIOWrapper
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

import typer
from typer.core import TyperGroup

from orchestration.commands import console
from orchestration.commands import doctor as cli_doctor
from orchestration.commands import outputs as cli_faces
from orchestration.commands import resolution as cli_normalization
from orchestration.commands import search as cli_search
from orchestration.commands.outcome import report_import, report_run, without_code
from warehouse.display import plural, readable_title
from warehouse.errors import GateError, InputError, Stopped, WarehouseError
from warehouse.files import restrict_new_files
from warehouse.settings import DEFAULT_HOME, PROJECT_ROOT, Settings, storage_root

if TYPE_CHECKING:
    import duckdb

    from orchestration.outcome import Outcome
    from orchestration.runs.backfill import Backfill
    from warehouse.publication.queries import Query

logger = logging.getLogger(__name__)

T = TypeVar("T")


class Commands(TyperGroup):
    """The commands: every error that a user can cause becomes one sentence and an exit code."""

    def invoke(self, ctx: Any) -> Any:
        restrict_new_files()
        try:
            return super().invoke(ctx)
        except WarehouseError as error:
            if _stop_signal():  # what broke, broke because the command was stopped
                raise Stopped from None
            console.say(f"Error: {error}")
            raise typer.Exit(error.exit_code) from None
        except Exception as error:
            from warehouse.home import disk_full

            full = disk_full(error)
            if full is None:
                raise
            console.say(f"Error: {full}")
            raise typer.Exit(full.exit_code) from None


app = typer.Typer(
    name="papers",
    cls=Commands,
    help="The history that Hugging Face Daily Papers does not keep.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)

Home = Annotated[
    Path | None,
    typer.Option(
        "--home",
        help="Where the warehouse lives.",
        show_default=f"PAPERS_HOME or {DEFAULT_HOME}",
    ),
]
Json = Annotated[bool, typer.Option("--json", help="Print the facts as one JSON object.")]
_home: Path | None = None
#: Where the system writes the numbers of signals while ``main`` runs, and the first that asked to stop.
_stop_pipe: list[int] = []
_stopped_by = 0


def main() -> None:
    """Entry point: every error a user can cause becomes one sentence and an exit code."""
    console.show_log(False)
    code = 0
    with _signals():
        try:
            _check_surroundings()
            try:
                app()
            finally:
                sys.stdout.flush()
        except SystemExit as end:
            # The reader of a pipe that has enough is no error.
            code = 0 if isinstance(end.__context__, BrokenPipeError) else end.code if isinstance(end.code, int) else 2
        except BrokenPipeError:
            _drop_output()
        except (Stopped, KeyboardInterrupt) as stop:
            code = 128 + (_stop_signal() or signal.SIGINT)
            console.say(str(stop) or "Stopped.")
        except WarehouseError as error:
            code = error.exit_code
            console.say(f"Error: {error}")
        except OSError as error:
            code = 2
            logger.debug("The command broke", exc_info=error)
            _drop_output()
            what = error.filename or "The output"
            console.say(f"Error: {what} can't be read or written ({error.strerror or error}): free space or check it.")
    raise SystemExit(code)


@contextmanager
def _signals() -> Iterator[None]:
    """Ctrl-C and SIGTERM raise Stopped while the block runs, and ``_stop_signal`` knows the first of them.

    Dagster puts handlers of its own in their place during a run and forgets which signal came; the pipe does not.
    """

    def stop(number: int, frame: object) -> None:
        raise Stopped

    read, write = os.pipe()
    os.set_blocking(read, False)
    os.set_blocking(write, False)
    numbers = (signal.SIGINT, signal.SIGTERM)
    before = {number: signal.getsignal(number) for number in numbers}
    for number in numbers:
        if before[number] != signal.SIG_IGN:  # nohup and the like
            signal.signal(number, stop)
    pipe_before = signal.set_wakeup_fd(write, warn_on_full_buffer=False)

    _stop_pipe.append(read)
    os.register_at_fork(after_in_child=_leave_signals)
    try:
        yield
    finally:
        signal.set_wakeup_fd(pipe_before)
        for number, handler in before.items():
            signal.signal(number, handler)
        os.close(_stop_pipe.pop())
        os.close(write)


def _leave_signals() -> None:
    """In a forked process: its parent answers Ctrl-C, and SIGTERM just ends it."""
    if _stop_pipe:
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        signal.signal(signal.SIGTERM, signal.SIG_DFL)


def _stop_signal() -> int:
    """The first signal that asked the command to stop, 0 if none did."""
    global _stopped_by
    if _stop_pipe and not _stopped_by:
        with suppress(BlockingIOError):
            _stopped_by = next((n for n in os.read(_stop_pipe[0], 64) if n in (signal.SIGINT, signal.SIGTERM)), 0)
    return _stopped_by


def _check_surroundings() -> None:
    """Refuse what no command can work in. Raises InputError."""
    try:
        os.getcwd()
    except FileNotFoundError:
        raise InputError("The current directory is gone, moved or deleted: change into one that exists.") from None
    if isinstance(sys.stdout, TextIOWrapper):  # what its encoding lacks is written as \\uXXXX
        sys.stdout.reconfigure(errors="backslashreplace")
    wanted = {}
    if sys.flags.optimize > 1:
        wanted["PYTHONOPTIMIZE"] = "0"  # Great Expectations reads docstrings
    if sys.getfilesystemencoding().lower() != "utf-8":
        wanted["PYTHONUTF8"] = "1"  # names of files and questions are UTF-8 in any locale
    if wanted and any(os.environ.get(name) != value for name, value in wanted.items()):
        os.environ.update(wanted)
        os.execv(sys.executable, [sys.executable, *sys.orig_argv[1:]])


def _drop_output() -> None:
    """Send what is still to be written to stdout nowhere: the end of the process must not fail on it again."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)


@app.callback()
def _common(home: Home = None, verbose: console.Verbose = False) -> None:
    global _home
    _home = home


def _settings(home: Path | None) -> Settings:
    settings = Settings.from_environment().at(home or _home)
    console.hide(settings.token, settings.alert_webhook, settings.smtp.password if settings.smtp else None)
    return settings


cli_normalization.register(app, _settings)
cli_search.register(app, _settings)
cli_faces.register(app, _settings)
cli_doctor.register(app, _settings)


@app.command()
def demo(home: Home = None, verbose: console.Verbose = False, as_json: Json = False) -> None:
    """Fetch a bundled archive of invented papers from a local replay of the site, and publish it."""
    from orchestration.runs.demo import run_demo

    settings = _settings(home)
    outcome = run_demo(settings, tell=lambda text: console.say(text))
    report_run(settings, outcome, as_json)
    if not as_json:
        _print_risers(settings)
        console.say(f"See it: {(settings.home / 'report' / 'index.html').as_uri()}")
        place = "" if settings.home == Settings.home else f" --home {settings.home}"
        console.say(f'Ask it something: papers{place} sql "select title, upvotes from dim_papers limit 5"')


@app.command()
def run(
    day: Annotated[str | None, typer.Option("--date", help="The last listing date to fetch.")] = None,
    lookback: Annotated[
        int | None,
        typer.Option("--lookback", min=1, max=366, help="How many trailing dates to observe again."),
    ] = None,
    profile: Annotated[bool, typer.Option("--profile", help="Print where the time went, by phase.")] = False,
    home: Home = None,
    verbose: console.Verbose = False,
    as_json: Json = False,
) -> None:
    """Fetch a listing date and the days before it, check, transform, publish. What the schedule does."""
    from orchestration.outcome import Outcome
    from orchestration.partitions import range_tags
    from orchestration.runs.profile import lived, phases, rows
    from warehouse.clock import utc_now
    from warehouse.landing.fetching import trailing_dates
    from warehouse.landing.importing import parse_day

    settings = _settings(home)
    last = parse_day(day, "--date") if day else utc_now().date()
    first, last = trailing_dates(last, lookback or settings.lookback)
    outcome = Outcome(seconds={"Starting the command": lived()})
    _fetch_and_publish(settings, first, last, outcome, as_json=as_json, tags=range_tags(first, last))
    total = lived()
    report_run(settings, outcome, as_json, {"profile": phases(outcome, total)} if profile else {})
    if profile and not as_json:
        console.line()
        console.print_table(["phase", "seconds", "share"], rows(outcome, total))


@app.command()
def backfill(
    first: Annotated[str, typer.Option("--from", help="The first listing date.")],
    last: Annotated[str, typer.Option("--to", help="The last listing date.")],
    home: Home = None,
    verbose: console.Verbose = False,
    as_json: Json = False,
) -> None:
    """Fetch a range of listing dates. Upvotes are observed today: the past of a total can't be fetched.

    Dates already observed today (UTC) are not asked for again, so the same command goes on where a kill stopped it.
    """
    from orchestration.runs.runner import prepare_environment
    from warehouse.landing.importing import parse_day
    from warehouse.lock import writer_lock

    settings = _settings(home)
    begin, end = parse_day(first, "--from"), parse_day(last, "--to")
    if begin > end:
        raise InputError(f"--from {begin} lies after --to {end}: swap them.")
    with writer_lock(settings.lock_file, purpose="papers backfill", timeout=settings.lock_timeout):
        prepare_environment(settings)
        from orchestration.runs.backfill import recorded

        with recorded(settings, begin, end) as backfill:
            done = _say_estimate(settings, backfill)
            _fetch_and_publish(settings, begin, end, backfill.outcome, as_json=as_json, tags=backfill.tags, done=done)
    report_run(settings, backfill.outcome, as_json)


def _say_estimate(settings: Settings, backfill: Backfill) -> int:
    """Say how long the asking takes at least; the bar tells the rest from the pace that the source really has.

    Returns how many of the dates need no look.
    """
    from warehouse.landing.archive import open_landing
    from warehouse.landing.fetching import observed_since

    known = observed_since(open_landing(settings.landing), backfill.since)
    done = sum(backfill.first <= day <= backfill.last for day in known)
    days = (backfill.last - backfill.first).days + 1
    least = (days - done) * settings.min_interval
    text = f"{days} listing dates, {done} of them observed today already, {days - done} to ask for"
    if backfill.goes_on:
        text = f"Going on with the backfill of {backfill.begun_at:%Y-%m-%d %H:%M} UTC that broke off: {text}"
    console.say(
        f"{text}, at least {least / 60:.0f} min at {settings.min_interval:g} s a request." if least else f"{text}."
    )
    return done


def _fetch_and_publish(
    settings: Settings,
    first: date,
    last: date,
    outcome: Outcome,
    *,
    as_json: bool,
    tags: dict[str, str],
    done: int = 0,
) -> None:
    """Run the daily job over a range of dates, with a bar."""
    from orchestration.runs.demo import leave_demo
    from orchestration.runs.runner import run_job

    leave_demo(settings, tell=console.say)
    # The dates that are skipped are not in the bar: they would make it promise too much.
    with console.progress(f"Observing {first} to {last}", (last - first).days + 1 - done, shown=not as_json) as bar:
        outcome.on_date = lambda day, what: bar.advance(bar.task_ids[0])
        run_job(settings, "daily_papers", tags=tags, outcome=outcome)


@app.command(name="import")
def import_(
    paths: Annotated[list[Path], typer.Argument(help="Files or folders with saved listings: JSON, HTML or text.")],
    manifest: Annotated[
        Path | None,
        typer.Option(help="TSV with file, listing_date, observed_at. Each folder's own manifest.tsv is found."),
    ] = None,
    observed_at: Annotated[str | None, typer.Option(help="When the files were saved, if nothing else tells.")] = None,
    listing_date: Annotated[str | None, typer.Option(help="The date of the listing, if nothing else tells.")] = None,
    home: Home = None,
    verbose: console.Verbose = False,
    as_json: Json = False,
) -> None:
    """Read listings that somebody saved. Says per file what it became."""
    from orchestration.outcome import Outcome
    from orchestration.runs.demo import leave_demo
    from orchestration.runs.runner import run_job
    from warehouse.landing.archive import open_landing
    from warehouse.landing.importing import (
        Known,
        Manifest,
        find_files,
        find_manifests,
        import_files,
        parse_day,
        parse_moment,
    )
    from warehouse.lock import writer_lock

    settings = _settings(home)
    files = find_files(paths)
    told = Known(
        parse_day(listing_date, "--listing-date") if listing_date else None,
        parse_moment(observed_at, "--observed-at") if observed_at else None,
    )
    known = Manifest(*([manifest] if manifest else find_manifests(paths)))
    leave_demo(settings, tell=console.say)
    with console.progress("Landing files", len(files), shown=not as_json) as bar:
        imported = import_files(
            open_landing(settings.landing),
            files,
            manifest=known,
            told=told,
            max_bytes=settings.max_payload_bytes,
            on_file=lambda _: bar.advance(bar.task_ids[0]),
        )
    outcome = Outcome()
    blocked: WarehouseError | None = None
    with writer_lock(settings.lock_file, purpose="papers import", timeout=settings.lock_timeout):
        if _is_behind(settings):
            with console.progress("Reading listings", sum(f.is_new for f in imported), shown=not as_json) as bar:
                outcome.on_load = lambda _: bar.advance(bar.task_ids[0])
                try:
                    run_job(settings, "load_landed", outcome=outcome)
                except WarehouseError as error:
                    blocked = error
        report_import(settings, imported, outcome, as_json, unused=known.unused)
    if outcome.loads and all(load.reason for load in outcome.loads):
        first = outcome.loads[0]
        raise InputError(
            f"None of the {len(outcome.loads)} new file(s) is a listing of Daily Papers, for example {first.source}: "
            f"{first.reason} They are kept in the landing archive; what was published stays."
        )
    if blocked:
        raise blocked
    if not any(f.load_id for f in imported):
        raise InputError("None of the files could be read: see the reasons above.")


def _is_behind(settings: Settings) -> bool:
    """Whether something is landed or overruled that the published file does not know, or nothing is published."""
    from warehouse.landing.archive import open_landing
    from warehouse.publication.publish import is_intact, published_file
    from warehouse.raw.overrides import are_overrides_new
    from warehouse.raw.store import is_behind

    landing = open_landing(settings.landing)
    if not is_intact(settings):
        return any(True for _ in landing.captures())
    if are_overrides_new(settings):
        return True
    with published_file(settings) as published:
        return is_behind(landing, settings.raw_database, published)


@app.command()
def rebuild(
    load: Annotated[str | None, typer.Option("--load", help="Only this load, as `papers status` shows it.")] = None,
    accept_loss: Annotated[
        bool, typer.Option("--accept-loss", help="Publish although loads or rows of before are missing.")
    ] = False,
    reason: Annotated[
        str, typer.Option("--reason", help="Why; it stays on record with --load and --accept-loss.")
    ] = "read again",
    home: Home = None,
    verbose: console.Verbose = False,
    as_json: Json = False,
) -> None:
    """Read the landing archive (or one load of it) again, with today's parsers, and publish what comes of it."""
    from orchestration.gates.accept import parse_load_again
    from orchestration.runs.runner import run_job
    from warehouse.landing.archive import open_landing

    console.check_text(load or "", "The load id")
    console.check_text(reason, "--reason")
    settings = _settings(home)
    if not open_landing(settings.landing).exists():
        raise InputError(f"There is no landing archive in {settings.landing}: there is nothing to rebuild from.")
    reason = reason.strip() or "read again"
    if load and accept_loss:
        raise InputError("--accept-loss goes with a rebuild of all: --load never takes rows of an accepted load away.")
    read = parse_load_again(settings, load, reason) if load else None
    outcome = run_job(settings, "load_landed", rebuild=load is None, accepted_loss=reason if accept_loss else "")
    facts = {"load": load, "verdict": read.verdict, "reason": read.reason} if read else None
    report_run(settings, outcome, as_json, {"read_again": facts} if facts else None)
    if read and read.reason:
        raise GateError(
            f"Load {load} was read again and is refused again: {without_code(read.reason)} "
            "It is kept in the landing archive; if it is a listing, fix the parser and run the same command again."
        )


@app.command("copy-landing")
def copy_landing(
    to: Annotated[str, typer.Argument(help="A folder or s3://…; then set PAPERS_LANDING to it.")],
    home: Home = None,
    verbose: console.Verbose = False,
    as_json: Json = False,
) -> None:
    """Copy the landing archive to another place, every payload checked. Repeat it to bring over what came since."""
    from warehouse.landing.archive import copy_archive, open_landing
    from warehouse.lock import writer_lock

    settings = _settings(home)
    source, target = open_landing(settings.landing), open_landing(storage_root(to, "TO") or to)
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
    console.line(f"{captures} new capture(s) and {decisions} decision(s) → {target.root}, which has {total} now.")


@app.command()
def handover(
    to: Annotated[str | None, typer.Option("--to", help="A folder or s3://…; else PAPERS_HANDOVER.")] = None,
    is_check: Annotated[bool, typer.Option("--check", help="Read all files again and compare their sha256.")] = False,
    home: Home = None,
    verbose: console.Verbose = False,
    as_json: Json = False,
) -> None:
    """Hand all accepted loads over as Parquet that another engine reads: what is new since the last time."""
    from warehouse.lock import writer_lock
    from warehouse.spark.handover import check, hand_over_new

    settings = _settings(home)
    if to:
        settings = replace(settings, handover_root=storage_root(to, "--to"))
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
    console.line(
        f"{done.loads} new or changed {plural(done.loads, 'load')}, {done.rows} {plural(done.rows, 'row')} "
        f"→ {settings.handover}"
    )
    if checked:
        console.line(", ".join(f"{count} {what}" for what, count in checked.items()) + ": all as written.")


Form = Annotated[str, typer.Option("--format", help="table, csv, spreadsheet (CSV that keeps ids), json or parquet.")]
Output = Annotated[Path | None, typer.Option("--output", help="The file to write; parquet needs one.")]
Expand = Annotated[bool, typer.Option("--expand", help="Write a line per value instead of a table.")]
Timeout = Annotated[float | None, typer.Option("--timeout", min=0.001, help="Give up after so many seconds.")]


@app.command()
def sql(
    statement: Annotated[str, typer.Argument(help="A query; tables of the schema marts need no prefix.")],
    form: Form = "table",
    output: Output = None,
    expand: Expand = False,
    timeout: Timeout = None,
    home: Home = None,
    verbose: console.Verbose = False,
    as_json: Json = False,
) -> None:
    """Ask the published file a question in SQL (read-only)."""
    answer = Answer("json" if as_json else form, output, expand, timeout)
    _answer(_settings(home), statement, answer)


@app.command()
def query(
    name: Annotated[str | None, typer.Argument(help="The query; none lists them.")] = None,
    form: Form = "table",
    output: Output = None,
    expand: Expand = False,
    timeout: Timeout = None,
    home: Home = None,
    verbose: console.Verbose = False,
    as_json: Json = False,
) -> None:
    """List the analytics queries, or run one."""
    from warehouse.publication.queries import load_queries

    queries = load_queries()
    if name is None:
        if as_json:
            console.print_json([{"name": q.name, "question": q.question, "grain": q.grain} for q in queries.values()])
        else:
            console.print_table(["name", "question"], [[q.name, q.question] for q in queries.values()], expand=expand)
        return
    if name not in queries:
        raise InputError(f"There is no query {name!r}: `papers query` lists them.")
    answer = Answer("json" if as_json else form, output, expand, timeout)
    _answer(_settings(home), queries[name].sql, answer, queries[name])


NO_QUERY = "The statement is no query: give one that has an answer, like `from dim_papers limit 5`."


@dataclass(frozen=True)
class Answer:
    """How an answer is to be given: its format, the file for Parquet, a line per value, the seconds it may take."""

    form: str
    output: Path | None = None
    expand: bool = False
    timeout: float | None = None


def _answer(settings: Settings, statement: str, answer: Answer, query: Query | None = None) -> None:
    import duckdb

    from warehouse.publication.publish import read_published
    from warehouse.publication.queries import why_empty
    from warehouse.raw.store import is_damage

    if answer.form not in ("table", "csv", "spreadsheet", "json", "parquet"):
        raise InputError(f"--format is {answer.form!r}: give table, csv, spreadsheet, json or parquet.")
    if (answer.form == "parquet") != (answer.output is not None):
        raise InputError("--format parquet and --output FILE go together: Parquet is a file, the rest is printed.")
    with read_published(settings) as connection:
        connection.execute("set enable_external_access = false")

        def ask() -> tuple[list[str], list[Any], int]:
            if answer.output:
                return [], [], _write_parquet(connection, statement, answer.output)
            result = connection.execute(statement)
            if result is None or not result.description:
                raise InputError(NO_QUERY)
            rows = result.fetchall()
            return [str(column[0]) for column in result.description], rows, len(rows)

        console.check_text(statement, "The statement")
        try:
            columns, rows, count = _within(connection, ask, answer.timeout)
            # A statement that sets something, like a limit of memory, can break this question too.
            reason = why_empty(connection, query) if not count else None
        except OverflowError as error:
            raise InputError(f"The answer has a value that Python can't hold ({error}): cast it to varchar.") from None
        except duckdb.Error as error:
            # A query of the project that fails meets a file of another version, which the reader explains.
            if is_damage(error) or (query and isinstance(error, duckdb.BinderException | duckdb.CatalogException)):
                raise
            raise InputError(f"The query failed: {' '.join(str(error).split())}") from None
    if not answer.output:
        _print_answer(columns, rows, answer)
    if reason:
        console.say(reason)


def _within(connection: duckdb.DuckDBPyConnection, ask: Callable[[], T], timeout: float | None) -> T:
    """What a query answers. Raises InputError after so many seconds.

    It runs in a thread, because DuckDB does not return to Python, where a signal is handled, before it is done. The
    wait for it is in short parts, because polars restarts what a signal interrupts.
    """
    deadline = time.monotonic() + timeout if timeout else None
    with ThreadPoolExecutor(1) as pool:
        asked = pool.submit(ask)
        try:
            while not wait([asked], 0.2 if timeout is None else min(0.2, timeout)).done:
                if deadline and time.monotonic() > deadline:
                    connection.interrupt()
                    raise InputError(
                        f"The query took longer than {timeout:g} s: ask for less, or give more time with --timeout."
                    )
        except Stopped:
            connection.interrupt()
            raise
        return asked.result()


def _print_answer(columns: list[str], rows: list[Any], answer: Answer) -> None:
    names = console.unique_names(columns)
    if answer.form == "json":
        console.print_json([dict(zip(names, row, strict=True)) for row in rows])
    elif answer.form in ("csv", "spreadsheet"):
        console.print_csv(names, rows, for_spreadsheet=answer.form == "spreadsheet")
    else:
        console.print_table(columns, rows, expand=answer.expand)


def _write_parquet(connection: duckdb.DuckDBPyConnection, statement: str, output: Path) -> int:
    """Write what a query answers; returns the number of rows. Values without a type in Parquet are written as text."""
    import pyarrow
    import pyarrow.parquet

    relation = connection.sql(statement)
    if relation is None:
        raise InputError(NO_QUERY)
    names = console.unique_names(relation.columns)
    columns = []
    for place, (name, kind) in enumerate(zip(names, relation.types, strict=True), start=1):
        is_text = any(word in str(kind) for word in ("INTERVAL", "UNION"))
        column = f"cast(#{place} as varchar)" if is_text else f"#{place}"
        quoted = name.replace('"', '""')
        columns.append(f'{column} as "{quoted}"')
    table: pyarrow.Table = relation.project(", ".join(columns)).to_arrow_table()
    try:
        pyarrow.parquet.write_table(table, output, compression="zstd")
    except OSError as error:
        raise InputError(f"{output} can't be written ({error.strerror or error}): choose another --output.") from None
    console.say(f"{table.num_rows} {plural(table.num_rows, 'row is', 'rows are')} in {output}")
    return int(table.num_rows)


@app.command()
def status(expand: Expand = False, home: Home = None, verbose: console.Verbose = False, as_json: Json = False) -> None:
    """What is published, what the gates said, what lies in quarantine."""
    from warehouse.publication.status import read_status

    facts = read_status(_settings(home))
    if as_json:
        console.print_json(facts)
        return
    console.print_table(
        ["", ""], [[key.replace("_", " "), value] for key, value in facts.items() if _is_scalar(value)], expand=expand
    )
    lists = ("tables", "loads", "quarantine", "rejected_loads", "unreadable_loads", "last_gates", "last_gate_pages")
    for key in lists:
        rows = facts[key]
        if rows:
            console.line()
            # Ids and commands of loads are there to be copied whole.
            lines = expand or (key in ("rejected_loads", "unreadable_loads") and console.out.is_terminal)
            values = [list(row.values()) for row in rows]
            console.print_table(list(rows[0]), values, title=key.replace("_", " "), expand=lines)


def _is_scalar(value: Any) -> bool:
    return not isinstance(value, list | dict)


@app.command()
def accept(
    load: Annotated[str, typer.Argument(help="The load id, as `papers status` shows it.")],
    reason: Annotated[str, typer.Option("--reason", help="Why it is right after all; it stays on record.")],
    home: Home = None,
    verbose: console.Verbose = False,
    as_json: Json = False,
) -> None:
    """Accept a load that the gate rejected, and publish with it."""
    from orchestration.gates.accept import accept_load
    from orchestration.runs.runner import run_job

    console.check_text(load, "The load id")
    console.check_text(reason, "--reason")
    settings = _settings(home)
    accept_load(settings, load, reason, is_published=not _is_behind(settings))
    report_run(settings, run_job(settings, "load_landed"), as_json)


@app.command()
def report(home: Home = None, verbose: console.Verbose = False, as_json: Json = False) -> None:
    """Write the report, a static site that opens from the file system, from the published file."""
    from warehouse.report import write_report

    settings = _settings(home)
    written = write_report(settings)
    if as_json:
        console.print_json({"report": str(written.index), "files": written.files, "bytes": written.size})
    else:
        files = f"{written.files} {plural(written.files, 'file')}"
        console.line(f"The report is {written.index} ({files}, {written.size / 1e6:.1f} MB)")


@app.command()
def ui(
    port: Annotated[
        int, typer.Option(min=1, max=65534, help="The port on this machine; the Data Docs take the next one.")
    ] = 3000,
    home: Home = None,
    verbose: console.Verbose = False,
) -> None:
    """Start Dagster's web server and daemon, and the Data Docs beside them, on this machine only."""
    from orchestration.compat.run_history import set_damaged_aside
    from orchestration.gates.data_docs import serving
    from orchestration.runs.runner import prepare_environment
    from orchestration.transform.manifest import ensure_manifest

    settings = replace(_settings(home), data_docs_port=port + 1)
    prepare_environment(settings)
    if not settings.dagster_config:
        set_damaged_aside(settings)
    ensure_manifest(settings)
    command = [sys.executable, "-m", "orchestration.compat.guarded_dagster"]
    command += ["dev", "-h", "127.0.0.1", "-p", str(port)]
    with serving(settings) as data_docs:
        console.say(f"Dagster for {settings.home}: http://127.0.0.1:{port}, Data Docs: {data_docs} (Ctrl-C stops both)")
        process = subprocess.Popen([*command, "-m", "orchestration.definitions"], cwd=PROJECT_ROOT)
        signal.signal(signal.SIGTERM, lambda *_: process.send_signal(signal.SIGTERM))
        try:
            code = process.wait()
        except (KeyboardInterrupt, Stopped):
            code = process.wait()
    if code not in (0, -signal.SIGINT, -signal.SIGTERM, 130):
        raise WarehouseError(
            f"Dagster stopped with code {code}: is port {port} taken? `papers ui --port` picks another."
        )


def _print_risers(settings: Settings) -> None:
    from warehouse.digest.selection import Filters, select_risers
    from warehouse.publication.publish import read_published

    with read_published(settings) as connection:
        risers = select_risers(settings, connection, Filters()).risers
    console.line()
    console.print_table(
        ["#", "gain", "over", "per hour", "upvotes", "listed", "paper"],
        [
            [
                i,
                r.gain,
                f"{r.gain_hours:.0f} h",
                r.velocity,
                r.upvotes,
                r.first_listed_on,
                readable_title(r.title),
            ]
            for i, r in enumerate(risers, start=1)
        ],
        title="What rose most in the last 24 hours observed",
    )


if __name__ == "__main__":
    main()
