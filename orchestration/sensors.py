"""Tells somebody when a run failed: the first line says what is wrong and what to do."""

import dagster as dg
import requests

from warehouse.landing import utc_now
from warehouse.settings import Settings


def failure_sensor(settings: Settings) -> dg.SensorDefinition:
    """Appends each failure to ``alerts.log`` in the home, and posts it to ``PAPERS_ALERT_WEBHOOK`` if that is set."""

    @dg.run_failure_sensor(
        name="run_failure_alert",
        default_status=dg.DefaultSensorStatus.RUNNING,
        minimum_interval_seconds=30,
        description="Writes alerts.log and calls the webhook, if one is set.",
    )
    def alert(context: dg.RunFailureSensorContext) -> None:
        text = alert_text(context)
        settings.home.mkdir(parents=True, exist_ok=True)
        with open(settings.home / "alerts.log", "a", encoding="utf-8") as log:
            log.write(f"{utc_now():%Y-%m-%dT%H:%M:%SZ} {text}\n")
        if settings.alert_webhook:
            requests.post(settings.alert_webhook, json={"text": text}, timeout=10).raise_for_status()

    return alert


def alert_text(context: dg.RunFailureSensorContext) -> str:
    """The innermost reason of the first failed step, then which run it was."""
    events = context.get_step_failure_events()
    reason = context.failure_event.message
    if events and events[0].step_failure_data.user_failure_data:
        reason = events[0].step_failure_data.user_failure_data.description or reason
    run = context.dagster_run
    return f"{reason}\n  run {run.run_id} of {run.job_name}; `papers status` shows the state of the warehouse"
