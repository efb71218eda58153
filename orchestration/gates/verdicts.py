"""The two gates: frames read from DuckDB, results written to the raw tables, verdicts and blocking.

An outcome with a ``problem`` blocks the run. A rule that could not be run raises GateError, which names the rule.
"""

from __future__ import annotations

import logging
import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import duckdb

from orchestration.gates.batch_rules import (
    BATCH,
    CLOCK_SKEW_SECONDS,
    ENTRIES_PARAMETERS,
    ENTRIES_QUERY,
    LOADS_PARAMETERS,
    LOADS_QUERY,
)
from orchestration.gates.failures import Failure, name_listing
from orchestration.gates.gx_runner import MAX_SAMPLE_ROWS, GxRunner, RuleResult, SuiteResult
from orchestration.gates.mart_rules import (
    FRESH_HOURS,
    MART_QUERIES,
    MARTS,
    MIN_REMAINING_SHARE,
    PUBLISHED_QUERIES,
    RAW_QUERIES,
    REASONS_QUERY,
)
from orchestration.gates.pages import write_page
from orchestration.gates.rules import Rule, Suite
from warehouse.clock import utc_now
from warehouse.database import is_damage, open_database, quoted, rows, scalar
from warehouse.display import plural
from warehouse.errors import DamagedError, GateError
from warehouse.publication.publish import count_tables, is_intact, published_file
from warehouse.raw.store import RawStore
from warehouse.settings import Settings

if TYPE_CHECKING:
    import pandas as pd


logger = logging.getLogger(__name__)

_RULE_NAMES = re.compile(rf"\b(?:{'|'.join(rule.name for rule in (*BATCH.rules, *MARTS.rules))}): ")
#: Entries in one frame of the batch gate: a frame of text takes some 0.5 GB a million, here and in the worker process.
FRAME_ENTRIES = 1_000_000


@dataclass(frozen=True)
class GateOutcome:
    """What a gate decided. ``problem`` is the first line of an alert: what is wrong and what to do.

    ``rejected``: load id → why. ``warnings`` are the names of the rules that only warn; ``failures`` say the rest.
    """

    gate: str
    checked: int
    accepted: int
    rejected: dict[str, str]
    warnings: tuple[str, ...]
    page: str | None
    problem: str | None = None
    failures: tuple[Failure, ...] = ()
    #: What the rejected loads are called: their listing date, or where they came from.
    listings: dict[str, str] = field(default_factory=dict)

    @property
    def warning_sentences(self) -> list[str]:
        """One sentence per rule that warns."""
        return [failure.sentence for failure in self.failures if failure.severity == "warning"]


