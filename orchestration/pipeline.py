"""The steps of a run and their order, without Dagster.

Belongs here: what each step does, how long it took and what stops the run. ``run_pipeline`` runs the steps one after
the other; the assets and checks run the same functions, one each. Not here: the lock, and Dagster's events.
"""

from __future__ import annotations

import json
import logging
import re
from collections.abc import Callable, Iterator, Sequence
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any, Literal

from orchestration.gates.gx_runner import GxRunner
from orchestration.gates.verdicts import GateOutcome, batch_gate, mart_gate
from orchestration.outcome import Outcome
from orchestration.transform.engines import engine_of
from orchestration.worker import WorkerProcess
from sources import PAPER, TRENDING
from sources.daily_papers.client import DailyPapersClient
from warehouse.clock import utc_now
from warehouse.digest import feeds
from warehouse.digest.feeds import FeedsWritten
from warehouse.display import plural
from warehouse.errors import GateError, HomeError, InputError, UnreachableError, WarehouseError
from warehouse.home import DEMO_MARKER
from warehouse.landing.fetching import FetchReport, KindReport, fetch_listings, observed_since
from warehouse.landing.fetching import fetch_papers as land_papers
from warehouse.landing.fetching import fetch_trending as land_trending
from warehouse.landing.location import open_landing
from warehouse.landing.plan import DueListing, DuePaper
from warehouse.publication.publish import Publication, published_file
from warehouse.raw.archive_check import RebuildGuard, known_loads
from warehouse.raw.handover import hand_over_new
from warehouse.raw.loader import load_landed
from warehouse.raw.observations import read_paper_plan, read_plan
from warehouse.raw.overrides import load_overrides
from warehouse.raw.rebuild import rebuild
from warehouse.raw.store import RawStore
from warehouse.report import Report, write_report
from warehouse.settings import Settings

logger = logging.getLogger(__name__)


def run_pipeline(
    settings: Settings,
    run_id: str,
    *,
    gx: GxRunner,
    worker: WorkerProcess,
    outcome: Outcome,
    land: Callable[[], object] | None = None,
    is_rebuild: bool = False,
) -> None:
    """Call ``land``, then load, check, transform, check, publish, and write the outputs.

    ``worker`` is the engine's process. The caller holds the writer lock. Raises the WarehouseError that stopped the
    run: GateError when a gate blocks.
    """
    if land:
        land()
    load(settings, run_id, outcome, is_rebuild=is_rebuild)
    _stop_if_blocked(check_loads(settings, gx, run_id, outcome))
    for _ in transform(settings, worker, outcome, is_rebuild=is_rebuild):
        pass
    seal(settings, worker, outcome)
    _stop_if_blocked(check_marts(settings, gx, worker, run_id, outcome))
    publish(settings, worker, outcome)
    write_feeds(settings, outcome)
    write_site(settings, outcome)


def _stop_if_blocked(gate: GateOutcome) -> None:
    if gate.problem:
        raise GateError(gate.problem)


def fetch(
    settings: Settings,
    source: DailyPapersClient,
    dates: Sequence[date] | None,
    outcome: Outcome,
    *,
    on_date: Callable[[date, str], None] | None = None,
    only: Literal["api", "page"] | None = None,
    skip_observed_since: datetime | None = None,
) -> FetchReport:
    """Fetch the listings of these dates, or those that are due by the observation plan (None), and land them.

    The client's budget of requests bounds the plan only. Raises UnreachableError when not one of the dates could be
    fetched, InputError for real listings in a demo's home.
    """
    with outcome.step("Fetching"):
        landing = open_landing(settings.landing)
        needed = None
        if dates is None:
            needed = {due.listing_date: due.requests for due in _due(settings)}
            dates = list(needed)
        observed = observed_since(landing, skip_observed_since) if skip_observed_since else set()
        missing = [day for day in dates if day not in observed]
        _refuse_real_in_demo(settings)
        report = fetch_listings(landing, source, missing, on_date=on_date, only=only, needed=needed)
        report.skipped = [day for day in dates if day in observed]
        outcome.fetched = report
        if missing and not report.landed:
            day, problem = next(iter(report.failures.items()))
            raise UnreachableError(
                f"{settings.endpoint} gave no listing for any of {len(missing)} date(s): {problem} ({day}). "
                "Check the connection and PAPERS_ENDPOINT, then run again; what was published stays."
            )
    return report


