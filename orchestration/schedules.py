"""The jobs, and the daily schedule that observes the trailing listing dates again, in one run."""

import dagster as dg

from orchestration.partitions import range_tags
from warehouse.digest.sending import send_digests
from warehouse.errors import WarehouseError
from warehouse.landing.fetching import trailing_dates
from warehouse.settings import Settings

#: One process a run: each further process would import everything again (93 s against 33 s for four steps).
daily_papers_job = dg.define_asset_job(
    "daily_papers",
    selection=dg.AssetSelection.all(),
    executor_def=dg.in_process_executor,
    description="Fetch listing dates, load, check, transform, check, publish.",
)
load_landed_job = dg.define_asset_job(
    "load_landed",
    selection=dg.AssetSelection.all() - dg.AssetSelection.groups("landing"),
    executor_def=dg.in_process_executor,
    description="Load what is landed and not yet loaded (imports, leftovers of a killed run), then publish.",
)


def daily_schedule(settings: Settings) -> dg.ScheduleDefinition:
    """22:30 UTC: the day's listing is nearly complete (at 08 UTC it has two thirds of its entries)."""

    @dg.schedule(
        name="daily_papers_schedule",
        cron_schedule="30 22 * * *",
        execution_timezone="UTC",
        job=daily_papers_job,
        description=f"Observe the last {settings.lookback} listing dates again, in one run.",
    )
    def schedule(context: dg.ScheduleEvaluationContext) -> dg.RunRequest:
        last = context.scheduled_execution_time.date()
        first, last = trailing_dates(last, settings.lookback)
        return dg.RunRequest(run_key=last.isoformat(), tags=range_tags(first, last))

    return schedule


def digest_job(settings: Settings) -> dg.JobDefinition:
    """Sends what `papers digest` sends."""

    @dg.op(description="Send each subscription's current issue to the recipients that have not got it.")
    def send_digest(context: dg.OpExecutionContext) -> None:
        try:
            results = send_digests(settings, [], report=context.log.info)
        except WarehouseError as error:
            raise dg.Failure(description=str(error)) from error
        for result in results:
            context.log.info(f"{result.subscription}, issue {result.issue}: {result.note or result.recipients}")
        undelivered = {who: result.problems.get(who) for result in results for who in result.undelivered}
        if undelivered:
            who, problem = next(iter(undelivered.items()))
            raise dg.Failure(
                description=f"Look at {who} first, then run `papers digest` again, which tries only the failed ones: "
                f"{len(undelivered)} mail(s) got no answer that they were delivered ({problem})."
            )

    @dg.job(name="digest", executor_def=dg.in_process_executor, description="Send the digest to the subscriptions.")
    def digest() -> None:
        send_digest()

    return digest


def digest_schedule(settings: Settings, job: dg.JobDefinition) -> dg.ScheduleDefinition:
    """23:30 UTC, an hour after the daily run starts. On by default if subscriptions and a mail server are set."""
    is_set_up = settings.smtp is not None and settings.subscriptions.exists()
    return dg.ScheduleDefinition(
        name="digest_schedule",
        cron_schedule="30 23 * * *",
        execution_timezone="UTC",
        job=job,
        default_status=dg.DefaultScheduleStatus.RUNNING if is_set_up else dg.DefaultScheduleStatus.STOPPED,
        description="Send each subscription's issue of the day or the week, once.",
    )
