"""The result of a run: as facts for ``--json``, and as sentences on stdout."""

from __future__ import annotations

import shlex
from collections import Counter, defaultdict
from collections.abc import Sequence
from datetime import date
from typing import TYPE_CHECKING, Any

from orchestration.commands import console
from warehouse.display import plural, readable_title
from warehouse.settings import Settings

if TYPE_CHECKING:
    from orchestration.gates.verdicts import GateOutcome
    from orchestration.outcome import Outcome
    from warehouse.landing.importing import Imported
    from warehouse.raw.store import LoadState

#: Loads or files that a sentence names; `papers status` lists more loads.
_MAX_NAMED = 5
#: Papers of the newest listing that are shown.
_MAX_LISTED = 5
_NEWEST_LISTING = """
    select listed.period_start, listed.rank, papers.upvotes, papers.comments, papers.display_title, papers.paper_id
    from marts.rpt_period_papers as listed inner join marts.dim_papers as papers on listed.paper_id = papers.paper_id
    where listed.period = 'day' and listed.rank <= ?
        and listed.period_start = (select max(listing_date) from marts.fct_listings)
    order by listed.rank"""


def run_facts(settings: Settings, outcome: Outcome) -> dict[str, Any]:
    """The outcome of a run as facts for ``--json``."""
    fetched = outcome.fetched
    return {
        "home": str(settings.home),
        "published_at": outcome.publication.published_at if outcome.publication else None,
        "tables": outcome.publication.tables if outcome.publication else None,
        "fetched": {str(day): load for day, load in fetched.landed.items()} if fetched else {},
        "not_fetched": {str(day): why for day, why in fetched.failures.items()} if fetched else {},
        "postponed": fetched.postponed if fetched else [],
        "fetched_kinds": {
            kind: {
                "landed": report.landed,
                "not_at_the_site": report.missing,
                "failures": report.failures,
                "postponed": report.postponed,
                "skipped_because": report.skipped_because,
            }
            for kind, report in outcome.fetched_kinds.items()
        },
        "remarks": [*(fetched.remarks if fetched else []), *outcome.remarks],
        "loads": len(outcome.loads),
        "refused": {load.source: load.reason for load in outcome.loads if load.reason},
        "gates": {
            name: {
                "judged": gate.checked,
                "accepted": gate.accepted,
                "rejected": gate.rejected,
                "warnings": gate.warning_sentences,
                "failures": [failure.facts for failure in gate.failures],
                "data_docs": str(settings.data_docs / gate.page) if gate.page else None,
            }
            for name, gate in outcome.gates.items()
        },
    }


def print_run(settings: Settings, outcome: Outcome, as_json: bool, more: dict[str, Any] | None = None) -> None:
    """Print the result of a run. ``more``: further facts for ``--json``."""
    facts = {**run_facts(settings, outcome), **(more or {})}
    if as_json:
        console.print_json(facts)
        return
    fetched = outcome.fetched
    if fetched and fetched.landed:
        console.print_line(f"Fetched {_listings(list(fetched.landed))}.")
    _print_kinds(outcome)
    for day, why in facts["not_fetched"].items():
        console.print_line(f"The listing of {day} was not fetched: {why}")
    for remark in facts["remarks"]:
        console.print_line(remark)
    _print_loads(outcome)
    for source, reason in facts["refused"].items():
        console.print_line(f"{source} can't be read: {without_code(reason)} It is kept in the landing archive.")
    print_publication(settings, outcome)


def _print_kinds(outcome: Outcome) -> None:
    """Print what was fetched besides listings. Failures are remarks of the run."""
    trending, papers = outcome.fetched_kinds.get("trending"), outcome.fetched_kinds.get("paper")
    if trending and trending.landed:
        console.print_line("Fetched the trending list.")
    if papers and papers.landed:
        missing = f", {len(papers.missing)} of them unknown to the site" if papers.missing else ""
        console.print_line(f"Fetched the details of {_count(len(papers.landed), 'paper')}{missing}.")
    if papers and papers.postponed:
        console.print_line(
            f"The details of {_count(len(papers.postponed), 'paper')} more wait for the next run: this one has no "
            "requests left (PAPERS_MAX_REQUESTS)."
        )


