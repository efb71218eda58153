"""What the longest chain waits for is built first, and a thread gets the next node when it is free."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import dbt.task.build
import networkx as nx
import pytest
from dbt.graph.queue import GraphQueue
from dbt.task.build import BuildTask

from orchestration.transform import dbt_order
from orchestration.transform.dbt_order import LongestChainFirst, chain_lengths, choose_order

#: ``a`` stands alone, ``z`` begins a chain of four, ``m`` one of two.
EDGES = [("z", "y"), ("y", "x"), ("x", "w"), ("m", "x"), ("m", "l")]


class Pool:
    """Threads that begin what they are given and end when they are told."""

    def __init__(self) -> None:
        self.running: dict[str, Callable[[], None]] = {}
        self.begun: list[str] = []

    def apply_async(self, _: Any, args: tuple[Any, ...], callback: Callable[[Any], None]) -> None:
        (node,) = args
        self.begun.append(node)
        self.running[node] = lambda: callback(node)


def _task(monkeypatch: pytest.MonkeyPatch, threads: int) -> Any:
    graph = nx.DiGraph(EDGES)
    graph.add_node("a")
    manifest = SimpleNamespace(expect=lambda node: node)
    queue = GraphQueue(graph, manifest, set(graph))  # type: ignore[arg-type]
    monkeypatch.setattr(BuildTask, "get_graph_queue", lambda _: queue)
    monkeypatch.setattr(
        BuildTask,
        "handle_job_queue",
        lambda self, pool, callback: pool.apply_async(None, (self.job_queue.get(),), callback),
    )
    task = LongestChainFirst.__new__(LongestChainFirst)
    task.config = SimpleNamespace(threads=threads)  # type: ignore[assignment]
    task.job_queue = task.get_graph_queue()
    return task


def test_a_chain_is_as_long_as_what_waits_for_its_first_node() -> None:
    graph = nx.DiGraph(EDGES)
    assert chain_lengths(graph) == {"z": 4, "y": 3, "x": 2, "w": 1, "m": 3, "l": 1}


def test_the_longest_chain_is_begun_first(monkeypatch: pytest.MonkeyPatch) -> None:
    task, pool = _task(monkeypatch, threads=1), Pool()

    def done(node: str) -> None:
        task.job_queue.mark_done(node)

    while not task.job_queue.empty():
        task.handle_job_queue(pool, done)
        pool.running[pool.begun[-1]]()
    assert pool.begun == ["z", "m", "y", "x", "a", "l", "w"]


def test_a_node_is_given_to_a_free_thread_only(monkeypatch: pytest.MonkeyPatch) -> None:
    task, pool = _task(monkeypatch, threads=2), Pool()
    task.handle_job_queue(pool, task.job_queue.mark_done)
    task.handle_job_queue(pool, task.job_queue.mark_done)
    assert pool.begun == ["z", "m"]
    assert not task._free.acquire(blocking=False)
    pool.running["z"]()  # what becomes ready is better than what was ready all along
    task.handle_job_queue(pool, task.job_queue.mark_done)
    assert pool.begun == ["z", "m", "y"]


def test_a_thread_is_free_again_when_what_it_did_can_not_be_recorded(monkeypatch: pytest.MonkeyPatch) -> None:
    task, pool = _task(monkeypatch, threads=1), Pool()

    def fail(_: str) -> None:
        raise RuntimeError

    task.handle_job_queue(pool, fail)
    with pytest.raises(RuntimeError):
        pool.running["z"]()
    assert task._free.acquire(blocking=False)


def test_a_large_warehouse_keeps_the_order_of_dbt(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dbt.task.build, "BuildTask", BuildTask)
    monkeypatch.setattr(dbt_order, "LARGE", 10)
    raw = tmp_path / "raw.duckdb"
    for size, order in ((None, LongestChainFirst), (10, BuildTask), (9, LongestChainFirst)):
        if size:
            raw.write_bytes(bytes(size))
        choose_order(raw)
        assert dbt.task.build.BuildTask is order
