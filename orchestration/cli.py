"""The `papers` command: thin callers of the jobs, and readers of the published file.

Exit codes: 0 published or answered · 1 a gate blocked the run · 2 bad usage or input · 3 source unreachable.
What is slow to import is imported inside the commands that need it.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections import Counter
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer.core import TyperGroup

from orchestration import cli_doctor, cli_faces, cli_normalization, console
from warehouse.display import plural, readable_title
from warehouse.errors import InputError, WarehouseError
from warehouse.settings import DEFAULT_HOME, PROJECT_ROOT, Settings, storage_root

if TYPE_CHECKING:
    from orchestration.backfill import Backfill
    from orchestration.outcome import Outcome


class Commands(TyperGroup):
    """The commands: every error that a user can cause becomes one sentence and an exit code."""

    def invoke(self, ctx: Any) -> Any:
        try:
            return super().invoke(ctx)
        except WarehouseError as error:
            console.say(f"Error: {error}")
            raise typer.Exit(error.exit_code) from None
        except KeyboardInterrupt:
            console.say("Stopped. What was landed stays; the next run goes on from there.")
            raise typer.Exit(130) from None
        except BrokenPipeError:
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            raise typer.Exit(0) from None


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


def main() -> None:
    """Entry point."""
    app()


@app.callback()
def _common(home: Home = None) -> None:
    global _home
    _home = home


def _settings(home: Path | None) -> Settings:
    return Settings.from_environment().at(home or _home)


cli_normalization.register(app, _settings)
cli_faces.register(app, _settings)
cli_doctor.register(app, _settings)


@app.command()
def demo(home: Home = None, as_json: Json = False) -> None:
    """Fetch a bundled archive of invented papers from a local replay of the site, and publish it."""
    from orchestration.demo import run_demo

    settings = _settings(home)
    outcome = run_demo(settings, tell=lambda text: console.say(text))
    _report_run(settings, outcome, as_json)
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
    as_json: Json = False,
) -> None:
    """Fetch a listing date and the days before it, check, transform, publish. What the schedule does."""
    from orchestration.outcome import Outcome
    from orchestration.profile import lived, phases, rows
    from orchestration.runner import range_tags
    from warehouse.fetching import trailing_dates
    from warehouse.importing import parse_day
    from warehouse.landing import utc_now

    settings = _settings(home)
    last = parse_day(day, "--date") if day else utc_now().date()
    first, last = trailing_dates(last, lookback or settings.lookback)
    outcome = Outcome(seconds={"Starting the command": lived()})
    _fetch_and_publish(settings, first, last, outcome, as_json=as_json, tags=range_tags(first, last))
    total = lived()
    _report_run(settings, outcome, as_json, {"profile": phases(outcome, total)} if profile else {})
    if profile and not as_json:
        console.out.print()
        console.print_table(["phase", "seconds", "share"], rows(outcome, total))


@app.command()
def backfill(
    first: Annotated[str, typer.Option("--from", help="The first listing date.")],
    last: Annotated[str, typer.Option("--to", help="The last listing date.")],
    home: Home = None,
    as_json: Json = False,
) -> None:
    """Fetch a range of listing dates. Upvotes are observed today: the past of a total can't be fetched.

    Dates already observed today (UTC) are not asked for again, so the same command goes on where a kill stopped it.
    """
    from orchestration.runner import prepare_environment
    from warehouse.importing import parse_day
    from warehouse.lock import writer_lock

    settings = _settings(home)
    begin, end = parse_day(first, "--from"), parse_day(last, "--to")
    if begin > end:
        raise InputError(f"--from {begin} lies after --to {end}: swap them.")
    with writer_lock(settings.lock_file, purpose="papers backfill", timeout=settings.lock_timeout):
        prepare_environment(settings)
        from orchestration.backfill import recorded

        with recorded(settings, begin, end) as backfill:
            done = _say_estimate(settings, backfill)
            _fetch_and_publish(settings, begin, end, backfill.outcome, as_json=as_json, tags=backfill.tags, done=done)
    _report_run(settings, backfill.outcome, as_json)


def _say_estimate(settings: Settings, backfill: Backfill) -> int:
    """Say how long the asking takes at least; the bar tells the rest from the pace that the source really has.

    Returns how many of the dates need no look.
    """
    from warehouse.fetching import observed_since
    from warehouse.landing import open_landing

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
    from orchestration.demo import leave_demo
    from orchestration.runner import run_job

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
        typer.Option(help="TSV with file, listing_date, observed_at. A folder's own manifest.tsv is found."),
    ] = None,
    observed_at: Annotated[str | None, typer.Option(help="When the files were saved, if nothing else tells.")] = None,
    listing_date: Annotated[str | None, typer.Option(help="The date of the listing, if nothing else tells.")] = None,
    home: Home = None,
    as_json: Json = False,
) -> None:
    """Read listings that somebody saved. Says per file what it became."""
    from orchestration.demo import leave_demo
    from orchestration.outcome import Outcome
    from orchestration.runner import run_job
    from warehouse.importing import Known, Manifest, find_files, import_files, parse_day, parse_moment
    from warehouse.landing import open_landing
    from warehouse.lock import writer_lock

    settings = _settings(home)
    files = find_files(paths)
    told = Known(
        parse_day(listing_date, "--listing-date") if listing_date else None,
        parse_moment(observed_at, "--observed-at") if observed_at else None,
    )
    found = [path / "manifest.tsv" for path in paths if path.is_dir() and (path / "manifest.tsv").is_file()]
    known = Manifest(manifest or (found[0] if len(found) == 1 else None))
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
        _report_import(settings, imported, outcome, as_json)
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
    from warehouse.landing import open_landing
    from warehouse.overrides import are_overrides_new
    from warehouse.publish import is_intact, published_file
    from warehouse.raw import is_behind

    landing = open_landing(settings.landing)
    if not is_intact(settings):
        return any(True for _ in landing.captures())
    if are_overrides_new(settings):
        return True
    with published_file(settings) as published:
        return is_behind(landing, settings.raw_database, published)


def _report_import(settings: Settings, imported: list[Any], outcome: Any, as_json: bool) -> None:
    from warehouse.raw import verdicts

    known = verdicts(settings.raw_database, [file.load_id for file in imported if file.load_id])
    files = []
    for file in imported:
        became, detail = "refused", file.problem
        if file.load_id:
            state = known.get(file.load_id)
            if state is None:
                became, detail = "landed", "not loaded yet"
            elif state.verdict == "accepted":
                became = "loaded" if file.is_new else "already known"
                detail = f"{state.entries} {plural(state.entries, 'entry', 'entries')}" + (
                    f", {state.refused} refused" if state.refused else ""
                )
                if state.basis == "file time":
                    detail += ", observed_at taken from the file's time"
            elif state.verdict == "rejected":
                became = "refused" if file.is_new else "already known"
                detail = state.reason
            else:
                became, detail = "waiting", "not judged yet"
        files.append({"file": str(file.path), "became": became, "detail": detail, "load_id": file.load_id})
    counts = Counter(f["became"] for f in files)
    facts = {"files": files, "counts": counts, **_run_facts(settings, outcome)}
    if as_json:
        console.print_json(facts)
        return
    console.print_table(
        ["became", "file", "what"], [[f["became"], f["file"], _first_sentence(f["detail"])] for f in files]
    )
    console.out.print(", ".join(f"{count} {what}" for what, count in sorted(counts.items())) + ".")
    if not any(f.is_new for f in imported):
        changed = "what waited was published." if outcome.publication else "no row changed anywhere."
        console.out.print(f"Nothing new: every file was known already, and {changed}")
    _print_publication(settings, outcome)


def _first_sentence(text: str | None) -> str:
    return (text or "")[:160]


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
    as_json: Json = False,
) -> None:
    """Read the landing archive (or one load of it) again, with today's parsers, and publish what comes of it."""
    from orchestration.accept import parse_load_again
    from orchestration.runner import run_job
    from warehouse.landing import open_landing

    settings = _settings(home)
    if not open_landing(settings.landing).exists():
        raise InputError(f"There is no landing archive in {settings.landing}: there is nothing to rebuild from.")
    reason = reason.strip() or "read again"
    if load and accept_loss:
        raise InputError("--accept-loss goes with a rebuild of all: --load never takes rows of an accepted load away.")
    if load:
        parse_load_again(settings, load, reason)
    outcome = run_job(settings, "load_landed", rebuild=load is None, accepted_loss=reason if accept_loss else "")
    _report_run(settings, outcome, as_json)


