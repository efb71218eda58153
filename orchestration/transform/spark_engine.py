"""The engine `spark`: dbt builds tables of an Iceberg catalog, whose snapshots are published together.

Belongs here: the run's side. Not here: what the worker process does (``spark_jobs``).
"""

from __future__ import annotations

import importlib.util
import shutil
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager
from datetime import datetime
from pathlib import Path
from typing import Any

from orchestration.gates.verdicts import Violations
from orchestration.transform import spark_jobs
from orchestration.transform.lineage import Lineage
from orchestration.transform.manifest import models_version
from orchestration.worker import WorkerProcess, worker_process
from warehouse import errors
from warehouse.errors import InputError
from warehouse.publication.publish import Publication
from warehouse.settings import Settings


def engine(settings: Settings, worker: WorkerProcess) -> SparkEngine:
    """The engine of one run; ``worker`` is its process."""
    return SparkEngine(settings, worker)


def process(settings: Settings, *, is_forked: bool) -> AbstractContextManager[WorkerProcess]:
    """The process that holds the Spark session. Never forked: Spark starts threads and processes of its own in it.

    Raises InputError when Spark is not installed.
    """
    if importlib.util.find_spec("pyspark") is None or importlib.util.find_spec("dbt.adapters.spark") is None:
        raise InputError(
            "PAPERS_ENGINE is spark and Spark is not installed: install the extra `spark` (uv sync --extra spark), "
            "or unset PAPERS_ENGINE."
        )
    return worker_process("Spark", spark_jobs.work, spark_jobs.warm_up, settings.environment())


class SparkEngine:
    """Sends each step to the worker process as a job."""

    def __init__(self, settings: Settings, worker: WorkerProcess):
        self.settings = settings
        self.worker = worker

    def build(self, *, is_rebuild: bool) -> Iterator[dict[str, Any]]:
        """dbt's events."""
        return self._run_job("build", self.settings.dbt_target, self.settings.handover, models_version(), is_rebuild)

    def describe(self, nodes: Mapping[str, Any]) -> tuple[dict[str, int], dict[str, Lineage]]:
        """Rows of what was built; the lineage of columns is known on DuckDB only."""
        return self.seal(), {}

    def seal(self) -> dict[str, int]:
        """Rows of each public table."""
        (counts,) = self._run_job("count")
        return dict(counts)

    def violations(self, live_at: datetime | None) -> dict[str, Violations]:
        """The violations in the tables that were built."""
        (found,) = self._run_job("violations", live_at)
        return {name: Violations(rows, sample) for name, (rows, sample) in found.items()}

    def publish(self) -> Publication:
        """Publish the snapshots of all tables; with PAPERS_EXPORT_DUCKDB ``papers.duckdb`` too."""
        ((published_at, tables),) = self._run_job("publish", models_version())
        if self.settings.export_duckdb:
            self._export()
        return Publication(published_at, tables)

    def place(self) -> str:
        """Where the catalog keeps what is published."""
        return "publication.history of the Iceberg catalog; tag `published` of each table in marts"

    def _export(self) -> None:
        """``papers.duckdb`` with the marts as published, for readers without Spark."""
        from warehouse.spark.export import export_to_duckdb

        handover = self.settings.handover
        place = f"{handover}/export"
        (tables,) = self._run_job("export", place)
        export_to_duckdb(self.settings, place, tables)
        if isinstance(handover, Path):
            shutil.rmtree(place, ignore_errors=True)

    def _run_job(self, job: str, *arguments: Any) -> Iterator[Any]:
        environment = {**self.settings.environment(), "PAPERS_LOCK_TIMEOUT": str(self.settings.lock_timeout)}
        for emitted in self.worker.run(job, environment, *arguments):
            if isinstance(emitted, dict) and "warehouse error" in emitted:
                kind, sentence = emitted["warehouse error"]
                raise getattr(errors, kind)(sentence)
            yield emitted
