"""Runs the same Dagster jobs as the schedule and the UI, in this process, and returns their outcome."""

from __future__ import annotations

import json
import logging
import os
import re
import warnings
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

from orchestration.gates.gx_runner import gx_process
from orchestration.outcome import Outcome
from orchestration.transform.dbt_runner import clear_dbt_settings
from orchestration.worker import importing
from warehouse.disk import check_space, disk_full
from warehouse.errors import HomeError, InputError, Stopped, WarehouseError
from warehouse.files import write_atomically
from warehouse.lock import writer_lock
from warehouse.settings import Settings

if TYPE_CHECKING:
    import dagster as dg

logger = logging.getLogger(__name__)

#: Tag of a run that lives in a process of the command line.
_PROCESS = "papers/process"
_INSTANCE_CONFIG = Path(__file__).parents[1] / "dagster.yaml"


def prepare_environment(settings: Settings) -> None:
    """Write the home's Dagster folder, and set the environment of this process and its children.

    Raises HomeError when the home can't be used, InputError for a PAPERS_DAGSTER_CONFIG that is no file.
    """
    clear_dbt_settings()
    os.environ.update(settings.environment())
    try:
        Path.home()
    except RuntimeError:  # a user without HOME and without an entry in the user database, as containers have
        os.environ["HOME"] = str(settings.home)
    # Betas that the project uses on purpose: backfill policies, freshness policies.
    warnings.filterwarnings("ignore", module=r"dagster.*")
    # Turn off the usage statistics of Dagster, dbt and Great Expectations.
    os.environ.update(
        DAGSTER_DISABLE_TELEMETRY="yes", DBT_SEND_ANONYMOUS_USAGE_STATS="false", GX_ANALYTICS_ENABLED="false"
    )
    if settings.dagster_config and not settings.dagster_config.is_file():
        raise InputError(f"PAPERS_DAGSTER_CONFIG is {settings.dagster_config}: there is no such file.")
    try:
        settings.dagster_home.mkdir(parents=True, exist_ok=True)
        text = (settings.dagster_config or _INSTANCE_CONFIG).read_text(encoding="utf-8")
        if not settings.dagster_config:
            # JSON is YAML, as long as no character is written in two halves.
            home = str(settings.dagster_home)
            text = re.sub(r"HOME(/[a-z/]+)", lambda found: json.dumps(home + found.group(1), ensure_ascii=False), text)
        # Atomically, because another run may read it while this one waits for the lock.
        write_atomically(settings.dagster_home / "dagster.yaml", text)
    except OSError as error:
        raise HomeError(
            f"{settings.home} can't be written ({error.strerror}): choose another home with --home or PAPERS_HOME, "
            "or make it writable."
        ) from error


def run_job(
    settings: Settings,
    job_name: str,
    *,
    tags: dict[str, str] | None = None,
    rebuild: bool = False,
    accepted_loss: str = "",
    outcome: Outcome | None = None,
    **overrides: Any,
) -> Outcome:
    """Run a job of the definitions to its end. Raises the WarehouseError that stopped it, if one did.

    ``tags`` name the partitions, ``rebuild`` reads the whole archive again, ``accepted_loss`` says why it may publish
    fewer loads than before, ``overrides`` replace resources.

    Raises HomeError before anything is changed when the disk has less room than the last run used, and whenever a disk
    is full.

    The lock is taken here, so that a wait is one sentence of the command, and again inside the run.
    A run that is stopped raises Stopped with a sentence.
    """
    outcome = outcome or Outcome()
    try:
        config = {"rebuild": rebuild, "accepted_loss": accepted_loss}
        return _run_job(settings, job_name, tags or {}, config, outcome, overrides)
    except Stopped:
        published = "It had published before that." if outcome.publication else "The published file is as it was."
        raise Stopped(
            f"The run was stopped. {published} What was landed stays; the next run goes on from there."
        ) from None
    except HomeError:
        raise
    except Exception as error:
        if full := disk_full(error, settings.home):
            raise full from error
        raise


