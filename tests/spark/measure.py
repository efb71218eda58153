"""What a full build costs on both engines, of raw warehouses of several sizes, in the environment of `make test-spark`:

    .spark/bin/python -m tests.spark.measure SMALL/raw.duckdb LARGE/raw.duckdb

The cluster is that of the tests: two workers with a core and 1 GB each, the driver on the same machine, its JVM warmed
up by a build of the first. CPU seconds are of every process that takes part; a row is an entry or an author row.
"""

from __future__ import annotations

import os
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import duckdb

sys.path.insert(0, str(Path(__file__).parent))
from cluster import Cluster, PostgreSQL, parameters_of
from engines import build_on_spark, put_raw

from tests.dbt.dbt_builds import building

_TICKS = os.sysconf("SC_CLK_TCK")


def cpu_seconds(root: int) -> float:
    """CPU time of a process and all below it, those that ended included where their parents waited for them."""
    total, waiting = 0.0, [root]
    while waiting:
        pid = waiting.pop()
        try:
            times = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
            children = [path.read_text() for path in Path(f"/proc/{pid}/task").glob("*/children")]
        except OSError:
            continue
        total += sum(map(int, times[11:15])) / _TICKS
        waiting += [int(child) for line in children for child in line.split()]
    return total


def measured(work: Callable[[], None]) -> tuple[float, float]:
    """Wall and CPU seconds of some work of this process and its children."""
    began, spent = time.monotonic(), cpu_seconds(os.getpid())
    work()
    return time.monotonic() - began, cpu_seconds(os.getpid()) - spent


def rows_of(raw: Path) -> int:
    with duckdb.connect() as connection:
        connection.execute(f"attach '{raw}' as given (read_only)")
        query = "select (select count(*) from given.raw.entries) + (select count(*) from given.raw.entry_authors)"
        return int(connection.execute(query).fetchall()[0][0])


def main(paths: list[str]) -> None:
    with tempfile.TemporaryDirectory(prefix="papers-measure-") as scratch:
        folder = Path(scratch)
        with PostgreSQL.running(folder) as database, Cluster.running(folder) as cluster, building() as build:
            os.environ.update(parameters_of(cluster, database, folder))
            from warehouse.spark.session import start_session

            session = start_session()
            print(f"{'rows':>12} {'engine':8} {'wall s':>8} {'CPU s':>8} {'µs CPU a row':>12}", flush=True)
            for number, path in enumerate([paths[0], *paths]):
                raw, built = Path(path), folder / f"built{number}" / "next.duckdb"
                built.parent.mkdir()
                put_raw(session, raw, folder)
                figures = {"Spark": measured(lambda: build_on_spark(folder / "dbt", "--full-refresh"))}
                figures["DuckDB"] = measured(lambda raw=raw, built=built: build(raw, built))
                if number:
                    rows = rows_of(raw)
                    for engine, (wall, cpu) in figures.items():
                        print(f"{rows:12,} {engine:8} {wall:8.1f} {cpu:8.1f} {cpu / rows * 1e6:12.0f}", flush=True)
            session.stop()


if __name__ == "__main__":
    main(sys.argv[1:])
