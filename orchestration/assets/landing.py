"""The landing archive as a daily-partitioned asset: one partition a listing date."""

from datetime import date, datetime

import dagster as dg

from orchestration.outcome import Outcome
from orchestration.partitions import LISTING_DATES, SKIP_OBSERVED_SINCE
from sources.daily_papers.client import DailyPapersClient
from warehouse.errors import InputError, UnreachableError, WarehouseError
from warehouse.fetching import fetch_listings, observed_since
from warehouse.landing import Landing
from warehouse.settings import DEMO_MARKER, Settings


@dg.asset(
    key=["landing", "listings"],
    partitions_def=LISTING_DATES,
    backfill_policy=dg.BackfillPolicy.single_run(),
    group_name="landing",
    kinds={"python"},
    pool="warehouse",
)
def landed_listings(
    context: dg.AssetExecutionContext,
    warehouse: dg.ResourceParam[Settings],
    source: dg.ResourceParam[DailyPapersClient],
    outcome: dg.ResourceParam[Outcome],
) -> dg.MaterializeResult:  # type: ignore[type-arg]
    """Every listing as received, with its address, its date and the moment we looked. Append-only.

    Materializing a date again observes it again; nothing is replaced. A run with the tag ``SKIP_OBSERVED_SINCE``
    leaves out the dates that were observed since that moment: so a backfill that was killed goes on.
    """

    def on_date(day: date, what: str) -> None:
        context.log.info(f"{day}: {what}")
        if outcome.on_date:
            outcome.on_date(day, what)

    dates = [date.fromisoformat(key) for key in context.partition_keys]
    since = context.run.tags.get(SKIP_OBSERVED_SINCE)
    known = observed_since(Landing(warehouse.landing), datetime.fromisoformat(since)) if since else set()
    asked = [day for day in dates if day not in known]
    try:
        if (warehouse.home / DEMO_MARKER).exists() and not warehouse.is_local_endpoint:
            raise InputError(
                f"{warehouse.home} holds the invented papers of the demo: give real ones another home (PAPERS_HOME)."
            )
        report = fetch_listings(
            Landing(warehouse.landing),
            source,
            asked,
            on_date=on_date,
        )
        report.skipped = [day for day in dates if day in known]
        outcome.fetched = report
        if asked and not report.landed:
            day, problem = next(iter(report.failures.items()))
            raise UnreachableError(
                f"{warehouse.endpoint} gave no listing for any of {len(asked)} date(s): {problem} ({day}). "
                "Check the connection and PAPERS_ENDPOINT, then run again; what was published stays."
            )
    except WarehouseError as error:
        outcome.error = error
        raise dg.Failure(description=str(error)) from error
    for day, problem in report.failures.items():
        context.log.warning(f"{day} was not fetched: {problem}")
    return dg.MaterializeResult(
        metadata={
            "landed": len(report.landed),
            "failed": len(report.failures),
            "skipped": len(report.skipped),
            "load ids": dg.MetadataValue.json({str(day): load for day, load in report.landed.items()}),
            "failures": dg.MetadataValue.json({str(day): why for day, why in report.failures.items()}),
            "remarks": dg.MetadataValue.json(report.remarks),
        }
    )
