"""Resources: they build objects of the packages below and have no logic of their own."""

from collections.abc import Iterator

import dagster as dg

from orchestration.gates.gx_runner import GxRunner, gx_process
from orchestration.history import prune
from orchestration.transform.engines import engine_process
from orchestration.worker import WorkerProcess
from sources.daily_papers.client import DailyPapersClient
from warehouse.disk import remove_leftovers
from warehouse.errors import WarehouseError
from warehouse.landing.fetching import client_of
from warehouse.lock import writer_lock
from warehouse.settings import Settings


def warehouse_resource(settings: Settings) -> dg.ResourceDefinition:
    """The settings, while this run holds the writer lock.

    The job's executor runs all steps in one process, so the lock spans the run.
    """

    @dg.resource(description="The warehouse, locked for this run.")
    def warehouse(context: dg.InitResourceContext) -> Iterator[Settings]:
        purpose = f"run {context.run.run_id[:8]} of {context.run.job_name}" if context.run else "a run"
        try:
            with writer_lock(
                settings.lock_file,
                purpose=purpose,
                timeout=settings.lock_timeout,
                on_wait=lambda holder: (
                    context.log.info(f"Waiting for the warehouse, held by {holder}.") if context.log else None
                ),
            ):
                _tidy(settings, context)
                yield settings
        except WarehouseError as error:
            raise dg.Failure(description=str(error)) from error

    return warehouse


def _tidy(settings: Settings, context: dg.InitResourceContext) -> None:
    """Remove old runs and files that killed processes left. A failure is a warning."""
    try:
        remove_leftovers(settings)
        if context.instance:
            prune(settings, context.instance)
    except Exception as error:
        if context.log:
            context.log.warning(f"Old records could not be removed: {type(error).__name__}: {error}")


def source_resource(settings: Settings) -> dg.ResourceDefinition:
    """The client of the listings. It has the token, which is no run configuration, so no page of the UI can show it."""

    @dg.resource(description="The client of the listings.")
    def source(_: dg.InitResourceContext) -> DailyPapersClient:
        return client_of(settings)

    return source


@dg.resource(description="The process that runs Great Expectations, started with the run.")
def gx_resource(_: dg.InitResourceContext) -> Iterator[GxRunner]:
    """The runner of suites; its slow import overlaps with fetching and parsing."""
    with gx_process() as gx:
        yield gx


def dbt_resource(settings: Settings) -> dg.ResourceDefinition:
    """The process of the engine (see ``engines``), started with the run."""

    @dg.resource(description="The process that runs dbt, started with the run.")
    def dbt(_: dg.InitResourceContext) -> Iterator[WorkerProcess]:
        try:
            with engine_process(settings) as worker:
                yield worker
        except WarehouseError as error:
            raise dg.Failure(description=str(error)) from error

    return dbt
