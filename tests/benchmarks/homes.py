"""The homes that are measured on: generated, built once by the product's own command, put back before each run.

A home is always measured under the path that it was built under, as a real one would be: dbt parses anew when the
paths in its environment change.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import duckdb

from tests.benchmarks.measuring import ROOT, Taken, run
from tests.worlds.large_home import Generated, generate

PAPERS = Path(sys.executable).with_name("papers")


@dataclass(frozen=True)
class Built:
    """A home with its history published, and what one more day will bring."""

    made: Generated
    pristine: Path
    building: Taken

    @property
    def home(self) -> Path:
        return self.made.home

    def restore(self) -> Path:
        """The home as it was after it was built."""
        _replace(self.pristine, self.home)
        return self.home

    def one_more_day(self) -> Taken:
        """The product's own run over the new day and the dates before it, on the restored home."""
        self.restore()
        return self.observe()

    def observe(self, folder: Path | None = None) -> Taken:
        """The same run on the home as it is. ``folder``: other answers of the site than those of the new day."""
        with served(folder or self.made.next_folder) as address:
            return run(
                [PAPERS, "run", "--date", str(self.made.new_date), "--home", self.home, "--json"],
                {"PAPERS_ENDPOINT": address},
            )


def build(folder: Path, *, papers: int, observations: int, keep_pristine: bool = True) -> Built:
    """Generate raw tables below ``folder`` and publish them. The building is measured: models, gates, publication."""
    home = folder / "home"
    made = generate(home, kind="raw", papers=papers, observations=observations)
    building = run([PAPERS, "import", made.home / "known", "--home", made.home, "--json"])
    pristine = folder / "pristine"
    if keep_pristine:
        _replace(home, pristine)
        made = Generated(made.home, pristine / "next", made.new_date, made.papers)
    return Built(made, pristine, building)


@contextmanager
def served(folder: Path) -> Iterator[str]:
    """The address of a replay server on a folder, in a process of its own."""
    process = subprocess.Popen(
        [sys.executable, "-m", "sources.replay", str(folder)], cwd=ROOT, stdout=subprocess.PIPE, text=True
    )
    try:
        assert process.stdout is not None
        yield process.stdout.readline().rsplit(" ", 1)[-1].strip()
    finally:
        process.terminate()
        process.wait()


def write_texts(database: Path) -> Path:
    """The texts of a database's papers as a Parquet file beside it, for the peers of search and related papers."""
    parquet = database.with_name("texts.parquet")
    with duckdb.connect(str(database), read_only=True) as connection:
        connection.execute(f"copy (select paper_id, title, abstract from marts.dim_papers) to '{parquet}'")
    return parquet


def _replace(source: Path, target: Path) -> None:
    shutil.rmtree(target, ignore_errors=True)
    # By reference where the file system can; cp knows how, shutil does not.
    subprocess.run(["cp", "-a", "--reflink=auto", str(source), str(target)], check=True)