def batch_gate(settings: Settings, gx: GxRunner, run_id: str) -> GateOutcome:
    """Check each pending load and write its verdict.

    Accepted loads that were observed after now (a clock was wrong) are checked again. Blocks (``problem``) when
    this run has new loads and none was accepted, when more than the configured share of them was rejected, or when no
    accepted listing is left. Where the run has new listings only they count: the trending list and the papers by
    themselves never keep a listing from being published.
    """
    now = utc_now().replace(tzinfo=None)
    with RawStore.open(settings.raw_database) as raw:
        future = raw.reset_future_loads(now + timedelta(seconds=CLOCK_SKEW_SECONDS))
        sources: dict[str, str] = {}
        kinds: dict[str, str] = {}
        listings: dict[str, str] = {}
        sizes: Counter[str] = Counter()
        suite_results = []
        for loads, entries in batch_frames(raw, now):
            sources.update(zip(loads["load_id"], loads["source"], strict=True))
            kinds.update(zip(loads["load_id"], loads["kind"], strict=True))
            named = zip(loads["load_id"], loads["source"], loads["called"], strict=True)
            listings.update((load_id, name if isinstance(name, str) else source) for load_id, source, name in named)
            frames = {"loads": loads} if entries.empty else {"loads": loads, "entries": entries}
            sizes.update({name: len(frame) for name, frame in frames.items()})
            suite_results.append(gx.run_suite(BATCH, frames))
        unreadable = _count(raw, "verdict_by = 'loader' and loaded_in = ?", run_id)
        unreadable_listings = _count(raw, "verdict_by = 'loader' and capture_kind = 'daily' and loaded_in = ?", run_id)
        none_readable = (
            f"None of the {unreadable_listings or unreadable} payload(s) of this run is a listing: see ops_quarantine, "
            "or `papers status`, for the reason of each; nothing was published."
        )
        none_accepted = (
            f"No listing was ever accepted in {settings.home}, so there is nothing to publish: "
            "fetch one with `papers run` or import one with `papers import`."
        )
        if not suite_results:
            problem = None
            if unreadable:
                problem = none_readable
            elif not _count(raw, _ACCEPTED_LISTINGS):
                problem = none_accepted
            return GateOutcome("batch", 0, 0, {}, (), None, problem)
        suite_result = merge_results(suite_results)
        failures = _failures(BATCH, suite_result, sizes, listings)
        rejected = _rejections(suite_result)
        decided = f"{len(rejected)} of {len(sources)} loads rejected" if rejected else "passed"
        page = _write_page(settings, run_id, BATCH, suite_result, failures, decided, now)
        raw.append("gate_results", _result_rows(BATCH, suite_result, run_id, now, page))
        _raise_if_unusable(BATCH, suite_result)
        raw.set_verdicts(
            [
                (load_id, "rejected", "gate", rejected[load_id])
                if load_id in rejected
                else (load_id, "accepted", "gate", None)
                for load_id in sources
            ]
        )
        _record_taken_back(settings, raw, rejected, run_id)
        is_empty = not _count(raw, _ACCEPTED_LISTINGS)
    warnings = tuple(failure.rule for failure in failures if failure.severity == "warning")
    accepted = len(sources) - len(rejected)
    logger.debug("The batch gate accepted %d of %d loads", accepted, len(sources))
    for failure in failures:
        logger.debug("The batch gate: %s", failure.details)
    problem = None
    # What was taken back says nothing about what this run brought.
    new_loads = {load_id for load_id in sources if load_id not in future}
    new_listings = {load_id for load_id in new_loads if kinds[load_id] in LISTINGS}
    new_loads = new_listings or new_loads
    new = {load_id: why for load_id, why in rejected.items() if load_id in new_loads}
    brought = len(new_loads)
    if unreadable_listings and not new_listings:
        problem = none_readable
    elif is_empty and not rejected:
        problem = none_accepted
    elif is_empty or (brought and (len(new) == brought or len(new) / brought > settings.max_rejected_share)):
        reason, count = Counter((new or rejected).values()).most_common(1)[0]
        first = next(load for load, why in rejected.items() if why == reason)
        remedy = BATCH.rule(reason.split(":")[0]).remedy.replace("LOAD", first)
        because = f"{count} of them because" if count < len(rejected) else "because"
        problem = (
            f"The batch gate rejected {len(rejected)} of {len(sources)} listings, {because}: {without_rules(reason)} "
            f"First: {name_listing(listings[first])} from {sources[first]}. What to do: {remedy}."
        )
    return GateOutcome(
        *("batch", len(sources), accepted, rejected, warnings, page, problem, failures),
        listings={load_id: listings[load_id] for load_id in rejected},
    )


#: Kinds of loads that hold entries of listings. The trending list and papers by themselves add no listing.
LISTINGS = ("daily", "search")
_ACCEPTED_LISTINGS = f"verdict = 'accepted' and kind in {LISTINGS}"


def _count(raw: RawStore, condition: str, *parameters: str) -> int:
    return int(scalar(raw.connection, f"select count(*) from raw.loads where {condition}", list(parameters)))


def _record_taken_back(settings: Settings, raw: RawStore, rejected: Mapping[str, str], run_id: str) -> None:
    """Put on record which loads of the published file are rejected now for a time in the future: their rows vanish."""
    future = sorted(load_id for load_id, why in rejected.items() if "observed_in_the_past: " in why)
    if not future or not is_intact(settings):
        return
    with published_file(settings) as file, open_database(file, read_only=True) as published:
        query = "select load_id from marts.ops_loads where verdict = 'accepted' and load_id in (select unnest(?))"
        known = [load_id for (load_id,) in published.execute(query, [future]).fetchall()]
    for load_id in known:
        raw.record_act("taken_back", run_id, load_id, "it was observed after the time of this run", gate="batch")