def print_import(
    settings: Settings, imported: Sequence[Imported], outcome: Outcome, as_json: bool, *, unused: Sequence[str] = ()
) -> None:
    """Print the result for each file of an import, and that of the run after it.

    ``unused``: names in the manifest that are none of these files.
    """
    from warehouse.raw.store import verdicts

    states = verdicts(settings.raw_database, [file.load_id for file in imported if file.load_id])
    files = []
    for file in imported:
        became, detail = _file_result(file, states.get(file.load_id) if file.load_id else None)
        files.append({"file": str(file.path), "became": became, "detail": detail, "load_id": file.load_id})
    counts = Counter(str(file["became"]) for file in files)
    if as_json:
        facts = {"files": files, "counts": counts, "unused_manifest_lines": list(unused)}
        console.print_json({**facts, **run_facts(settings, outcome)})
        return
    for result in files:
        verb = "is" if result["became"] == "waiting" else "was"
        console.print_line(f"{result['file']} {verb} {result['became']}: {without_code(str(result['detail']))}")
    by_result = ", ".join(f"{count} {became}" for became, count in sorted(counts.items()))
    console.print_line(f"{_count(len(files), 'file')}: {by_result}.")
    if unused:
        shown = ", ".join(unused[:_MAX_NAMED]) + (" and others" if len(unused) > _MAX_NAMED else "")
        console.print_line(f"The manifest names {_count(len(unused), 'file')} not among those imported now: {shown}.")
    if not any(file.is_new for file in imported):
        changed = "what waited was published." if outcome.publication else "no row changed anywhere."
        console.print_line(f"Nothing new: every file was known already, and {changed}")
    print_publication(settings, outcome)


def _file_result(file: Imported, load: LoadState | None) -> tuple[str, str | None]:
    """The result for one file in one or two words, and the detail."""
    if not file.load_id:
        return "refused", file.problem
    if load is None:
        return "landed", "not loaded yet"
    if load.verdict == "accepted":
        detail = _count(load.entries, "entry", "entries")
        if load.refused:
            detail += f", {load.refused} refused"
        if load.basis == "file time":
            detail += ", observed_at taken from the file's time"
        return "loaded" if file.is_new else "already known", detail
    if load.verdict == "rejected":
        return "refused" if file.is_new else "already known", load.reason
    return "waiting", "not checked yet"


def print_publication(settings: Settings, outcome: Outcome) -> None:
    """Print what the gates rejected or warned about, and the size of what was published."""
    for gate in outcome.gates.values():
        _print_rejected(gate)
        for failure in gate.failures:
            if failure.severity == "warning":
                console.print_line(f"Warning: {failure.sentence}")
            if console.is_verbose():
                console.print_line(f"  ({failure.details})")
    if outcome.publication:
        tables = outcome.publication.tables
        nouns = {
            "dim_papers": "paper",
            "fct_upvote_observations": "observation",
            "dim_authors": "author",
            "dim_organizations": "organization",
        }
        sizes = ", ".join(f"{tables[table]} {plural(tables[table], noun)}" for table, noun in nouns.items())
        console.print_line(f"Published {settings.published_database}: {sizes}.")


