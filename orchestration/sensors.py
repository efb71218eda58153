"""The sensor that sends an alert for each failed run. The alert's first line says what to do."""

import dagster as dg

from orchestration.alerts import Alert, send_alert
from warehouse.settings import Settings

_REMEDY = "What to do: "


def failure_sensor(settings: Settings) -> dg.SensorDefinition:
    """An alert for each failed run: in ``alerts.log`` of the home, by webhook and by mail where they are set."""

    @dg.run_failure_sensor(
        name="run_failure_alert",
        default_status=dg.DefaultSensorStatus.RUNNING,
        minimum_interval_seconds=30,
        description="Writes alerts.log; calls PAPERS_ALERT_WEBHOOK and mails PAPERS_ALERT_MAIL, if they are set.",
    )
    def alert(context: dg.RunFailureSensorContext) -> None:
        for problem in send_alert(settings, failure_alert(context)):
            context.log.warning(f"The alert was not sent by {problem}.")

    return alert


def failure_alert(context: dg.RunFailureSensorContext) -> Alert:
    """What to do about a failed run: from the gate's description if one blocked it, else the step's, else the run's."""
    run = context.dagster_run
    gate, reason = _blocking_check(context), _step_reason(context)
    if gate and _REMEDY in gate:
        reason, _, what = gate.partition(_REMEDY)
        first = what
    elif gate:
        first, reason = gate, None
    elif reason:
        first, reason = reason, None  # the project's own errors say what to do
    else:
        first, reason = "open the run in `papers ui` and read its log.", context.failure_event.message
    details = [f"Why: {reason.strip()}"] if reason else []
    details.append(f"Run {run.run_id} of {run.job_name}; readers have the file that was published before.")
    return Alert(str(run.job_name), f"{run.job_name} failed: {first}", "\n".join(details))


def _blocking_check(context: dg.RunFailureSensorContext) -> str | None:
    """The description of the check that blocked the run, if one did."""
    records = context.instance.all_logs(context.dagster_run.run_id, of_type=dg.DagsterEventType.ASSET_CHECK_EVALUATION)
    for record in records:
        evaluation = record.get_dagster_event().asset_check_evaluation_data
        if not evaluation.passed and evaluation.severity == dg.AssetCheckSeverity.ERROR and evaluation.blocking:
            return evaluation.description
    return None


def _step_reason(context: dg.RunFailureSensorContext) -> str | None:
    """The description of the first failure of a step."""
    for event in context.get_step_failure_events():
        failure = event.step_failure_data.user_failure_data
        if failure and failure.description:
            return str(failure.description)
    return None