def fetch_trending(settings: Settings, source: DailyPapersClient, outcome: Outcome) -> KindReport:
    """Fetch the site's trending list and land it. A failure is a remark of the run.

    Nothing is fetched with PAPERS_TRENDING=no, and in a run over listing dates of the past.
    """
    with outcome.step("Fetching the trending list"):
        _refuse_real_in_demo(settings)
        skipped = _why_skipped(outcome, "PAPERS_TRENDING", settings.trending)
        report = KindReport(skipped_because=skipped)
        if skipped is None:
            report = land_trending(open_landing(settings.landing), source)
        outcome.remarks += [f"The trending list was not observed: {why}" for why in report.failures.values()]
        if report.postponed:
            outcome.remarks.append("The trending list was not observed: the run had no requests left.")
        outcome.remarks += source.take_notes()
        outcome.fetched_kinds[TRENDING] = report
    return report


def fetch_papers(settings: Settings, source: DailyPapersClient, outcome: Outcome) -> KindReport:
    """Fetch the details of the papers that are due, with the requests that are left, and land them.

    A failure is a remark of the run. Nothing is fetched without PAPERS_ADOPTION=yes, and in a run over listing dates of
    the past.
    """
    with outcome.step("Fetching papers"):
        _refuse_real_in_demo(settings)
        skipped = _why_skipped(outcome, "PAPERS_ADOPTION", settings.adoption)
        report = KindReport(skipped_because=skipped)
        if skipped is None:
            budget = source.http.budget
            max_papers = settings.max_requests if budget is None else budget.remaining
            due = [paper.paper_id for paper in _due_papers(settings)]
            report = land_papers(open_landing(settings.landing), source, due[:max_papers])
            report.postponed += due[max_papers:]
        if report.failures:
            paper_id, why = next(iter(report.failures.items()))
            papers = f"{len(report.failures)} {plural(len(report.failures), 'paper')}"
            outcome.remarks.append(f"The details of {papers} were not observed, first {paper_id}: {why}")
        outcome.remarks += source.take_notes()
        outcome.fetched_kinds[PAPER] = report
    return report


def _why_skipped(outcome: Outcome, variable: str, is_on: bool) -> str | None:
    """Why a run does not fetch a kind that a setting turns on; None if it does."""
    if not is_on:
        return f"{variable} is no"
    if outcome.fetched is not None and not _is_live(outcome):
        return "the run observes listing dates of the past"
    return None


def _refuse_real_in_demo(settings: Settings) -> None:
    if (settings.home / DEMO_MARKER).exists() and not settings.is_local_endpoint:
        raise InputError(
            f"{settings.home} holds the invented papers of the demo: give real ones another home (PAPERS_HOME)."
        )


def _due_papers(settings: Settings) -> list[DuePaper]:
    """The papers whose details are due now; none where the raw tables can't be read, which the next step reports."""
    try:
        return read_paper_plan(settings, utc_now())
    except HomeError as error:
        logger.debug("The papers that are due can't be read: %s", error)
        return []


def _due(settings: Settings) -> list[DueListing]:
    """The listings that are due now. Where the raw tables can't be read, by the journal alone.

    The run then lands what it observes before its loading step reports the tables.
    """
    now = utc_now()
    try:
        return read_plan(settings, now)
    except HomeError as error:
        logger.debug("The verdicts can't be read, the journal alone is: %s", error)
        return read_plan(settings, now, only_journal=True)


def load(
    settings: Settings, run_id: str, outcome: Outcome, *, is_rebuild: bool = False, accepted_loss: str = ""
) -> None:
    """Parse what is landed and not yet loaded, or the whole archive again, into the raw tables.

    ``accepted_loss`` is the reason why a rebuild may yield fewer loads than before. Without one GateError is raised.
    """
    landing = open_landing(settings.landing)
    with outcome.step("Loading"):
        if is_rebuild:
            with published_file(settings) as published:
                known = known_loads(settings.raw_database, published)
                guard = RebuildGuard(landing, known, accepted_loss=accepted_loss or None)
                outcome.remarks += guard.check_archive()
                outcome.loads = rebuild(
                    settings.raw_database,
                    landing,
                    run_id,
                    outcome.on_load,
                    published=published,
                    check=guard.check_loads,
                    accepted_loss=accepted_loss or None,
                )
        else:
            with RawStore.open(settings.raw_database) as raw:
                outcome.loads = load_landed(raw, landing, run_id, outcome.on_load)


