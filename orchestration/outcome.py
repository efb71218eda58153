"""What happened in a run, for the command that launched it. In a run of the UI nobody reads it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date

from orchestration.gates import GateOutcome
from warehouse.errors import WarehouseError
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
