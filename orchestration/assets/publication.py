"""The sealed next file, gate 2 on it, and its publication."""

from datetime import date, timedelta

import dagster as dg

from orchestration.assets.raw import gate_result
from orchestration.engines import engine_of
from orchestration.expectations.judge import Judge
from orchestration.gates import mart_gate
from orchestration.helper import Helper
from orchestration.outcome import Outcome
from warehouse.digest.feeds import FeedsWritten, write_feeds
from warehouse.errors import WarehouseError
from warehouse.landing import utc_now
from warehouse.report import write_report
from warehouse.settings import Settings

CANDIDATE = dg.AssetKey(["publication", "candidate"])
PAPERS = dg.AssetKey(["publication", "papers"])
REPORT = dg.AssetKey(["publication", "report"])
FEEDS = dg.AssetKey(["publication", "feeds"])
#: A daily schedule that missed a day and a half needs a person.
FRESH = dg.FreshnessPolicy.time_window(fail_window=timedelta(hours=36))

WITHOUT_FILE = "Report and feeds are made from papers.duckdb: PAPERS_EXPORT_DUCKDB=yes writes it from Spark's tables."


def build_publication(
    marts: list[dg.AssetKey],
) -> tuple[list[dg.AssetsDefinition], dg.AssetChecksDefinition]:
    """The assets after the given marts, and gate 2: sealed, checked and published is all of them together."""

    @dg.asset(key=CANDIDATE, deps=marts, group_name="publication", kinds={"duckdb"}, pool="warehouse")
    def candidate(
        warehouse: dg.ResourceParam[Settings], dbt: dg.ResourceParam[Helper], outcome: dg.ResourceParam[Outcome]
    ) -> dg.MaterializeResult:  # type: ignore[type-arg]
        """``next.duckdb``, finished: self-contained, written to disk, its public tables counted."""
        with outcome.of_step("Sealing"):
            counts = engine_of(warehouse, dbt).seal()
        rows = {f"rows in {table}": count for table, count in counts.items()}
        return dg.MaterializeResult(metadata={"seconds": outcome.seconds["Sealing"], **rows})

    @dg.asset_check(
        asset=CANDIDATE,
        name="mart_gate",
        blocking=True,
        description="Gate 2: rules over whole tables, counted in SQL, judged before readers see anything.",
        pool="warehouse",
    )
    def mart_gate_check(
        context: dg.AssetCheckExecutionContext,
        warehouse: dg.ResourceParam[Settings],
        judge: dg.ResourceParam[Judge],
        dbt: dg.ResourceParam[Helper],
        outcome: dg.ResourceParam[Outcome],
    ) -> dg.AssetCheckResult:
        with outcome.of_step("The mart gate"):
            offences = engine_of(warehouse, dbt).offences
            gate = mart_gate(warehouse, judge, context.run.run_id, offences, is_live=_is_live(outcome))
        return gate_result(gate, warehouse, outcome, outcome.seconds["The mart gate"])

    @dg.asset(
        key=PAPERS,
        deps=[CANDIDATE],
        group_name="publication",
        kinds={"duckdb", "parquet"},
        freshness_policy=FRESH,
        pool="warehouse",
    )
    def published_papers(
        warehouse: dg.ResourceParam[Settings], dbt: dg.ResourceParam[Helper], outcome: dg.ResourceParam[Outcome]
    ) -> dg.MaterializeResult:  # type: ignore[type-arg]
        """``papers.duckdb`` and its Parquet export, replaced in one step: what readers open."""
        with outcome.of_step("Publication"):
            engine = engine_of(warehouse, dbt)
            outcome.publication = engine.publish()
        file = warehouse.published_database
        return dg.MaterializeResult(
            metadata={
                "seconds": outcome.seconds["Publication"],
                "published at": outcome.publication.published_at,
                "where": engine.place(),
                **({"file": dg.MetadataValue.path(str(file)), "bytes": file.stat().st_size} if file.exists() else {}),
                **{f"rows in {table}": rows for table, rows in outcome.publication.tables.items()},
            }
        )

    @dg.asset(key=REPORT, deps=[FEEDS], group_name="publication", kinds={"html"}, pool="warehouse")
    def report(
        context: dg.AssetExecutionContext,
        warehouse: dg.ResourceParam[Settings],
        outcome: dg.ResourceParam[Outcome],
    ) -> dg.MaterializeResult:  # type: ignore[type-arg]
        """The static site of what was published. That stays published where the site can't be written."""
        if not warehouse.writes_file:
            return dg.MaterializeResult(metadata={"not written": WITHOUT_FILE})
        with outcome.phase("Report"):
            try:
                written = write_report(warehouse)
            except WarehouseError as error:
                context.log.warning(str(error))
                outcome.remarks.append(str(error))
                return dg.MaterializeResult(metadata={"problem": str(error)})
        return dg.MaterializeResult(
            metadata={
                "seconds": outcome.seconds["Report"],
                # The event log keeps metadata for long, so the page is linked and no part of it is copied.
                "first page": dg.MetadataValue.url(f"{warehouse.site_url}/{written.index.name}")
                if warehouse.site_url
                else dg.MetadataValue.path(str(written.index)),
                "files": written.files,
                "bytes": written.size,
            }
        )

    @dg.asset(key=FEEDS, deps=[PAPERS], group_name="publication", kinds={"python"}, pool="warehouse")
    def feeds(
        context: dg.AssetExecutionContext,
        warehouse: dg.ResourceParam[Settings],
        outcome: dg.ResourceParam[Outcome],
    ) -> dg.MaterializeResult:  # type: ignore[type-arg]
        """Atom and JSON Feed of what rose, overall and by subscription. What can't be written is said."""
        if not warehouse.writes_file:
            return dg.MaterializeResult(metadata={"not written": WITHOUT_FILE})
        with outcome.phase("Feeds"):
            try:
                written = write_feeds(warehouse)
            except WarehouseError as error:
                written = FeedsWritten(problems=[str(error)])
        for problem in written.problems:
            context.log.warning(problem)
        outcome.remarks += written.problems
        return dg.MaterializeResult(
            metadata={
                "seconds": outcome.seconds["Feeds"],
                "files": len(written.files),
                "problems": dg.MetadataValue.json(written.problems),
            }
        )

    return [candidate, published_papers, report, feeds], mart_gate_check


def _is_live(outcome: Outcome) -> bool:
    """Whether the run looked at the list of today or yesterday; a backfill of old dates need not bring anything new."""
    asked = outcome.fetched.landed if outcome.fetched else {}
    return max(asked, default=date.min) >= utc_now().date() - timedelta(days=1)