@app.command("copy-landing")
def copy_landing(
    to: Annotated[str, typer.Argument(help="A folder or s3://…; then set PAPERS_LANDING to it.")],
    home: Home = None,
    as_json: Json = False,
) -> None:
    """Copy the landing archive to another place, every payload checked. Repeat it to bring over what came since."""
    from warehouse.landing import copy_archive, open_landing
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
            raise InputError(f"The archive {source.root} is damaged: {error}.") from error
    total = sum(1 for _ in target.captures())
    if as_json:
        console.print_json({"to": str(target.root), "new": captures, "decisions": decisions, "captures": total})
        return
    console.out.print(f"{captures} new capture(s) and {decisions} decision(s) → {target.root}, which has {total} now.")


@app.command()
def handover(
    to: Annotated[str | None, typer.Option("--to", help="A folder or s3://…; else PAPERS_HANDOVER.")] = None,
    is_check: Annotated[bool, typer.Option("--check", help="Read all files again and compare their sha256.")] = False,
    home: Home = None,
    as_json: Json = False,
) -> None:
    """Hand all accepted loads over as Parquet that another engine reads: what is new since the last time."""
    from warehouse.handover import check, hand_over_new
    from warehouse.lock import writer_lock

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
    console.out.print(
        f"{done.loads} new or changed {plural(done.loads, 'load')}, {done.rows} {plural(done.rows, 'row')} "
        f"→ {settings.handover}"
    )
    if checked:
        console.out.print(", ".join(f"{count} {what}" for what, count in checked.items()) + ": all as written.")