def without_rules(reason: str) -> str:
    """Why a load was rejected, without the names of the rules that open each sentence."""
    return _RULE_NAMES.sub("", reason)


def batch_frames(raw: RawStore, now: datetime) -> Iterator[tuple[pd.DataFrame, pd.DataFrame]]:
    """The frames of the batch gate: one row per pending load, one per entry of theirs.

    In parts of about ``FRAME_ENTRIES`` entries, whole loads each. A part is compared with the same history as the
    whole batch, so verdicts are written after the last part.
    """
    parts = raw.connection.execute(
        f"""select min(load_number), max(load_number) from (
                select load_number, floor(sum(entries) over (order by load_number) / {FRAME_ENTRIES}) as part
                from raw.loads where verdict = 'pending')
            group by part order by part"""
    ).fetchall()
    for part in parts:
        raw.connection.execute(
            """create temp table checked_loads as select load_id from raw.loads
               where verdict = 'pending' and load_number between ? and ?""",
            part,
        )
        raw.connection.execute(f"create temp table checked_entries as {ENTRIES_QUERY}", ENTRIES_PARAMETERS)
        entries = raw.connection.execute("from checked_entries order by load_id, position").df()
        loads = raw.connection.execute(LOADS_QUERY, {**LOADS_PARAMETERS, "now": now}).df()
        raw.connection.execute("drop table checked_entries")
        raw.connection.execute("drop table checked_loads")
        yield loads, entries


def merge_results(suite_results: Sequence[SuiteResult]) -> SuiteResult:
    """The results of the parts of a batch as one."""
    if len(suite_results) == 1:
        return suite_results[0]
    rule_results: dict[str, list[RuleResult]] = defaultdict(list)
    for suite_result in suite_results:
        for rule_result in suite_result.rule_results:
            rule_results[rule_result.rule].append(rule_result)
    details = tuple(part for suite_result in suite_results for part in suite_result.details)
    return SuiteResult(tuple(map(_merge_rule_results, rule_results.values())), details)


def _merge_rule_results(parts: list[RuleResult]) -> RuleResult:
    """The result of one rule over all parts; ``observed`` is of the first part that failed."""
    shown = next((part for part in parts if not part.passed), parts[0])
    return replace(
        shown,
        passed=all(part.passed for part in parts),
        unexpected=sum(part.unexpected for part in parts),
        rows=tuple(row for part in parts for row in part.rows),
        error=next((part.error for part in parts if part.error), None),
    )


def mart_gate(
    settings: Settings,
    gx: GxRunner,
    run_id: str,
    count_violations: Callable[[datetime | None], dict[str, Violations]] | None = None,
    *,
    is_live: bool = False,
) -> GateOutcome:
    """Check what was built: the violations of each rule are counted in SQL, Great Expectations checks the counts.

    ``count_violations`` counts them, with the moment of a live run; by default in the sealed next file.
    ``is_live``: the run looked at today's list, so something recent must have been observed.
    """
    import pandas as pd

    now = utc_now().replace(tzinfo=None)
    live_at = now if is_live else None
    violations = count_violations(live_at) if count_violations else mart_violations(settings, live_at)
    counts = {name: [found.rows] for name, found in violations.items()}
    suite_result = gx.run_suite(MARTS, {"marts": pd.DataFrame(counts)})
    # Great Expectations gets counts; the rows that they count are added here.
    rule_results = [
        replace(rule_result, unexpected=violations[rule_result.rule].rows, rows=violations[rule_result.rule].sample)
        for rule_result in suite_result.rule_results
    ]
    suite_result = replace(suite_result, rule_results=tuple(rule_results))
    failures = _failures(MARTS, suite_result, {}, {})
    failed = [f for f in suite_result.rule_results if not f.passed and MARTS.rule(f.rule).severity == "error"]
    decided = "publication blocked" if failed else "passed"
    page = _write_page(settings, run_id, MARTS, suite_result, failures, decided, now)
    with RawStore.open(settings.raw_database) as raw:
        raw.append("gate_results", _result_rows(MARTS, suite_result, run_id, now, page))
    _raise_if_unusable(MARTS, suite_result)
    problem = None
    if failed:
        rule = MARTS.rule(failed[0].rule)
        problem = (
            f"The mart gate blocked publication: {rule.reason} ({failed[0].unexpected} rows, rule {rule.name}"
            f"{', first: ' + failed[0].sample if failed[0].sample else ''}). What to do: {rule.remedy}."
        )
    warnings = tuple(f.rule for f in suite_result.rule_results if not f.passed and f not in failed)
    accepted = len(counts) - len(failed)
    logger.debug("The mart gate passed %d of %d rules", accepted, len(counts))
    return GateOutcome("marts", len(counts), accepted, {}, warnings, page, problem, failures)


