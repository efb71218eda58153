"""Called in a forked child of the process that parsed the project: a build in a worker process, as a run does it, whose
Python models share even little work among forked workers.

Writes how often a model did so to ``HOME/pools``.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from orchestration.transform import dbt_runner
from orchestration.worker import Emit, worker_process
from warehouse import processes
from warehouse.resolution import resolver
from warehouse.resolution.incremental import resolve
from warehouse.settings import Settings


def main(home: str, workers: int, *command: str) -> int:
    environment = Settings(home=Path(home)).environment()
    with worker_process("dbt", build, _imported, is_forked=True) as worker:
        *_, ended, pools = worker.run(environment, Path(home) / "target", list(command), workers)
    Path(home, "pools").write_text(str(pools))
    return 0 if ended["success"] else 1


def build(emit: Emit, environment: dict[str, str], target: Path, command: list[str], workers: int) -> None:
    pools: list[int] = []
    worker_pool = processes.worker_pool

    @contextmanager
    def counted(count: int, *arguments: Any) -> Iterator[Any]:
        pools.append(count)
        with worker_pool(count, *arguments) as executor:
            yield executor

    setattr(processes, "worker_pool", counted)  # noqa: B010
    for module, threshold in ((resolver, "MIN_PAIRS_TO_FORK"), (resolve, "NAMES_AT_ONCE")):
        setattr(module, threshold, 5)
        setattr(module, "available", lambda: workers)  # noqa: B010
    dbt_runner.build(emit, environment, target, command)
    emit(len(pools))


def _imported() -> None:
    """All is imported already."""
