"""Engines build, check and publish the models: DuckDB in the home's files, or Spark in an Iceberg catalog.

Belongs here: the protocol and its two implementations on the run's side. Not here: what their worker processes do
(``dbt_runner``, ``spark_engine``).
"""

from __future__ import annotations

import importlib.util
import shutil
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager
from datetime import datetime
from pathlib import Path
from typing import Any, Protocol

from orchestration.gates.verdicts import Violations, mart_violations
from orchestration.transform import dbt_runner as dbt_process
from orchestration.transform.lineage import Lineage, column_lineage
from orchestration.transform.manifest import models_version
from orchestration.worker import WorkerProcess, worker_process
from warehouse import errors
from warehouse.database import open_database
from warehouse.errors import InputError
from warehouse.publication.publish import Publication, count_tables, prepare_next, publish, seal_next
from warehouse.settings import Settings


class Engine(Protocol):
    """Builds the models of one run from the raw tables, and publishes them."""

    def build(self, *, is_rebuild: bool) -> Iterator[dict[str, Any]]:
        """dbt's events as they come, last ``{"success": …}``. On DuckDB the build has started when this returns."""

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


def engine_of(settings: Settings, worker: WorkerProcess) -> Engine:
    """The engine that the settings name; ``worker`` is its process."""
    return SparkEngine(settings, worker) if settings.engine == "spark" else DuckDBEngine(settings, worker)


def engine_process(settings: Settings, *, is_forked: bool = False) -> AbstractContextManager[WorkerProcess]:
    """The process of the engine, for one run. ``is_forked``: from this process, which has imported dagster-dbt and dbt.

    Raises InputError when the engine is not installed.
    """
    if settings.engine == "spark":
        from orchestration.transform import spark_engine as spark_process

        if importlib.util.find_spec("pyspark") is None or importlib.util.find_spec("dbt.adapters.spark") is None:
            raise InputError(
                "PAPERS_ENGINE is spark and Spark is not installed: install the extra `spark` (uv sync --extra spark), "
                "or unset PAPERS_ENGINE."
            )
        # Never forked: Spark starts threads and processes of its own in it.
        return worker_process("Spark", spark_process.work, spark_process.warm_up, settings.environment())
    return worker_process("dbt", dbt_process.build, dbt_process.parse, settings.dbt_target, is_forked=is_forked)


class DuckDBEngine:
    """``next.duckdb`` becomes ``papers.duckdb``."""

    def __init__(self, settings: Settings, worker: WorkerProcess):
        self.settings = settings
        self.worker = worker

    def build(self, *, is_rebuild: bool) -> Iterator[dict[str, Any]]:
        is_full = prepare_next(self.settings, models_version(), is_rebuild=is_rebuild)
        # models_version() covers the seeds too, so the file that is built upon has the current ones.
        command = [*dbt_process.BUILD, *(["--full-refresh"] if is_full else ["--exclude-resource-type", "seed"])]
        return self.worker.run(self.settings.environment(), self.settings.dbt_target, command)

    def describe(self, nodes: Mapping[str, Any]) -> tuple[dict[str, int], dict[str, Lineage]]:
        with open_database(self.settings.next_database, read_only=True) as connection:
            return count_tables(connection), column_lineage(nodes, self.settings.dbt_target, connection)

    def seal(self) -> dict[str, int]:
        return seal_next(self.settings)

    def violations(self, live_at: datetime | None) -> dict[str, Violations]:
        return mart_violations(self.settings, live_at)

    def publish(self) -> Publication:
        return publish(self.settings)

    def place(self) -> str:
        return str(self.settings.published_database)


class SparkEngine:
    """Tables of an Iceberg catalog, and their snapshots that are published together."""

    def __init__(self, settings: Settings, worker: WorkerProcess):
        self.settings = settings
        self.worker = worker

    def build(self, *, is_rebuild: bool) -> Iterator[dict[str, Any]]:
        return self._do("build", self.settings.dbt_target, self.settings.handover, models_version(), is_rebuild)

    def describe(self, nodes: Mapping[str, Any]) -> tuple[dict[str, int], dict[str, Lineage]]:
        return self.seal(), {}

    def seal(self) -> dict[str, int]:
        (counts,) = self._do("count")
        return dict(counts)

    def violations(self, live_at: datetime | None) -> dict[str, Violations]:
        (found,) = self._do("violations", live_at)
        return {name: Violations(rows, sample) for name, (rows, sample) in found.items()}

    def publish(self) -> Publication:
        ((published_at, tables),) = self._do("publish", models_version())
        if self.settings.export_duckdb:
            self._export()
        return Publication(published_at, tables)

    def place(self) -> str:
        return "publication.history of the Iceberg catalog; tag `published` of each table in marts"

    def _export(self) -> None:
        """``papers.duckdb`` with the marts as published, for readers without Spark."""
        from warehouse.spark.export import export_to_duckdb

        handover = self.settings.handover
        place = f"{handover}/export"
        (tables,) = self._do("export", place)
        export_to_duckdb(self.settings, place, tables)
        if isinstance(handover, Path):
            shutil.rmtree(place, ignore_errors=True)

    def _do(self, job: str, *arguments: Any) -> Iterator[Any]:
        environment = {**self.settings.environment(), "PAPERS_LOCK_TIMEOUT": str(self.settings.lock_timeout)}
        for emitted in self.worker.run(job, environment, *arguments):
            if isinstance(emitted, dict) and "warehouse error" in emitted:
                kind, sentence = emitted["warehouse error"]
                raise getattr(errors, kind)(sentence)
            yield emitted
