"""The sealed next file, the mart gate, and publication with its outputs."""

import dagster as dg

from orchestration import pipeline
from orchestration.assets.raw import gate_result
from orchestration.gates.gx_runner import GxRunner
from orchestration.outcome import Outcome, failing_in_dagster
from orchestration.partitions import longest_pause
from orchestration.transform.engines import engine_of
from orchestration.worker import WorkerProcess
from warehouse.errors import WarehouseError
from warehouse.settings import Settings

CANDIDATE = dg.AssetKey(["publication", "candidate"])
PAPERS = dg.AssetKey(["publication", "papers"])
REPORT = dg.AssetKey(["publication", "report"])
FEEDS = dg.AssetKey(["publication", "feeds"])
#: A schedule that has published nothing for so many of its longest pauses needs attention.
_FRESH_PAUSES = 1.5

WITHOUT_FILE = "Report and feeds are made from papers.duckdb, which PAPERS_EXPORT_DUCKDB=yes writes."


def build_publication(
    settings: Settings,
    marts: list[dg.AssetKey],
) -> tuple[list[dg.AssetsDefinition], dg.AssetChecksDefinition]:
    """The assets downstream of the marts, and the mart gate: all marts are sealed, checked and published together."""

    @dg.asset(key=CANDIDATE, deps=marts, group_name="publication", kinds={"duckdb"}, pool="warehouse")
    def candidate(
        warehouse: dg.ResourceParam[Settings], dbt: dg.ResourceParam[WorkerProcess], outcome: dg.ResourceParam[Outcome]
    ) -> dg.MaterializeResult:  # type: ignore[type-arg]
        """The tables of this run in a file that nobody reads yet: finished, counted, and checked by the mart gate."""
        with failing_in_dagster():
            counts = pipeline.seal(warehouse, dbt, outcome)
        rows = {f"rows in {table}": count for table, count in counts.items()}
        return dg.MaterializeResult(metadata={"seconds": round(outcome.seconds["Sealing"], 2), **rows})

    @dg.asset_check(
        asset=CANDIDATE,
        name="mart_gate",
        blocking=True,
        description="The mart gate: rules over whole tables, counted in SQL, checked before publication.",
        pool="warehouse",
    )
    def mart_gate_check(
        context: dg.AssetCheckExecutionContext,
        warehouse: dg.ResourceParam[Settings],
        gx: dg.ResourceParam[GxRunner],
        dbt: dg.ResourceParam[WorkerProcess],
        outcome: dg.ResourceParam[Outcome],
    ) -> dg.AssetCheckResult:
        with failing_in_dagster():
            gate = pipeline.check_marts(warehouse, gx, dbt, context.run.run_id, outcome)
        return gate_result(gate, warehouse, outcome.seconds["The mart gate"])

    @dg.asset(
        key=PAPERS,
        deps=[CANDIDATE],
        group_name="publication",
        kinds={"duckdb", "parquet"},
        freshness_policy=dg.FreshnessPolicy.time_window(fail_window=_FRESH_PAUSES * longest_pause(settings)),
        pool="warehouse",
    )
    def published_papers(
        warehouse: dg.ResourceParam[Settings], dbt: dg.ResourceParam[WorkerProcess], outcome: dg.ResourceParam[Outcome]
    ) -> dg.MaterializeResult:  # type: ignore[type-arg]
        """``papers.duckdb`` and its Parquet export, replaced in one step: the files that readers open."""
        with failing_in_dagster():
            publication = pipeline.publish(warehouse, dbt, outcome)
        file = warehouse.published_database
        return dg.MaterializeResult(
            metadata={
                "seconds": round(outcome.seconds["Publication"], 2),
                "published at": publication.published_at,
                "where": engine_of(warehouse, dbt).place(),
                **({"file": dg.MetadataValue.path(str(file)), "bytes": file.stat().st_size} if file.exists() else {}),
                **{f"rows in {table}": rows for table, rows in publication.tables.items()},
            }
        )

    @dg.asset(key=REPORT, deps=[FEEDS], group_name="publication", kinds={"html"}, pool="warehouse")
    def report(
        context: dg.AssetExecutionContext,
        warehouse: dg.ResourceParam[Settings],
        outcome: dg.ResourceParam[Outcome],
    ) -> dg.MaterializeResult:  # type: ignore[type-arg]
        """The static site of what was published. That stays published where the site can't be written."""
        written = pipeline.write_site(warehouse, outcome)
        if written is None:
            return dg.MaterializeResult(metadata={"not written": WITHOUT_FILE})
        if isinstance(written, WarehouseError):
            context.log.warning(str(written))
            return dg.MaterializeResult(metadata={"problem": str(written)})
        return dg.MaterializeResult(
            metadata={
                "seconds": round(outcome.seconds["Report"], 2),
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
        """Atom and JSON Feed of what rose, overall and by subscription. A file that can't be written is a warning."""
        written = pipeline.write_feeds(warehouse, outcome)
        if written is None:
            return dg.MaterializeResult(metadata={"not written": WITHOUT_FILE})
        for problem in written.problems:
            context.log.warning(problem)
        return dg.MaterializeResult(
            metadata={
                "seconds": round(outcome.seconds["Feeds"], 2),
                "files": len(written.files),
                "problems": dg.MetadataValue.json(written.problems),
            }
        )

    return [candidate, published_papers, report, feeds], mart_gate_check