@app.command()
def sql(
    statement: Annotated[str, typer.Argument(help="A query; tables of the schema marts need no prefix.")],
    form: Annotated[str, typer.Option("--format", help="table, csv, json or parquet.")] = "table",
    output: Annotated[Path | None, typer.Option("--output", help="The file to write; parquet needs one.")] = None,
    home: Home = None,
    as_json: Json = False,
) -> None:
    """Ask the published file a question in SQL (read-only)."""
    _answer(_settings(home), statement, "json" if as_json else form, output)


@app.command()
def query(
    name: Annotated[str | None, typer.Argument(help="The query; none lists them.")] = None,
    form: Annotated[str, typer.Option("--format", help="table, csv, json or parquet.")] = "table",
    output: Annotated[Path | None, typer.Option("--output", help="The file to write; parquet needs one.")] = None,
    home: Home = None,
    as_json: Json = False,
) -> None:
    """List the analytics queries, or run one."""
    from warehouse.queries import load_queries

    queries = load_queries()
    if name is None:
        if as_json:
            console.print_json([{"name": q.name, "question": q.question, "grain": q.grain} for q in queries.values()])
        else:
            console.print_table(["name", "question"], [[q.name, q.question] for q in queries.values()])
        return
    if name not in queries:
        raise InputError(f"There is no query {name!r}: `papers query` lists them.")
    _answer(_settings(home), queries[name].sql, "json" if as_json else form, output)


def _answer(settings: Settings, statement: str, form: str, output: Path | None = None) -> None:
    import duckdb

    from warehouse.publish import read_published
    from warehouse.raw import is_damage

    if form not in ("table", "csv", "json", "parquet"):
        raise InputError(f"--format is {form!r}: give table, csv, json or parquet.")
    if (form == "parquet") != (output is not None):
        raise InputError("--format parquet and --output FILE go together: Parquet is a file, the rest is printed.")
    with read_published(settings) as connection:
        connection.execute("set enable_external_access = false")
        try:
            result = connection.execute(statement)
            if output:
                _write_parquet(result.to_arrow_table(), output)
                return
            columns = [column[0] for column in result.description or ()]
            rows = result.fetchall()
        except duckdb.Error as error:
            if is_damage(error):
                raise
            raise InputError(f"The query failed: {' '.join(str(error).split())}") from None
    _print_answer(columns, rows, form)


def _print_answer(columns: list[str], rows: list[Any], form: str) -> None:
    import csv

    if form == "json":
        console.print_json([dict(zip(columns, row, strict=True)) for row in rows])
    elif form == "csv":
        writer = csv.writer(sys.stdout, lineterminator="\n")
        writer.writerow([console.csv_cell(name) for name in columns])
        writer.writerows([console.csv_cell(value) for value in row] for row in rows)
    else:
        console.print_table(columns, rows)


def _write_parquet(table: Any, output: Path) -> None:
    """Write an Arrow table. The reader's connection can't: it may not touch other files."""
    import pyarrow.parquet

    try:
        pyarrow.parquet.write_table(table, output, compression="zstd")
    except OSError as error:
        raise InputError(f"{output} can't be written ({error.strerror or error}): choose another --output.") from None
    console.say(f"{table.num_rows} {plural(table.num_rows, 'row is', 'rows are')} in {output}")


@app.command()
def status(home: Home = None, as_json: Json = False) -> None:
    """What is published, what the gates said, what lies in quarantine."""
    from warehouse.status import read_status

    facts = read_status(_settings(home))
    if as_json:
        console.print_json(facts)
        return
    console.print_table(["", ""], [[key.replace("_", " "), value] for key, value in facts.items() if _is_scalar(value)])
    for key in ("tables", "loads", "quarantine", "rejected_loads", "last_gates", "last_gate_pages"):
        rows = facts[key]
        if rows:
            console.out.print()
            console.print_table(list(rows[0]), [list(row.values()) for row in rows], title=key.replace("_", " "))


def _is_scalar(value: Any) -> bool:
    return not isinstance(value, list | dict)


@app.command()
def accept(
    load: Annotated[str, typer.Argument(help="The load id, as `papers status` shows it.")],
    reason: Annotated[str, typer.Option("--reason", help="Why it is right after all; it stays on record.")],
    home: Home = None,
    as_json: Json = False,
) -> None:
    """Accept a load that the gate rejected, and publish with it."""
    from orchestration.accept import accept_load
    from orchestration.runner import run_job

    settings = _settings(home)
    accept_load(settings, load, reason)
    _report_run(settings, run_job(settings, "load_landed"), as_json)


