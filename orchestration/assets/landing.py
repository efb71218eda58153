"""The landing archive as assets, one for each kind of captures.

Listings are partitioned by listing date. The trending list and the papers by themselves are of no date.
"""

import datetime
from enum import Enum

import dagster as dg
from pydantic import Field

from orchestration import pipeline
from orchestration.outcome import Outcome, failing_in_dagster
from orchestration.partitions import LISTING_DATES, SKIP_OBSERVED_SINCE
from sources.daily_papers.client import DailyPapersClient
from warehouse.clock import utc_now
from warehouse.errors import InputError
from warehouse.landing.fetching import KindReport, trailing_dates
from warehouse.landing.importing import parse_day
from warehouse.settings import Settings

LISTINGS = dg.AssetKey(["landing", "listings"])
TRENDING_LIST = dg.AssetKey(["landing", "trending"])
PAPERS = dg.AssetKey(["landing", "papers"])
#: Papers named in the metadata of one event: Dagster keeps three copies of it. The journal has them all.
MAX_SHOWN = 100


class Source(Enum):
    """Which of the site's interfaces to fetch from. Lower case, as a person types the names at the launchpad."""

    either = None
    api = "api"
    page = "page"


class ListingsConfig(dg.Config):
    """What to observe, filled in at the launchpad. Empty and without partitions: what is due by the plan."""

    date: str = Field(
        default="",  # not null: the launchpad shows only what has a value
        description="The last listing date, like 2026-09-15. Empty: the partitions chosen; else today (UTC) with a "
        "lookback, and what is due by the observation plan without one.",
    )
    lookback: int = Field(
        default=0,
        ge=0,
        le=366,
        description="How many listing dates that end there; 1 is that date alone. "
        "0: only the partitions chosen; PAPERS_LOOKBACK with a date.",
    )
    source: Source = Field(
        default=Source.either,
        description="either: the API, and the daily page when it fails; api or page: that one alone.",
    )

    def dates(self, chosen: list[datetime.date], warehouse: Settings) -> list[datetime.date] | None:
        """The listing dates to observe, ascending; None: those that are due. Raises InputError for no date."""
        if chosen and self.date:
            raise InputError("Choose partitions or give a date, not both: leave `date` empty, or launch without them.")
        if not (chosen or self.date or self.lookback):
            return None
        last = parse_day(self.date, "date") if self.date else utc_now().date()
        lookback = self.lookback or (1 if chosen else warehouse.lookback)
        first, last = trailing_dates(chosen[0] if chosen else last, lookback)
        days = [first + datetime.timedelta(days=n) for n in range((last - first).days + 1)]
        return sorted({*days, *chosen})


@dg.asset(
    key=LISTINGS,
    partitions_def=LISTING_DATES,
    backfill_policy=dg.BackfillPolicy.single_run(),
    group_name="landing",
    kinds={"python"},
    pool="warehouse",
)
def landed_listings(
    context: dg.AssetExecutionContext,
    config: ListingsConfig,
    warehouse: dg.ResourceParam[Settings],
    source: dg.ResourceParam[DailyPapersClient],
    outcome: dg.ResourceParam[Outcome],
) -> dg.MaterializeResult:  # type: ignore[type-arg]
    """Every listing as received, with its address, its date and the moment of observation. Append-only.

    Materializing a date again observes it again; nothing is replaced. A run without partitions, date and lookback
    observes what is due by the observation plan. A backfill skips the dates that were observed since it was started, so
    that it can be resumed. Imported dates are materialized too.
    """

    def on_date(day: datetime.date, what: str) -> None:
        context.log.info(f"{day}: {what}")
        if outcome.on_date:
            outcome.on_date(day, what)

    is_partitioned = context.has_partition_key or context.has_partition_key_range
    since = context.run.tags.get(SKIP_OBSERVED_SINCE)
    with failing_in_dagster():
        chosen = [datetime.date.fromisoformat(key) for key in context.partition_keys] if is_partitioned else []
        report = pipeline.fetch(
            warehouse,
            source,
            config.dates(chosen, warehouse),
            outcome,
            on_date=on_date,
            only=config.source.value,
            skip_observed_since=datetime.datetime.fromisoformat(since) if since else None,
        )
    for day, problem in report.failures.items():
        context.log.warning(f"{day} was not fetched: {problem}")
    for day in report.landed:
        if day not in chosen:  # Dagster marks the chosen partitions itself
            context.log_event(dg.AssetMaterialization(LISTINGS, partition=day.isoformat()))
    return dg.MaterializeResult(
        metadata={
            "seconds": round(outcome.seconds["Fetching"], 2),
            "landed": len(report.landed),
            "failed": len(report.failures),
            "skipped": len(report.skipped),
            "postponed": len(report.postponed),
            "load ids": dg.MetadataValue.json({str(day): load for day, load in report.landed.items()}),
            "failures": dg.MetadataValue.json({str(day): why for day, why in report.failures.items()}),
            "remarks": dg.MetadataValue.json(report.remarks),
        }
    )


# Dependencies give the listings the run's first requests; each asset can be launched without them.
@dg.asset(key=TRENDING_LIST, deps=[LISTINGS], group_name="landing", kinds={"python"}, pool="warehouse")
def landed_trending(
    context: dg.AssetExecutionContext,
    warehouse: dg.ResourceParam[Settings],
    source: dg.ResourceParam[DailyPapersClient],
    outcome: dg.ResourceParam[Outcome],
) -> dg.MaterializeResult:  # type: ignore[type-arg]
    """The site's trending list as received, once a run. It is of no date. Append-only. Off with PAPERS_TRENDING=no."""
    with failing_in_dagster():
        report = pipeline.fetch_trending(warehouse, source, outcome)
    return _kind_result(context, report, outcome.seconds["Fetching the trending list"])


@dg.asset(key=PAPERS, deps=[LISTINGS, TRENDING_LIST], group_name="landing", kinds={"python"}, pool="warehouse")
def landed_papers(
    context: dg.AssetExecutionContext,
    warehouse: dg.ResourceParam[Settings],
    source: dg.ResourceParam[DailyPapersClient],
    outcome: dg.ResourceParam[Outcome],
) -> dg.MaterializeResult:  # type: ignore[type-arg]
    """The details of each paper that is due, as received, with the requests that the listings leave. Append-only.

    On with PAPERS_ADOPTION=yes.
    """
    with failing_in_dagster():
        report = pipeline.fetch_papers(warehouse, source, outcome)
    return _kind_result(context, report, outcome.seconds["Fetching papers"])


def _kind_result(context: dg.AssetExecutionContext, report: KindReport, seconds: float) -> dg.MaterializeResult:  # type: ignore[type-arg]
    """What was landed of a kind, as metadata and in the log."""
    for what, problem in report.failures.items():
        context.log.warning(f"{what} was not fetched: {problem}")
    if report.skipped_because:
        context.log.info(f"Nothing was requested: {report.skipped_because}.")
    return dg.MaterializeResult(
        metadata={
            "seconds": round(seconds, 2),
            "landed": len(report.landed),
            "not at the site": len(report.missing),
            "failed": len(report.failures),
            "postponed": len(report.postponed),
            "load ids": dg.MetadataValue.json(dict(list(report.landed.items())[:MAX_SHOWN])),
            "failures": dg.MetadataValue.json(dict(list(report.failures.items())[:MAX_SHOWN])),
            **({"skipped because": report.skipped_because} if report.skipped_because else {}),
        }
    )
