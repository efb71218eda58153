"""What happened in a run, for the command that launched it. A run of the UI fills it in too and drops it."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date

from orchestration.gates.verdicts import GateOutcome
from orchestration.worker import WorkerError
from warehouse.errors import GateError, WarehouseError
from warehouse.landing.fetching import FetchReport, KindReport
from warehouse.publication.publish import Publication
from warehouse.raw.reader import LoadResult


@dataclass
class Outcome:
    """Filled in by the assets as they go."""

    fetched: FetchReport | None = None
    #: The outcome of the other kinds of captures, by kind.
    fetched_kinds: dict[str, KindReport] = field(default_factory=dict)
    loads: list[LoadResult] = field(default_factory=list)
    gates: dict[str, GateOutcome] = field(default_factory=dict)
    publication: Publication | None = None
    remarks: list[str] = field(default_factory=list)
    error: WarehouseError | None = None
    on_date: Callable[[date, str], None] | None = None
    on_load: Callable[[LoadResult], None] | None = None
    #: Wall seconds by phase, in the order in which the phases started. Phases do not overlap.
    seconds: dict[str, float] = field(default_factory=dict)
    #: Seconds within those phases in which the run waited for a library that a worker process imports.
    waited_seconds: dict[str, float] = field(default_factory=dict)

    @contextmanager
    def phase(self, what: str) -> Iterator[None]:
        """Measure a phase of the run. A phase that runs twice keeps the later time."""
        started = time.perf_counter()
        self.seconds[what] = 0.0
        try:
            yield
        finally:
            self.seconds[what] = time.perf_counter() - started

    @contextmanager
    def step(self, what: str) -> Iterator[None]:
        """A phase whose WarehouseError is also the run's ``error``.

        ``what`` names the step when a worker process broke: a GateError then, as nothing is known about the data.
        """
        try:
            with self.phase(what):
                yield
        except WorkerError as error:
            self.error = GateError(f"{what} broke: {error}.")
            raise self.error from error
        except WarehouseError as error:
            self.error = error
            raise


@contextmanager
def failing_in_dagster() -> Iterator[None]:
    """Turns an error of the warehouse into a Dagster failure of one sentence."""
    import dagster as dg

    try:
        yield
    except WarehouseError as error:
        raise dg.Failure(description=str(error)) from error
