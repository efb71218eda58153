"""What tests share: the real listings where they are, the command as its user calls it, and warehouses to read."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import duckdb
import pytest

from warehouse import landing

ROOT = Path(__file__).resolve().parent.parent
SAMPLE = ROOT / "warehouse" / "sample" / "archive"
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
#: Nothing that the browser does for itself may reach the network, and a container's root has no sandbox.
CHROMIUM_FLAGS = (
    *("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
)


@dataclass(frozen=True)
class Called:
    """How a command ended."""

    code: int
    out: str
    err: str

    @property
    def facts(self) -> Any:
        """What it printed with ``--json``."""
        return json.loads(self.out)


@dataclass(frozen=True)
class Papers:
    """The `papers` command with a home of its own."""

    home: Path

    def __call__(self, *arguments: str | Path, expect: int | None = 0, **environment: str) -> Called:
        """Run it; fails the test when it ends with another code than expected or shows a traceback."""
        command = [str(Path(sys.executable).with_name("papers")), *map(str, arguments), "--home", str(self.home)]
        done = subprocess.run(
            command,
            env={**os.environ, "PAPERS_LOCK_TIMEOUT": "60", **environment},
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )
        called = Called(done.returncode, done.stdout, done.stderr)
        assert "Traceback" not in called.err, called.err
        if expect is not None:
            assert called.code == expect, f"{command}\n{called.out}\n{called.err}"
        return called

    @contextmanager
    def published(self) -> Iterator[duckdb.DuckDBPyConnection]:
        """The published file, as a reader opens it."""
        with duckdb.connect(str(self.home / "papers.duckdb"), read_only=True) as connection:
            yield connection

    def value(self, query: str) -> Any:
        """The only value of a query on the published file."""
        with self.published() as connection:
            return connection.execute(query).fetchall()[0][0]

    def tables(self) -> dict[str, list[tuple[Any, ...]]]:
        """Every row of every public table, sorted, but for the gates' own history, which each run adds to."""
        with self.published() as connection:
            names = connection.execute(
                "select table_name from information_schema.tables where table_schema = 'marts' "
                "and table_name <> 'ops_gate_results' order by 1"
            ).fetchall()
            return {n: sorted(connection.execute(f"from marts.{n}").fetchall(), key=repr) for (n,) in names}


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The real listings beside the checkout. They can't be shipped, so a checkout without them skips."""
    folder = Path(os.environ.get("PAPERS_SHARED_DATA", ROOT.parent / "shared" / "data"))
    if not folder.is_dir():
        pytest.skip(f"the real listings are not at {folder}")
    return folder


@pytest.fixture
def set_clock(monkeypatch: pytest.MonkeyPatch) -> Callable[[datetime], None]:
    """Sets the time (aware) of the warehouse and its orchestration, in this process, until the test ends."""

    def set_to(moment: datetime) -> None:
        monkeypatch.setattr(landing, "clock", lambda: moment)

    return set_to


@pytest.fixture
def papers(tmp_path: Path) -> Papers:
    """The command with an empty home."""
    return Papers(tmp_path / "home")


@pytest.fixture(scope="session")
def new_home(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Papers]:
    """Makes a command with an empty home that lives as long as the session."""
    return lambda name: Papers(tmp_path_factory.mktemp(name) / "home")


@pytest.fixture(scope="session")
def demo(new_home: Callable[[str], Papers]) -> Papers:
    """A home after `papers demo`. Read it only."""
    papers = new_home("demo")
    papers("demo")
    return papers


@pytest.fixture(scope="module")  # its event loop must not outlive the module
def browser() -> Iterator[Any]:
    """The system's Chromium. Where there is none the tests that need it are skipped, unless they are required."""
    if CHROMIUM is None:
        if os.environ.get("PAPERS_TEST_BROWSER") == "required":
            pytest.fail("Chromium is required here and was not found: apt-get install chromium")
        pytest.skip("no Chromium on this system: apt-get install chromium")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=CHROMIUM, args=list(CHROMIUM_FLAGS))
        yield running
        running.close()
