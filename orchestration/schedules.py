"""The jobs, and their schedules: the runs that observe what is due, and the digest."""

import dagster as dg

from orchestration.partitions import longest_pause
from warehouse.digest.sending import send_digests
from warehouse.errors import WarehouseError
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


def papers_schedule(settings: Settings) -> dg.ScheduleDefinition:
    """Starts a run at each tick of PAPERS_SCHEDULE, which observes what is due then.

    Runs of two ticks never overlap: the pool ``warehouse`` lets one of them start (``dagster.yaml``). After a time
    without the daemon, Dagster starts a run for the last missed tick only, and a tick starts none while another run
    waits: that one observes what is due when it starts. Raises InputError for a PAPERS_SCHEDULE that never comes.
    """
    longest_pause(settings)

    @dg.schedule(
        name="daily_papers_schedule",
        cron_schedule=settings.schedule,
        execution_timezone="UTC",
        job=daily_papers_job,
        description="Observe the listings that are due by the observation plan, in one run.",
    )
    def schedule(context: dg.ScheduleEvaluationContext) -> dg.RunRequest | dg.SkipReason:
        is_waiting = dg.RunsFilter(job_name=daily_papers_job.name, statuses=[dg.DagsterRunStatus.QUEUED])
        if waiting := context.instance.get_runs(is_waiting, limit=1):
            return dg.SkipReason(f"Run {waiting[0].run_id[:8]} waits and will observe what is due.")
        return dg.RunRequest(run_key=context.scheduled_execution_time.isoformat())

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
    """23:30 UTC, after the day's last run by the default schedule (22:45).

    On by default if subscriptions and a mail server are set.
    """
    is_set_up = settings.smtp is not None and settings.subscriptions.exists()
    return dg.ScheduleDefinition(
        name="digest_schedule",
        cron_schedule="30 23 * * *",
        execution_timezone="UTC",
        job=job,
        default_status=dg.DefaultScheduleStatus.RUNNING if is_set_up else dg.DefaultScheduleStatus.STOPPED,
        description="Send each subscription's issue of the day or the week, once.",
    )