@dataclass(frozen=True)
class Violations:
    """The rows that break one rule of the mart gate: how many, and the first of them, column by column."""

    rows: int
    sample: tuple[dict[str, Any], ...] = ()


def mart_violations(settings: Settings, live_at: datetime | None) -> dict[str, Violations]:
    """What breaks each rule of the mart gate, in the next file against the published one and the raw tables."""
    with ExitStack() as opened, open_database(settings.next_database, read_only=True) as connection:
        found = {name: _violations(connection, query) for name, query in MART_QUERIES.items()}
        found |= dict.fromkeys((*PUBLISHED_QUERIES, *RAW_QUERIES, "tables_much_smaller", "not_fresh"), Violations(0))
        if settings.raw_database.exists():
            connection.execute(f"attach '{quoted(settings.raw_database)}' as raw_tables (type duckdb, read_only)")
            found |= {name: _violations(connection, query) for name, query in RAW_QUERIES.items()}
        if live_at:
            newest = scalar(connection, "select max(observed_at) from marts.fct_upvote_observations")
            if newest is None or newest < live_at - timedelta(hours=FRESH_HOURS):
                found["not_fresh"] = Violations(1, ({"newest": str(newest)},))
        if is_intact(settings):
            file = opened.enter_context(published_file(settings))
            try:
                found |= _published_violations(connection, file)
            except (DamagedError, duckdb.Error) as error:  # it is replaced, so nothing can be lost
                if not isinstance(error, DamagedError) and not is_damage(error):
                    raise
    return found


def _published_violations(connection: duckdb.DuckDBPyConnection, file: Path) -> dict[str, Violations]:
    """What the next file, which is open, lost against the published one."""
    found = {}
    sizes = count_tables(connection)
    connection.execute(f"attach '{quoted(file)}' as published (type duckdb, read_only)")
    if not scalar(connection, REASONS_QUERY):
        found = {name: _violations(connection, query) for name, query in PUBLISHED_QUERIES.items()}
    with open_database(file, read_only=True) as published:
        before = count_tables(published)
    smaller = tuple(
        {"table": name, "rows_before": rows, "rows_now": sizes.get(name, 0)}
        for name, rows in before.items()
        if sizes.get(name, 0) < MIN_REMAINING_SHARE * rows
    )
    return found | {"tables_much_smaller": Violations(len(smaller), smaller[:MAX_SAMPLE_ROWS])}


def _violations(connection: duckdb.DuckDBPyConnection, query: str) -> Violations:
    count = int(scalar(connection, f"select count(*) from ({query})"))
    if not count:
        return Violations(0)
    found = rows(connection, f"from ({query}) order by all limit {MAX_SAMPLE_ROWS}")
    return Violations(count, tuple({name: str(value) for name, value in row.items()} for row in found))


def _write_page(
    settings: Settings,
    run_id: str,
    suite: Suite,
    suite_result: SuiteResult,
    failures: tuple[Failure, ...],
    decided: str,
    now: datetime,
) -> str:
    """Write the gate's page of the Data Docs; ``decided`` says what the gate did, in a few words."""
    if any(rule_result.error for rule_result in suite_result.rule_results):
        decided = "a rule could not be run"
    warnings = sum(failure.severity == "warning" for failure in failures)
    verdict = f"{decided}, {warnings} {plural(warnings, 'warning')}" if warnings else decided
    return write_page(settings, run_id, suite, suite_result, verdict=verdict, failures=failures, checked_at=now)