def check_loads(settings: Settings, gx: GxRunner, run_id: str, outcome: Outcome) -> GateOutcome:
    """The batch gate: write the verdict of each pending load."""
    with outcome.step("The batch gate"):
        gate = batch_gate(settings, gx, run_id)
    return _record(gate, outcome)


def transform(
    settings: Settings, worker: WorkerProcess, outcome: Outcome, *, is_rebuild: bool = False
) -> Iterator[dict[str, Any]]:
    """Build the models from accepted loads; yields dbt's events as they come. Raises GateError when a node failed."""
    with outcome.step("dbt"):
        load_overrides(settings)
        hand_over_new(settings)
        events = engine_of(settings, worker).build(is_rebuild=is_rebuild)
        for event in events:
            if "success" not in event:
                logger.debug("dbt: %s", event.get("info", {}).get("msg"))
                yield event
            elif not event["success"]:
                target = settings.dbt_target
                raise GateError(_failed_nodes(target) or f"dbt failed: see {target / 'dbt.log'}.")


def seal(settings: Settings, worker: WorkerProcess, outcome: Outcome) -> dict[str, int]:
    """Finish what was built. Returns the rows of each public table."""
    with outcome.step("Sealing"):
        return engine_of(settings, worker).seal()


def check_marts(settings: Settings, gx: GxRunner, worker: WorkerProcess, run_id: str, outcome: Outcome) -> GateOutcome:
    """The mart gate: rules over whole tables of what was built, before it is published."""
    with outcome.step("The mart gate"):
        gate = mart_gate(settings, gx, run_id, engine_of(settings, worker).violations, is_live=_is_live(outcome))
    return _record(gate, outcome)


def publish(settings: Settings, worker: WorkerProcess, outcome: Outcome) -> Publication:
    """Replace what readers open with what was built."""
    with outcome.step("Publication"):
        outcome.publication = engine_of(settings, worker).publish()
    return outcome.publication


def write_feeds(settings: Settings, outcome: Outcome) -> FeedsWritten | None:
    """The feeds of what was published; None where no file is. What can't be written is a remark and stops nothing."""
    if not settings.writes_file:
        return None
    with outcome.phase("Feeds"):
        try:
            written = feeds.write_feeds(settings)
        except WarehouseError as error:
            written = FeedsWritten(problems=[str(error)])
    outcome.remarks += written.problems
    return written


def write_site(settings: Settings, outcome: Outcome) -> Report | WarehouseError | None:
    """The report of what was published; None where no file is. An error is a remark, is returned and stops nothing."""
    if not settings.writes_file:
        return None
    with outcome.phase("Report"):
        try:
            return write_report(settings)
        except WarehouseError as error:
            outcome.remarks.append(str(error))
            return error


def _record(gate: GateOutcome, outcome: Outcome) -> GateOutcome:
    outcome.gates[gate.gate] = gate
    if gate.problem:
        outcome.error = GateError(gate.problem)
    return gate


def _is_live(outcome: Outcome) -> bool:
    """Whether the run observed the listing of today or yesterday; a backfill of old dates may yield nothing new."""
    landed = outcome.fetched.landed if outcome.fetched else {}
    return max(landed, default=date.min) >= utc_now().date() - timedelta(days=1)


def _failed_nodes(target: Path) -> str | None:
    """One sentence about what failed in dbt, from its own results."""
    try:
        results = json.loads((target / "run_results.json").read_text())["results"]
    except (OSError, ValueError, KeyError):
        return None
    failed = [r for r in results if r["status"] in ("error", "fail")]
    if not failed:
        return None
    first = failed[0]
    # A message may end with a stack trace of the engine, which dbt's log keeps.
    message = re.split(r"\s+at [\w.$/]+\(", str(first["message"]), maxsplit=1)[0].strip()
    return (
        f"{len(failed)} dbt node(s) failed, first {first['unique_id']}: {message} "
        f"Nothing was published; the compiled SQL is in {target}."
    )
