"""The engine `duckdb`: dbt builds ``next.duckdb``, which becomes ``papers.duckdb``."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager
from datetime import datetime
from typing import Any

from orchestration.gates.verdicts import Violations, mart_violations
from orchestration.transform.dbt_runner import BUILD, build, parse
from orchestration.transform.lineage import Lineage, column_lineage
from orchestration.transform.manifest import models_version
from orchestration.worker import WorkerProcess, worker_process
from warehouse.database import open_database
from warehouse.publication.publish import Publication, count_tables, prepare_next, publish, seal_next
from warehouse.settings import Settings


def engine(settings: Settings, worker: WorkerProcess) -> DuckDBEngine:
    """The engine of one run; ``worker`` is its process."""
    return DuckDBEngine(settings, worker)


def process(settings: Settings, *, is_forked: bool) -> AbstractContextManager[WorkerProcess]:
    """The process that runs dbt. ``is_forked``: from this process, which has imported dagster-dbt and dbt."""
    return worker_process("dbt", build, parse, settings.dbt_target, is_forked=is_forked)


class DuckDBEngine:
    """Builds in a copy of the published file. dbt works in the worker process, the rest is done in this one."""

    def __init__(self, settings: Settings, worker: WorkerProcess):
        self.settings = settings
        self.worker = worker

    def build(self, *, is_rebuild: bool) -> Iterator[dict[str, Any]]:
        """dbt's events; the build has started when this returns."""
        is_full = prepare_next(self.settings, models_version(), is_rebuild=is_rebuild)
        # models_version() covers the seeds too, so the file that is built upon has the current ones.
        command = [*BUILD, *(["--full-refresh"] if is_full else ["--exclude-resource-type", "seed"])]
        return self.worker.run(self.settings.environment(), self.settings.dbt_target, command)

    def describe(self, nodes: Mapping[str, Any]) -> tuple[dict[str, int], dict[str, Lineage]]:
        """Rows and lineage of what was built."""
        with open_database(self.settings.next_database, read_only=True) as connection:
            return count_tables(connection), column_lineage(nodes, self.settings.dbt_target, connection)

    def seal(self) -> dict[str, int]:
        """Make the next file self-contained; rows of each public table."""
        return seal_next(self.settings)

    def violations(self, live_at: datetime | None) -> dict[str, Violations]:
        """The violations in the next file."""
        return mart_violations(self.settings, live_at)

    def publish(self) -> Publication:
        """Replace ``papers.duckdb`` and export it."""
        return publish(self.settings)

    def place(self) -> str:
        """The path of ``papers.duckdb``."""
        return str(self.settings.published_database)