def _failures(
    suite: Suite, suite_result: SuiteResult, sizes: Mapping[str, int], listings: Mapping[str, str]
) -> tuple[Failure, ...]:
    """The rules that did not hold. ``sizes``: rows checked by frame. ``listings``: load id → what it is called."""
    failures = []
    for rule_result in suite_result.rule_results:
        if rule_result.passed:
            continue
        rule = suite.rule(rule_result.rule)
        load_ids = tuple(dict.fromkeys(row["load_id"] for row in rule_result.rows if "load_id" in row))
        failures.append(
            Failure(
                rule.name,
                rule.severity,
                rule_result.unexpected,
                rule_result.sample,
                rule.reason,
                rule.remedy,
                checked=sizes.get(rule.frame, rule_result.unexpected),
                rows_are={"loads": "listings", "entries": "entries"}.get(rule.frame, "rows"),
                load_ids=load_ids,
                listings=tuple(listings.get(load_id, load_id) for load_id in load_ids),
                findings=_findings(rule, rule_result),
            )
        )
    return tuple(failures)


def _findings(rule: Rule, rule_result: RuleResult) -> tuple[str, ...]:
    """The different texts in the column of a rule that no listing may have a text in."""
    if rule.frame != "loads" or rule.expectation != "ExpectColumnValuesToBeNull":
        return ()
    return tuple(dict.fromkeys(str(row[rule.arguments["column"]]) for row in rule_result.rows))


def _rejections(suite_result: SuiteResult) -> dict[str, str]:
    """Load id → why, for each load with a row that fails a rule of severity error."""
    reasons: dict[str, list[str]] = defaultdict(list)
    for rule_result in suite_result.rule_results:
        rule = BATCH.rule(rule_result.rule)
        if rule_result.passed or rule.severity != "error":
            continue
        for load_id in dict.fromkeys(row["load_id"] for row in rule_result.rows):
            reasons[load_id].append(f"{rule.name}: {rule.reason}")
    return {load_id: " ".join(texts) for load_id, texts in reasons.items()}


def _raise_if_unusable(suite: Suite, suite_result: SuiteResult) -> None:
    """Raise GateError for a rule that raised or named no load: accepting loads then would be a gate that fails open."""
    broken = [(f.rule, f"could not be run ({f.error})") for f in suite_result.rule_results if f.error]
    # A rule that rejects must be able to name its loads, else its rejection would be lost.
    broken += [
        (f.rule, "failed without naming a load")
        for f in suite_result.rule_results
        if suite is BATCH and not f.passed and not f.rows and suite.rule(f.rule).severity == "error"
    ]
    if broken:
        rule, what = broken[0]
        raise GateError(
            f"The rule {rule} {what}: this is a fault of the gate, not of the data. Nothing was accepted or "
            "published; report it, then run again."
        )


def _result_rows(
    suite: Suite, suite_result: SuiteResult, run_id: str, now: datetime, page: str
) -> list[dict[str, Any]]:
    """One row per rule, and one more per load that fails it."""
    rows = []
    for rule_result in suite_result.rule_results:
        rule = suite.rule(rule_result.rule)
        row = {
            "run_id": run_id,
            "gate": suite.name,
            "checked_at": now,
            "load_id": None,
            "expectation": rule.name,
            "severity": rule.severity,
            "passed": rule_result.passed,
            "observed": rule_result.error or rule_result.observed,
            "unexpected": rule_result.unexpected,
            "sample": rule_result.sample or None,
            "reason": rule.reason,
            "remedy": rule.remedy,
            "data_docs": page,
        }
        rows.append(row)
        rows += [{**row, "load_id": load_id, **detail} for load_id, detail in _by_load(rule_result).items()]
    return rows


def _by_load(rule_result: RuleResult) -> dict[str, dict[str, Any]]:
    counts: Counter[str] = Counter()
    samples: dict[str, list[str]] = defaultdict(list)
    for row in rule_result.rows:
        if "load_id" not in row:
            continue
        counts[row["load_id"]] += 1
        if counts[row["load_id"]] <= MAX_SAMPLE_ROWS:
            samples[row["load_id"]].append(", ".join(f"{k}={v}" for k, v in row.items() if k != "load_id"))
    return {
        load_id: {"unexpected": count, "sample": "; ".join(samples[load_id]), "passed": False}
        for load_id, count in counts.items()
    }
