"""Engines build, check and publish the models. ``PAPERS_ENGINE`` names one; ``<name>_engine`` is its module.

Belongs here: the protocol and the choice of the module. Not here: what an engine does.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager
from datetime import datetime
from importlib import import_module
from typing import Any, Protocol, cast

from orchestration.gates.verdicts import Violations
from orchestration.transform.lineage import Lineage
from orchestration.worker import WorkerProcess
from warehouse.publication.publish import Publication
from warehouse.settings import Settings


class Engine(Protocol):
    """Builds the models of one run from the raw tables, and publishes them."""

    def build(self, *, is_rebuild: bool) -> Iterator[dict[str, Any]]:
        """dbt's events as they come, last ``{"success": …}``."""

    def describe(self, nodes: Mapping[str, Any]) -> tuple[dict[str, int], dict[str, Lineage]]:
        """Rows of each public table, and the lineage of its columns where it is known."""

    def seal(self) -> dict[str, int]:
        """Finish what was built; rows of each public table."""

    def violations(self, live_at: datetime | None) -> dict[str, Violations]:
        """The violations of each rule of the mart gate: what was built, compared with what is published."""

    def publish(self) -> Publication:
        """Replace what readers open with what was built."""

    def place(self) -> str:
        """Where readers open it."""


class EngineModule(Protocol):
    """What the module of an engine offers."""

    def engine(self, settings: Settings, worker: WorkerProcess) -> Engine:
        """The engine of one run; ``worker`` is its process."""

    def process(self, settings: Settings, *, is_forked: bool) -> AbstractContextManager[WorkerProcess]:
        """The worker process for one run. Raises InputError when the engine is not installed."""


def engine_of(settings: Settings, worker: WorkerProcess) -> Engine:
    """The engine that the settings name; ``worker`` is its process."""
    return _module(settings).engine(settings, worker)


def engine_process(settings: Settings, *, is_forked: bool = False) -> AbstractContextManager[WorkerProcess]:
    """The process of the engine, for one run. ``is_forked``: from this process, which has imported dagster-dbt and dbt.

    Raises InputError when the engine is not installed.
    """
    return _module(settings).process(settings, is_forked=is_forked)


def _module(settings: Settings) -> EngineModule:
    return cast(EngineModule, import_module(f"orchestration.transform.{settings.engine}_engine"))
