"""What happened in a run, for the command that launched it. In a run of the UI nobody reads it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date

from orchestration.gates import GateOutcome
from orchestration.helper import HelperError
from warehouse.errors import GateError, WarehouseError
from warehouse.fetching import FetchReport
from warehouse.publish import Publication
from warehouse.raw import LoadResult


@dataclass
class Outcome:
    """Filled in by the assets as they go."""

    fetched: FetchReport | None = None
    loads: list[LoadResult] = field(default_factory=list)
    gates: dict[str, GateOutcome] = field(default_factory=dict)
    publication: Publication | None = None
    remarks: list[str] = field(default_factory=list)
    error: WarehouseError | None = None
    on_date: Callable[[date, str], None] | None = None
    on_load: Callable[[LoadResult], None] | None = None

    @contextmanager
    def of_step(self, what: str) -> Iterator[None]:
        """Turn an error of the warehouse into the run's own, and into a Dagster failure of one sentence.

        ``what`` names the step when a helper process broke: that is no statement about the data, and blocks.
        """
        import dagster as dg

        try:
            yield
        except (WarehouseError, HelperError) as error:
            self.error = error if isinstance(error, WarehouseError) else GateError(f"{what} broke: {error}.")
            raise dg.Failure(description=str(self.error)) from error
