"""Readers of a published warehouse: queries and searches timed, and one reader in a loop, alone or beside publications.

    python -m tests.benchmarks.readers queries HOME REPEATS
    python -m tests.benchmarks.readers searches HOME COUNT
    python -m tests.benchmarks.readers reader HOME SECONDS 0|1

Prints one JSON line.
"""

from __future__ import annotations

import json
import multiprocessing
import sys
import time
from multiprocessing.synchronize import Event
from pathlib import Path

from warehouse.publication.publish import prepare_next, publish, read_published, seal_next
from warehouse.publication.queries import load_queries
from warehouse.settings import Settings

QUESTION = "select title, upvotes from dim_papers order by upvotes desc limit 10"
#: Keywords of two words or more, from common to rare.
_KEYWORDS = """
    select keyword from (
        select keyword, ntile(?) over (order by paper_count desc, keyword) as part
        from dim_keywords where contains(keyword, ' ') and paper_count >= 5
    ) qualify row_number() over (partition by part order by md5(keyword)) = 1
    order by part
"""
#: As `papers search` asks: the rows are in order.
_SEARCH = "select paper_id from search(?) limit 50"
#: What a reader would write without the index. DuckDB has a faster way where no text of a column has a letter beyond
#: ASCII, as in generated ones: 1.5 µs a paper; 2.3 µs for 5,841 real papers, of which 31 have one (2026-11).
_SCAN = """
    select paper_id from dim_papers where title ilike '%' || $1 || '%' or abstract ilike '%' || $1 || '%'
    order by upvotes desc limit 50
"""


def keywords(settings: Settings, count: int) -> list[str]:
    """So many keywords to search for."""
    with read_published(settings) as connection:
        return [keyword for (keyword,) in connection.execute(_KEYWORDS, [count]).fetchall()]


def time_searches(settings: Settings, count: int) -> dict[str, object]:
    """Milliseconds of each keyword's search and of a scan of all texts for it, in turn, opening not included."""
    times: dict[str, list[float]] = {"search": [], "scan": []}
    for keyword in keywords(settings, count):
        for name, sql in (("search", _SEARCH), ("scan", _SCAN)):
            with read_published(settings) as connection:
                started = time.perf_counter()
                connection.execute(sql, [keyword]).fetchall()
                times[name].append(1000 * (time.perf_counter() - started))
    return dict(times)


def time_queries(settings: Settings, repeats: int) -> dict[str, object]:
    """Milliseconds of each analytics query and of five searches, opening not included, in turn."""
    asked: dict[str, tuple[str, list[str]]] = {query.name: (query.sql, []) for query in load_queries().values()}
    asked |= {f"search: {keyword}": (_SEARCH, [keyword]) for keyword in keywords(settings, 5)}
    times: dict[str, list[float]] = {name: [] for name in asked}
    for _ in range(repeats):
        for name, (sql, values) in asked.items():
            with read_published(settings) as connection:
                started = time.perf_counter()
                connection.execute(sql, values).fetchall()
                times[name].append(1000 * (time.perf_counter() - started))
    return {"milliseconds": times}


def read_in_a_loop(settings: Settings, duration: float, is_publishing: bool) -> dict[str, object]:
    """Milliseconds of opening and asking, at the 99th percentile; errors; publications meanwhile."""
    context = multiprocessing.get_context("spawn")
    stop, ready = context.Event(), context.Event()
    count = context.Value("i", 0)
    publisher = context.Process(target=_publish_in_a_loop, args=(settings, stop, ready, count), daemon=True)
    if is_publishing:
        publisher.start()
        ready.wait(120)
    times, errors = [], 0
    until = time.monotonic() + duration
    while time.monotonic() < until:
        started = time.perf_counter()
        try:
            with read_published(settings) as connection:
                rows = connection.execute(QUESTION).fetchall()
            if len(rows) != 10:
                errors += 1
        except Exception as error:
            print(f"{type(error).__name__}: {error}", file=sys.stderr)
            errors += 1
        times.append(1000 * (time.perf_counter() - started))
    stop.set()
    if is_publishing:
        publisher.join(120)
    times.sort()
    return {
        "p99_ms": times[int(0.99 * len(times))],
        "median_ms": times[len(times) // 2],
        "reads": len(times),
        "errors": errors,
        "publications": count.value,
    }


def _publish_in_a_loop(settings: Settings, stop: Event, ready: Event, count: object) -> None:
    """Copy, seal, export and replace, one publication after the other."""
    while not stop.is_set():
        prepare_next(settings)
        seal_next(settings)
        ready.set()
        publish(settings)
        count.value += 1  # type: ignore[attr-defined]


def main(arguments: list[str]) -> int:
    """Do one measurement and print it."""
    what, home, *rest = arguments
    settings = Settings().at(Path(home))
    if what == "queries":
        facts = time_queries(settings, int(rest[0]))
    elif what == "searches":
        facts = time_searches(settings, int(rest[0]))
    else:
        facts = read_in_a_loop(settings, float(rest[0]), rest[1] == "1")
    print(json.dumps(facts))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
