"""The order in which dbt takes what is ready: what the longest chain waits for comes first.

dbt hands a node to its threads when it is ready, and of several ready ones the shallowest first. So the longest chain
of models, that of the authors, comes last and leaves one thread alone with it at the end. Begun first, all else lies
beside it, which saves a fifth of a day's build. What waits for what stays as it is. A large warehouse keeps dbt's own
order: its authors need most of the memory, which little else should share.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache, cached_property
from pathlib import Path
from queue import PriorityQueue
from threading import Semaphore
from typing import Any

import dbt.task.build
from dbt.graph.queue import GraphQueue
from dbt.task.build import BuildTask

#: Bytes of raw tables from which on a warehouse is large: two hundred thousand papers looked at fifty times.
LARGE = 2**29


def choose_order(raw_database: Path) -> None:
    """Let dbt's ``build`` take its nodes in the order that suits a warehouse of that size, in this process."""
    is_large = raw_database.exists() and raw_database.stat().st_size >= LARGE
    dbt.task.build.BuildTask = BuildTask if is_large else LongestChainFirst  # type: ignore[misc]


def chain_lengths(graph: Any) -> dict[str, int]:
    """Node → how many nodes the longest chain that begins with it has, in a directed graph of NetworkX."""

    @cache
    def length(node: str) -> int:
        return 1 + max(map(length, graph.successors(node)), default=0)

    return {node: length(node) for node in graph}


class LongestChainFirst(BuildTask):
    """A build whose threads get the next node when one of them is free, not when the node is ready."""

    def get_graph_queue(self) -> GraphQueue:
        """dbt's queue of the nodes that are ready, by the length of what waits for them."""
        queue = super().get_graph_queue()
        queue._scores = {node: -length for node, length in chain_lengths(queue.graph).items()}
        queue.inner = PriorityQueue()
        for node in queue.queued:
            queue.inner.put((queue._scores[node], node))
        return queue

    @cached_property
    def _free(self) -> Semaphore:
        return Semaphore(self.config.threads)

    def handle_job_queue(self, pool: Any, callback: Callable[[Any], None]) -> None:
        """Give the next node to a free thread; wait for one."""
        self._free.acquire()

        def done(result: Any) -> None:
            try:
                callback(result)
            finally:
                self._free.release()

        super().handle_job_queue(pool, done)  # type: ignore[no-untyped-call]
