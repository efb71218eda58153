"""Measures the warehouse against what people would use instead, and prints one table.

    make bench                       # everything; hours, most of it for the million papers
    make bench ONLY=load,day         # some rows
    python -m tests.benchmarks --only history --repeats 3 --output figures.json

Ratios are taken side by side: the two sides run in turn, on the same machine, five times each; the table has the
medians. Rows: load, page, day, day_floor, history, rebuild, scale, queries, publication, search, search_scale,
related, report, intraday, cli, suite.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from tests.benchmarks import reading_rows
from tests.benchmarks import rows as main_rows
from tests.benchmarks.measuring import ROOT, Row, machine, table
from tests.benchmarks.rows import Bench

ROWS = {**main_rows.ROWS, **reading_rows.ROWS}


def main(arguments: Sequence[str] | None = None) -> int:
    """Returns 0 when every row was measured, met or not; 1 when one could not be; 2 for bad usage."""
    given = Path(os.environ.get("PAPERS_SHARED_DATA", ROOT.parent / "shared" / "data")) / "listings"
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks", description=__doc__.split("\n")[0])
    parser.add_argument("--only", default="", help=f"comma-separated: {', '.join(ROWS)}")
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--folder", type=Path, default=ROOT / "tests" / "benchmarks" / "work", help="homes, peers")
    parser.add_argument("--output", type=Path, help="JSON; default: a new file in tests/benchmarks/results")
    parser.add_argument("--listings", type=Path, default=given, help="given listing files; generated where it is not")
    parser.add_argument("--day-papers", type=int, default=Bench.day_papers)
    parser.add_argument("--rebuild-papers", type=int, default=Bench.rebuild_papers)
    parser.add_argument("--reading-papers", type=int, default=Bench.reading_papers)
    parser.add_argument("--scale-papers", type=int, default=Bench.scale_papers)
    parser.add_argument("--scale-base", type=int, default=Bench.scale_base)
    options = parser.parse_args(arguments)
    wanted = [name.strip() for name in options.only.split(",") if name.strip()] or list(ROWS)
    unknown = set(wanted) - set(ROWS)
    if unknown:
        parser.error(f"no such row: {', '.join(sorted(unknown))}; there are {', '.join(ROWS)}")
    started = time.monotonic()

    def say(text: str) -> None:
        print(f"{time.monotonic() - started:8.1f} s  {text}", file=sys.stderr, flush=True)

    bench = Bench(
        options.folder.resolve(),
        repeats=options.repeats,
        day_papers=options.day_papers,
        rebuild_papers=options.rebuild_papers,
        reading_papers=options.reading_papers,
        scale_papers=options.scale_papers,
        scale_base=options.scale_base,
        listings=options.listings if options.listings.is_dir() else None,
        wanted=frozenset(wanted),
        say=say,
    )
    output = options.output or ROOT / "tests" / "benchmarks" / "results" / f"{datetime.now(UTC):%Y%m%dT%H%M%SZ}.json"
    output.parent.mkdir(parents=True, exist_ok=True)
    described = machine()
    rows: list[Row] = []
    failures: dict[str, str] = {}
    measured = set()
    for name in wanted:
        if ROWS[name] in measured:
            continue
        measured.add(ROWS[name])
        say(f"{name}: begins")
        try:
            rows += ROWS[name](bench)
        except Exception as error:  # hours of other rows must not be lost with it
            failures[name] = f"{type(error).__name__}: {error}"
            say(f"{name}: could not be measured: {failures[name]}")
        # After each row: the last ones take hours.
        facts = {"machine": described, "rows": [row.as_facts() for row in rows], "failures": failures}
        output.write_text(json.dumps(facts, indent=1) + "\n", encoding="utf-8")
    print(table(rows))
    for name in failures:
        print(f"\n{name} could not be measured.")
    say(f"written to {output}")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