def _run_job(
    settings: Settings,
    job_name: str,
    tags: dict[str, str],
    loading: dict[str, Any],
    outcome: Outcome,
    overrides: dict[str, Any],
) -> Outcome:
    prepare_environment(settings)
    lock = writer_lock(settings.lock_file, purpose=f"papers ({job_name})", timeout=settings.lock_timeout)
    with lock, ExitStack() as workers:
        check_space(settings)
        # Great Expectations takes longest to import, so its process starts before Dagster is imported.
        gx = workers.enter_context(gx_process())
        with outcome.phase("Importing Dagster"), importing():
            # Once for the gates here and, through pyarrow, for dbt's process, which is forked from this one.
            import pandas  # noqa: F401

            from orchestration.compat.event_log_errors import silence_event_log_errors
            from orchestration.compat.output_log import OutputLog
            from orchestration.definitions import build_definitions
            from orchestration.transform.engines import engine_process
        dbt = workers.enter_context(engine_process(settings, is_forked=True))
        with outcome.phase("Reading the definitions"):
            resources = {"outcome": outcome, "gx": gx, "dbt": dbt, **overrides}
            job = build_definitions(settings, **resources).resolve_job_def(job_name)
        OutputLog.is_capturing = False
        silence_event_log_errors()
        with open_instance(settings) as instance:
            result = job.execute_in_process(
                instance=instance,
                tags={**tags, _PROCESS: str(os.getpid())},
                raise_on_error=False,
                run_config={
                    "loggers": {"console": {"config": {"log_level": "CRITICAL"}}},
                    "ops": {"raw__loads": {"config": loading}},
                },
            )
        outcome.waited_seconds = {"Great Expectations": gx.waited_seconds, "dbt": dbt.waited_seconds}
    if _is_interrupted(result):
        raise Stopped
    if outcome.error:
        raise outcome.error
    if not result.success:
        raise WarehouseError(
            f"The run {result.run_id} failed: {_reason(result)} "
            + ("It had published before that" if outcome.publication else "The published file is as it was")
            + "; `papers ui` shows the run with its log."
        )
    if outcome.publication is None:
        raise WarehouseError(
            f"The run {result.run_id} ended without a publication, because a step before it was skipped. The published "
            "file is as it was; `papers ui` shows the run, report it with its log."
        )
    return outcome


def open_instance(settings: Settings) -> dg.DagsterInstance:
    """Dagster's instance of the home, after the runs of killed processes are reported as failed. A damaged history
    is set aside."""
    import dagster as dg
    from sqlalchemy.exc import DBAPIError

    from orchestration.history import set_aside, set_damaged_aside

    if settings.dagster_config:
        instance = dg.DagsterInstance.get()
        _close_killed_runs(instance)
        return instance
    set_damaged_aside(settings)
    try:
        instance = dg.DagsterInstance.get()
        _close_killed_runs(instance)
    except (DBAPIError, ValueError, LookupError, TypeError, dg.DagsterError) as error:
        if disk_full(error, settings.home):
            raise
        set_aside(settings.dagster_home / "history")
        instance = dg.DagsterInstance.get()
    return instance


def _close_killed_runs(instance: dg.DagsterInstance) -> None:
    """Report runs whose process is gone as failed: Dagster itself leaves them open for ever."""
    import dagster as dg

    status = dg.DagsterRunStatus
    is_open = [status.NOT_STARTED, status.STARTING, status.STARTED, status.CANCELING]
    for run in instance.get_runs(dg.RunsFilter(statuses=is_open)):
        process = run.tags.get(_PROCESS)
        # A run that the UI repeats has the tags of the first.
        if process and not run.parent_run_id and not _is_alive(int(process)):
            text = "The process of this run was killed. What it had landed is loaded by the next run; nothing is lost."
            instance.report_run_failed(run, text)


def _is_interrupted(result: dg.ExecuteInProcessResult) -> bool:
    """Whether Ctrl-C or SIGTERM ended a run: Dagster makes a failed step of it."""
    errors = [getattr(event.event_specific_data, "error", None) for event in result.all_events if event.is_failure]
    while errors:
        error = errors.pop()
        if error:
            if error.cls_name in ("DagsterExecutionInterruptedError", "KeyboardInterrupt", "Stopped"):
                return True
            errors.append(error.cause)
    return False


def _is_alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _reason(result: dg.ExecuteInProcessResult) -> str:
    """The message of the innermost cause of a run's first failure."""
    for event in result.all_events:
        error = getattr(event.event_specific_data, "error", None)
        if event.is_failure and error:
            while error.cause:
                error = error.cause
            return " ".join(error.message.split())
    return "no reason was recorded."