@app.command()
def report(home: Home = None, as_json: Json = False) -> None:
    """Write the report, a static site that opens from the file system, from the published file."""
    from warehouse.report import write_report

    settings = _settings(home)
    written = write_report(settings)
    if as_json:
        console.print_json({"report": str(written.index), "files": written.files, "bytes": written.size})
    else:
        files = f"{written.files} {plural(written.files, 'file')}"
        console.out.print(f"The report is {written.index} ({files}, {written.size / 1e6:.1f} MB)")


@app.command()
def ui(
    port: Annotated[
        int, typer.Option(min=1, max=65534, help="The port on this machine; the Data Docs take the next one.")
    ] = 3000,
    home: Home = None,
) -> None:
    """Start Dagster's web server and daemon, and the Data Docs beside them, on this machine only."""
    from orchestration.data_docs import serving
    from orchestration.manifest import ensure_manifest
    from orchestration.runner import prepare_environment

    settings = replace(_settings(home), data_docs_port=port + 1)
    prepare_environment(settings)
    ensure_manifest(settings)
    command = [str(Path(sys.executable).with_name("dagster")), "dev", "-h", "127.0.0.1", "-p", str(port)]
    with serving(settings) as data_docs:
        console.say(f"Dagster for {settings.home}: http://127.0.0.1:{port}, Data Docs: {data_docs} (Ctrl-C stops both)")
        process = subprocess.Popen([*command, "-m", "orchestration.definitions"], cwd=PROJECT_ROOT)
        signal.signal(signal.SIGTERM, lambda *_: process.send_signal(signal.SIGTERM))
        try:
            code = process.wait()
        except KeyboardInterrupt:
            code = process.wait()
    if code not in (0, -signal.SIGINT, -signal.SIGTERM, 130):
        raise WarehouseError(
            f"Dagster stopped with code {code}: is port {port} taken? `papers ui --port` picks another."
        )


def _run_facts(settings: Settings, outcome: Any) -> dict[str, Any]:
    fetched = outcome.fetched
    return {
        "home": str(settings.home),
        "published_at": outcome.publication.published_at if outcome.publication else None,
        "tables": outcome.publication.tables if outcome.publication else None,
        "fetched": {str(day): load for day, load in fetched.landed.items()} if fetched else {},
        "not_fetched": {str(day): why for day, why in fetched.failures.items()} if fetched else {},
        "remarks": [*(fetched.remarks if fetched else []), *outcome.remarks],
        "loads": len(outcome.loads),
        "refused": {load.source: load.reason for load in outcome.loads if load.reason},
        "gates": {
            name: {
                "judged": gate.judged,
                "accepted": gate.accepted,
                "rejected": gate.rejected,
                "warnings": list(gate.warnings),
                "data_docs": str(settings.data_docs / gate.page) if gate.page else None,
            }
            for name, gate in outcome.gates.items()
        },
    }


def _report_run(settings: Settings, outcome: Any, as_json: bool, more: dict[str, Any] | None = None) -> None:
    facts = {**_run_facts(settings, outcome), **(more or {})}
    if as_json:
        console.print_json(facts)
        return
    for day, why in facts["not_fetched"].items():
        console.out.print(f"{day} was not fetched: {console.plain(why)}", markup=False)
    for remark in facts["remarks"]:
        console.out.print(console.plain(remark), markup=False)
    for source, reason in facts["refused"].items():
        console.out.print(f"refused: {console.plain(source)}: {console.plain(reason)}", markup=False)
    _print_publication(settings, outcome)


def _print_publication(settings: Settings, outcome: Any) -> None:
    for gate in outcome.gates.values():
        for load_id, reason in gate.rejected.items():
            console.out.print(f"rejected by the gate: {load_id}: {console.plain(reason)}", markup=False)
        for warning in gate.warnings:
            console.out.print(f"warning: {console.plain(warning)}", markup=False)
    if outcome.publication:
        tables = outcome.publication.tables
        nouns = {
            "dim_papers": "paper",
            "fct_upvote_observations": "observation",
            "dim_authors": "author",
            "dim_organizations": "organization",
        }
        sizes = ", ".join(f"{tables[table]} {plural(tables[table], noun)}" for table, noun in nouns.items())
        console.out.print(f"Published {settings.published_database}: {sizes}.", markup=False)


def _print_risers(settings: Settings) -> None:
    from warehouse.digest.selection import Filters, select_risers
    from warehouse.publish import read_published

    with read_published(settings) as connection:
        risers = select_risers(settings, connection, Filters()).risers
    console.out.print()
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
