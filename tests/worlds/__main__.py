"""Writes invented worlds.

    python -m tests.worlds sample                                  # the archive that the demo replays
    python -m tests.worlds raw --papers 60000 --observations-per-paper 7 --home /tmp/home
    python -m tests.worlds home                                    # what this version writes, to test upgrades from it
    python -m tests.worlds archive --papers 20000 --observations-per-paper 12 --home /tmp/home

``words`` is the vocabulary and ``shapes`` the form of what the source sends, for all of them. The sample is one month
(``records``, ``timeline``, ``month``, ``traps``, ``sample``). The large world is made in DuckDB (``large``), and
``large_home`` makes homes of it. ``versioned_home`` is the small home that a version of the product writes. Nothing
here reads the network, and nothing is about anyone real.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from datetime import date
from pathlib import Path
from time import monotonic

from tests.worlds import large_home, sample, versioned_home


def main(arguments: Sequence[str] | None = None) -> int:
    """Write one world. Returns 0; bad usage exits with 2."""
    parser = argparse.ArgumentParser(prog="python -m tests.worlds", description="Write an invented world.")
    worlds = parser.add_subparsers(dest="world", required=True)
    month = worlds.add_parser("sample", help="the archive that the demo replays")
    month.add_argument("--out", type=Path, default=sample.ARCHIVE, help=f"folder to write (default {sample.ARCHIVE})")
    worlds.add_parser("home", help="the home that this version of the product writes, packed")
    for kind, text in (
        ("raw", "a home with raw tables, made set by set"),
        ("archive", "a home with a landing archive"),
    ):
        home = worlds.add_parser(kind, help=text)
        home.add_argument("--papers", type=int, required=True)
        home.add_argument("--observations-per-paper", type=int, required=True, metavar="K")
        home.add_argument("--home", type=Path, required=True, help="a folder that does not exist yet")
        home.add_argument(
            "--last-date",
            type=date.fromisoformat,
            help="the day of the last observations (default: the weekday before the newest)",
        )
        home.add_argument("--seed", type=int, default=large_home.SEED)
        home.add_argument("--memory", default="5GB", help="what DuckDB may use")
    options = parser.parse_args(arguments)
    if options.world == "sample":
        found = sample.write(options.out)
        size = sum(path.stat().st_size for path in options.out.rglob("*") if path.is_file())
        print(f"{len(found)} captures, {size / 1e6:.2f} MB, in {options.out}")
        return 0
    if options.world == "home":
        packed = versioned_home.write()
        print(f"{packed.stat().st_size / 1e3:.0f} kB in {packed}")
        return 0
    started = monotonic()
    made = large_home.generate(
        options.home.resolve(),
        kind=options.world,
        papers=options.papers,
        observations=options.observations_per_paper,
        last_date=options.last_date,
        seed=options.seed,
        memory=options.memory,
        say=lambda text: print(f"{monotonic() - started:7.1f} s  {text}", flush=True),
    )
    print(f"{made.home}: {made.papers} papers; one more day is {made.new_date}, served from {made.next_folder}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
