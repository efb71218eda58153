"""The home that a version of the product writes: small, packed, kept in the repository for the tests of an upgrade.

Belongs here: what such a home contains. It has what a person backs up or a run reads again: the landing archive with a
decision of a person, the raw tables, the published file and the record of the feeds. Not in it: what any run writes
again, and Dagster's history, whose format is Dagster's.
"""

from __future__ import annotations

import gzip
import json
import os
import subprocess
import sys
import tarfile
import tempfile
from importlib.metadata import version
from pathlib import Path

from sources.replay import ReplayServer
from tests.conftest import ROOT, SAMPLE

HOMES = ROOT / "tests" / "pipeline" / "homes"
#: The listing dates that its run observed, and the one for which another date's listing (``_WRONG``) was imported,
#: which the gate rejects and a person accepts.
OBSERVED, ACCEPTED = ("2026-09-01", "2026-09-02"), "2026-09-08"
_WRONG = "2026-09-10@2026-09-10T080000Z.json.gz"
_KEPT = ("landing", "digest", "raw.duckdb", "papers.duckdb")


def write(folder: Path = HOMES) -> Path:
    """Write ``<version>.tar.xz`` with the installed product; returns its path."""
    packed = folder / f"{version('daily-papers-warehouse')}.tar.xz"
    with tempfile.TemporaryDirectory(prefix="papers-home-") as scratch, ReplayServer(SAMPLE) as site:
        home, wrong = Path(scratch, "home"), Path(scratch, "listing.json")
        wrong.write_bytes(gzip.decompress((SAMPLE / _WRONG).read_bytes()))
        _papers(home, "run", "--date", OBSERVED[-1], "--lookback", str(len(OBSERVED)), PAPERS_ENDPOINT=site.url)
        options = ("--listing-date", ACCEPTED, "--observed-at", f"{ACCEPTED}T22:00:00Z", "--json")
        (file,) = json.loads(_papers(home, "import", str(wrong), *options, expect=1))["files"]
        _papers(home, "accept", file["load_id"], "--reason", "The invented site listed them on both days")
        folder.mkdir(parents=True, exist_ok=True)
        with tarfile.open(packed, "w:xz", preset=9) as archive:
            for name in _KEPT:
                archive.add(home / name, name)
    return packed


def _papers(home: Path, *arguments: str, expect: int = 0, **environment: str) -> str:
    command = [str(Path(sys.executable).with_name("papers")), *arguments, "--home", str(home)]
    done = subprocess.run(command, env={**os.environ, **environment}, capture_output=True, text=True, check=False)
    if done.returncode != expect:
        raise RuntimeError(f"papers {' '.join(arguments)} ended with {done.returncode}: {done.stdout}{done.stderr}")
    return done.stdout
