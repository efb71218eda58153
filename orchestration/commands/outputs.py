"""``papers report``, ``digest``, ``feeds`` and ``release``: what is written for readers from the published file."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from orchestration.commands import console
from orchestration.commands.app import Home, Json, Verbose, settings_of
from warehouse.display import plural
from warehouse.errors import InputError, UnreachableError
from warehouse.settings import Settings

if TYPE_CHECKING:
    from warehouse.digest.sending import Sent
    from warehouse.digest.subscriptions import Subscription

app = typer.Typer()
_PANEL = "Write outputs"


@app.command(rich_help_panel=_PANEL)
def report(home: Home = None, verbose: Verbose = False, as_json: Json = False) -> None:
    """Write the report, a static site that opens from the file system, from the published file."""
    from warehouse.report import write_report

    written = write_report(settings_of(home))
    if as_json:
        console.print_json({"report": str(written.index), "files": written.files, "bytes": written.size})
    else:
        files = f"{written.files} {plural(written.files, 'file')}"
        console.print_line(f"The report is {written.index} ({files}, {written.size / 1e6:.1f} MB)")


@app.command(rich_help_panel=_PANEL)
def digest(
    names: Annotated[list[str] | None, typer.Argument(help="Subscriptions; all if none is named.")] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Write it to files (HTML, text, .eml) and send nothing.")
    ] = False,
    output: Annotated[
        Path | None,
        typer.Option("--output", help="The folder for --dry-run.", show_default="digest/preview in the home"),
    ] = None,
    resend_uncertain: Annotated[
        bool, typer.Option("--resend-uncertain", help="Send again what may or may not have arrived.")
    ] = False,
    window: Annotated[
        str | None, typer.Option("--window", help="What rose in 24h, 7d or the last whole month.")
    ] = None,
    sort: Annotated[str | None, typer.Option("--sort", help="Show first what gained most upvotes or stars.")] = None,
    top: Annotated[int | None, typer.Option("--top", min=1, max=1000, help="Show so many papers.")] = None,
    minimum_upvotes: Annotated[
        int | None, typer.Option("--min-upvotes", min=0, help="Show papers with at least so many.")
    ] = None,
    minimum_gain: Annotated[
        int | None, typer.Option("--min-gain", min=1, help="Show papers that gained at least so many.")
    ] = None,
    keywords: Annotated[list[str] | None, typer.Option("--keyword", help="Show papers about it.")] = None,
    organizations: Annotated[
        list[str] | None, typer.Option("--organization", help="Show papers of it or of a part of it.")
    ] = None,
    authors: Annotated[list[str] | None, typer.Option("--author", help="Show papers by this author.")] = None,
    exclude: Annotated[list[str] | None, typer.Option("--exclude", help="Leave out papers about it.")] = None,
    has_code: Annotated[
        bool | None, typer.Option("--has-code/--no-code", help="Show papers with code, or without.")
    ] = None,
    since: Annotated[str | None, typer.Option("--since", help="Show papers first listed on this day or later.")] = None,
    search: Annotated[str | None, typer.Option("--search", help="Show papers that `papers search` finds.")] = None,
    home: Home = None,
    verbose: Verbose = False,
    as_json: Json = False,
) -> None:
    """Send what rose and what is new to the subscriptions (docs/digest.md), each issue once to each recipient.

    With a filter, or without a file of subscriptions, it is printed and nothing is sent.
    """
    settings = settings_of(home)
    console.check_text(search or "", "--search")
    options = {
        "window": window,
        "sort": sort,
        "top": top,
        "minimum_upvotes": minimum_upvotes,
        "minimum_gain": minimum_gain,
        "keywords": tuple(keywords) if keywords else None,
        "organizations": tuple(organizations) if organizations else None,
        "authors": tuple(authors) if authors else None,
        "exclude": tuple(exclude) if exclude else None,
        "has_code": has_code,
        "since": _day(since) if since is not None else None,
        "search": search,
    }
    filters = {key: value for key, value in options.items() if value is not None}
    if filters and names:
        raise InputError("A subscription has its own filters: name subscriptions or give filters, not both.")
    if output and not dry_run:
        raise InputError("--output goes with --dry-run: only that writes files.")
    if not filters and (names or _has_subscriptions(settings)):
        _digest_subscriptions(settings, names or [], dry_run, output, resend_uncertain, as_json)
    else:
        _digest_by_filters(settings, filters, dry_run, output, as_json)


@app.command(rich_help_panel=_PANEL)
def feeds(home: Home = None, verbose: Verbose = False, as_json: Json = False) -> None:
    """Write the Atom and JSON feeds from the published file, as each run does after publication."""
    from warehouse.digest.feeds import write_feeds

    written = write_feeds(settings_of(home))
    for problem in written.problems:
        console.print_message(problem)
    if as_json:
        console.print_json({"files": [str(path) for path in written.files], "problems": written.problems})
    else:
        for path in written.files:
            console.print_line(str(path))
    if written.problems:
        raise InputError("Not every feed was written: fix the problems above, then run `papers feeds` again.")


@app.command(rich_help_panel=_PANEL)
def release(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="The folder of all releases; each is a folder in it.")],
    without_abstracts: Annotated[
        bool, typer.Option("--without-abstracts", help="Leave out abstracts, whose rights are their authors'.")
    ] = False,
    home: Home = None,
    verbose: Verbose = False,
    as_json: Json = False,
) -> None:
    """Write what is published as a dated folder to upload anywhere (docs/release.md). It is never changed again."""
    from warehouse.publication.release.write import write_release

    written = write_release(settings_of(home), folder, has_abstracts=not without_abstracts)
    changes = written.changes
    if as_json:
        console.print_json(
            {
                "schema_version": 1,
                "release": str(written.folder),
                "version": written.facts.version,
                "published_at": written.facts.published_at,
                "bytes": written.size,
                "has_abstracts": written.facts.has_abstracts,
                "tables": {table.name: table.rows for table in written.facts.tables},
                "before": changes.before,
                "new_papers": None if changes.new_papers is None else len(changes.new_papers),
                "moved_mentions": None if changes.moved_authors is None else changes.moved_mentions,
                "changed_columns": None if changes.columns is None else len(changes.columns),
            }
        )
        return
    tables = len(written.facts.tables)
    console.print_line(
        f"The release is {written.folder} ({tables} {plural(tables, 'table')}, {written.size / 1e6:.1f} MB)"
    )
    if changes.before is not None:
        papers = len(changes.new_papers or [])
        console.print_line(
            f"Since {changes.before}: {papers} new {plural(papers, 'paper')}, {changes.moved_mentions} "
            f"{plural(changes.moved_mentions, 'mention')} with another author, {len(changes.columns or [])} changed "
            f"{plural(len(changes.columns or []), 'column')}; changes.json has all."
        )


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise InputError(f"--since is {text!r}: give a date like 2026-09-01.") from None


def _has_subscriptions(settings: Settings) -> bool:
    return settings.subscriptions_file is not None or settings.subscriptions.exists()


def _digest_subscriptions(
    settings: Settings, names: list[str], dry_run: bool, output: Path | None, resend_uncertain: bool, as_json: bool
) -> None:
    from warehouse.digest.sending import select_subscriptions, send_digests
    from warehouse.digest.subscriptions import SubscriptionsError

    try:
        subscriptions = select_subscriptions(settings, names)
        if dry_run:
            _preview(settings, subscriptions, output, as_json)
            return
        results = send_digests(settings, names, resend_uncertain=resend_uncertain)
    except SubscriptionsError as error:
        for mistake in error.mistakes[:-1]:
            console.print_message(f"Error: {mistake}")
        raise InputError(error.mistakes[-1]) from None
    if as_json:
        console.print_json([result.facts for result in results])
    else:
        for result in results:
            _print_sent(result)
    undelivered = [f"{who} ({result.recipients[who]})" for result in results for who in result.undelivered]
    if undelivered:
        raise UnreachableError(
            f"{len(undelivered)} mail(s) were not confirmed as delivered, first {undelivered[0]}: "
            "`papers digest` tries again for the failed ones only."
        )


def _print_sent(result: Sent) -> None:
    head = f"{result.subscription}, issue {result.issue}, {result.papers} paper(s)"
    if result.note:
        console.print_line(f"{head}: {result.note}")
    for recipient, state in result.recipients.items():
        problem = result.problems.get(recipient)
        console.print_line(f"{head}: {recipient}: {state}" + (f" ({console.plain(problem)})" if problem else ""))


def _digest_by_filters(
    settings: Settings, filters: dict[str, Any], dry_run: bool, output: Path | None, as_json: bool
) -> None:
    """Print the papers that pass the filters of the command line, or write them for ``--dry-run``."""
    from warehouse.clock import utc_now
    from warehouse.digest.filters import ISSUE_WINDOWS, MONTH, SORTS, Filters
    from warehouse.digest.rendering import as_text
    from warehouse.digest.sending import build_issues
    from warehouse.digest.subscriptions import EXAMPLE, Subscription

    if filters.get("window", "24h") not in ISSUE_WINDOWS:
        raise InputError(f"--window is {filters['window']!r}: it can be {' or '.join(ISSUE_WINDOWS)}.")
    if filters.get("sort", SORTS[0]) not in SORTS:
        raise InputError(f"--sort is {filters['sort']!r}: it can be {' or '.join(SORTS)}.")
    if filters.get("window") == MONTH and filters.get("sort") == "stars":
        raise InputError("--sort stars goes with --window 24h or 7d: the stars gained in a month are not known.")
    subscription = Subscription("everything", "Rising on Daily Papers", Filters(**filters))
    if dry_run:
        _preview(settings, [subscription], output, as_json)
        return
    (issue,) = build_issues(settings, [subscription])
    if as_json:
        sections = (("rising", issue.selection.risers), ("new", issue.selection.new)) if issue else ()
        console.print_json([{"section": name, **vars(paper)} for name, papers in sections for paper in papers])
    elif issue is None:
        print("No listing was observed yet.")
    else:
        print(as_text(issue, utc_now()), end="")
    if not filters and not as_json:
        console.print_message(
            f"Nothing was sent: there is no {settings.subscriptions}. {EXAMPLE} is an example to start from."
        )


def _preview(settings: Settings, subscriptions: list[Subscription], output: Path | None, as_json: bool) -> None:
    from warehouse.digest.sending import write_previews

    files = write_previews(settings, subscriptions, output or settings.digests / "preview")
    if as_json:
        console.print_json({"files": [str(path) for path in files]})
    else:
        for path in files:
            console.print_line(str(path))
        console.print_message("Nothing was sent.")