def print_leaders(settings: Settings) -> None:
    """Print the first papers of the newest listing, those that rose most, and commands that show more."""
    from warehouse.digest.filters import Filters
    from warehouse.digest.selection import select_risers
    from warehouse.publication.publish import read_published

    with read_published(settings) as connection:
        listed = connection.execute(_NEWEST_LISTING, [_MAX_LISTED]).fetchall()
        risers = select_risers(settings, connection, Filters()).risers
    if listed:
        console.print_line()
        console.print_table(
            ["#", "upvotes", "comments", "paper", "id"],
            [
                [rank, upvotes, comments, readable_title(title), paper_id]
                for _, rank, upvotes, comments, title, paper_id in listed
            ],
            title=f"The newest listing, of {listed[0][0]}, most upvotes first",
        )
    console.print_line()
    if risers:
        console.print_table(
            ["#", "gain", "over", "per hour", "upvotes", "listed", "paper"],
            [
                [
                    rank,
                    riser.gain,
                    f"{riser.gain_hours:.0f} h",
                    riser.velocity,
                    riser.upvotes,
                    riser.first_listed_on,
                    readable_title(riser.title),
                ]
                for rank, riser in enumerate(risers, start=1)
            ],
            title="What rose most in the last 24 hours observed",
        )
    else:
        console.print_line("No gain of the last 24 hours is known: it needs two observations of a paper.")
    place = "" if settings.home == Settings.home else f" --home {shlex.quote(str(settings.home))}"
    report = settings.home / "report" / "index.html"
    if report.exists():
        console.print_message(f"See it: {report.as_uri()}")
    console.print_message(f'Ask it something: papers{place} sql "select title, upvotes from dim_papers limit 5"')
    if not risers:
        console.print_message(f"When the next run is worth it: papers{place} plan")


def without_code(reason: str) -> str:
    """A reason of the loader or a gate as a sentence, without the codes in front (``damaged_payload: …``)."""
    from orchestration.gates.verdicts import without_rules

    code, colon, rest = without_rules(reason).partition(": ")
    text = rest if colon and code.replace("_", "").isalnum() and code.islower() and " " not in code else reason
    text = without_rules(text)
    return text if text.endswith((".", "!", "?")) else f"{text}."


def _print_loads(outcome: Outcome) -> None:
    loads = [load for load in outcome.loads if not load.reason]
    if not loads:
        return
    entries, refused = sum(load.entries for load in loads), sum(load.refused for load in loads)
    quarantine = f"; {_count(refused, 'record')} can't be used and went to quarantine" if refused else ""
    console.print_line(f"Read {_count(len(loads), 'listing')} with {_count(entries, 'entry', 'entries')}{quarantine}.")


def _print_rejected(gate: GateOutcome) -> None:
    """Print why loads were rejected, grouped by reason, and the command that accepts one."""
    by_reason: dict[str, list[str]] = defaultdict(list)
    for load_id, reason in gate.rejected.items():
        by_reason[reason].append(load_id)
    for reason, load_ids in by_reason.items():
        from orchestration.gates.failures import name_listings
        from orchestration.gates.verdicts import without_rules

        listings = name_listings([gate.listings.get(load_id, load_id) for load_id in load_ids])
        were = "was" if len(load_ids) == 1 else "were"
        console.print_line(f"{listings} {were} rejected by the gate: {without_rules(reason)}")
        for failure in gate.failures:
            if failure.severity == "error" and failure.rule == reason.split(":")[0]:
                remedy, names = failure.remedy, ""
                if len(load_ids) == 1:
                    remedy = remedy.replace("LOAD", load_ids[0])  # a command to copy
                elif "LOAD" in remedy:
                    names = f" {_name_loads(load_ids)}"
                console.print_line(f"  What to do: {remedy}.{names}")


def _name_loads(load_ids: Sequence[str]) -> str:
    if len(load_ids) > _MAX_NAMED:
        return f"LOAD is {load_ids[0]} and others: `papers status` lists them."
    return f"LOAD is {' or '.join(load_ids)}."


def _listings(days: Sequence[date]) -> str:
    if len(days) == 1:
        return f"the listing of {days[0]}"
    return f"{len(days)} listings of {min(days)} to {max(days)}"


def _count(count: int, one: str, many: str | None = None) -> str:
    return f"{count} {plural(count, one, many)}"
