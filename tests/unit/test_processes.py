"""Work that is spread over worker processes comes back whole, or fails with one sentence."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from functools import partial

import pytest

from warehouse.processes import available, parallel_streams, run_isolated, spread
from warehouse.resolution import resolver
from warehouse.resolution.corpus import Corpus, Mention, Paper, coded

pytestmark = pytest.mark.skipif(available() < 2, reason="processes are forked on Linux, where there are two cores")


def _children() -> list[str]:
    with open(f"/proc/self/task/{os.getpid()}/children") as file:
        return file.read().split()


def test_each_part_is_done_once_in_another_process() -> None:
    def work(part: int) -> Iterator[tuple[int, int]]:
        time.sleep(0.1)  # long enough for the other process to take one too
        for _ in range(part):
            yield part, os.getpid()

    results = list(spread(work, range(6), [1.0] * 6, 2))
    assert sorted(part for part, _ in results) == [part for part in range(6) for _ in range(part)]
    processes = {process for _, process in results}
    assert len(processes) == 2 and os.getpid() not in processes
    assert {process for _, process in spread(work, [3], [1.0], 2)} == {os.getpid()}


def test_many_parts_are_done_once_each() -> None:
    def work(part: int) -> Iterator[int]:
        yield part

    assert sorted(spread(work, range(2_000), [1.0] * 2_000, 4)) == list(range(2_000))


def test_a_free_worker_takes_the_largest_part_that_is_left() -> None:
    wait, go_on = os.pipe()

    def work(part: int) -> Iterator[tuple[int, int, int]]:
        started = time.monotonic_ns()
        if part == 2:
            os.read(wait, 1)
        elif part == 0:
            os.write(go_on, b".")
        yield started, part, os.getpid()

    results = sorted(spread(work, range(6), [1.0, 2.0, 9.0, 3.0, 4.0, 5.0], 2))
    busy = next(process for _, part, process in results if part == 2)
    assert [part for _, part, process in results if process == busy] == [2]
    assert [part for _, part, process in results if process != busy] == [5, 4, 3, 1, 0]


@pytest.mark.parametrize(
    ("end", "sentence"),
    [(lambda: 1 // 0, "failed: ZeroDivisionError"), (lambda: os.kill(os.getpid(), signal.SIGKILL), "killed")],
)
def test_a_worker_that_fails_or_dies_raises_one_sentence(end: object, sentence: str) -> None:
    def work(part: int) -> Iterator[int]:
        if part == 1:
            end()  # type: ignore[operator]
        yield part

    before = _children()
    with pytest.raises(RuntimeError, match=sentence):
        list(spread(work, range(4), [1.0] * 4, 2))
    assert _children() == before


def test_a_caller_that_stops_reading_leaves_no_process_behind() -> None:
    def work(part: int) -> Iterator[int]:
        if part:
            time.sleep(600)
        yield part

    before, started = _children(), time.monotonic()
    results = spread(work, range(2), [1.0, 1.0], 2)
    assert next(results) == 0
    results.close()  # type: ignore[attr-defined]
    assert _children() == before and time.monotonic() - started < 60


def test_workers_end_when_the_run_is_killed() -> None:
    script = """
import time
from warehouse.processes import spread

def work(part):
    yield part
    time.sleep(60 * part)

for part in spread(work, range(2), [1.0, 1.0], 2):
    print(part, flush=True)
"""
    with subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True) as run:
        assert run.stdout is not None
        assert run.stdout.readline() == "0\n"
        run.kill()
        killed = time.monotonic()
        run.stdout.read()  # to its end, which comes when no process is left to write
    assert time.monotonic() - killed < 30


def test_parallel_streams_keep_their_results_apart() -> None:
    def count(k: int) -> Iterator[tuple[int, int]]:
        yield from ((k, number) for number in range(3))
        yield k, os.getpid()

    with parallel_streams([partial(count, 0), partial(count, 1)]) as streams:
        results = list(zip(*streams, strict=True))
    assert results[:3] == [((0, number), (1, number)) for number in range(3)]
    (_, first), (_, second) = results[3]
    assert len({first, second, os.getpid()}) == 3
    with parallel_streams([partial(count, 0)]) as (stream,):
        assert list(stream)[3] == (0, os.getpid())


def test_a_stream_whose_worker_dies_raises() -> None:
    def die() -> Iterator[int]:
        yield 1
        os.kill(os.getpid(), signal.SIGKILL)

    before = _children()
    with pytest.raises(RuntimeError, match="killed"), parallel_streams([die, die]) as streams:
        list(zip(*streams, strict=True))
    assert _children() == before


def test_authors_resolved_in_processes_are_those_resolved_in_one(monkeypatch: pytest.MonkeyPatch) -> None:
    surnames = [f"{a}{b}son" for a in ("Abel", "Bran", "Cole", "Dorn", "Erik") for b in ("", "er", "ing", "man")]
    papers = [[f"{first} {surname}", "Ottoline Vexley", f"{first[0]}. {surname}"] for surname in surnames
              for first in ("Anna", "Aron", "Berta")]  # fmt: skip
    mentions = [
        Mention(f"p{k}#{i}", k, i, name, None, None)
        for k, names in enumerate(papers)
        for i, name in enumerate(names, start=1)
    ]
    corpus = Corpus([Paper(tuple(names), year=2026) for names in papers], mentions)
    alone = resolver.resolve(corpus, processes=1)
    assert len({decision.cluster for decision in alone}) < len(alone)
    monkeypatch.setattr(resolver, "MIN_PAIRS_TO_FORK", 0)
    monkeypatch.setattr("warehouse.resolution.name_relations.NAMES_PER_PART", 20)
    monkeypatch.setattr("warehouse.resolution.candidate_pairs.PAIRS_PER_BATCH", 3)
    assert resolver.resolve(corpus, processes=3) == alone
    for max_pairs in (1, 8):  # packs that exceed the memory
        decisions = [
            d for some in resolver.resolve_coded(coded(corpus), max_pairs=max_pairs, processes=3) for d in some
        ]
        assert sorted(decisions, key=lambda decision: decision.mention_id) == alone


def test_isolated_work_returns_its_result() -> None:
    assert run_isolated(lambda: 7, 2**30) == 7
