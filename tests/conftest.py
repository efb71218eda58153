"""What tests share: the real listings where they are, the command as its user calls it, and warehouses to read."""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
import traceback
from collections.abc import Callable, Generator, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any
from unittest import mock

import duckdb
import pytest
from typer.testing import CliRunner

from tests.warm_process import CALL_TIMEOUT_SECONDS, Called, Started, WarmProcess, running
from warehouse import clock

ROOT = Path(__file__).resolve().parent.parent
SAMPLE = ROOT / "warehouse" / "sample" / "archive"
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
#: Nothing that the browser does for itself may reach the network, and a container's root has no sandbox.
CHROMIUM_FLAGS = (
    *("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
)
#: Commands that run the pipeline or dbt: each in a forked child (see ``warm_process``). The others run in this process.
FORKED_COMMANDS = frozenset({"demo", "run", "backfill", "import", "rebuild", "accept", "restore", "docs"})
#: A test with one of these fixtures is slow without being marked.
SLOW_FIXTURES = frozenset({"browser", "shared_data"})
#: Where the files are that take longest.
LONG_FOLDERS = frozenset({"pipeline", "slow", "dbt"})
#: What a test of the fast tier may use, fixtures that others share not counted.
MAX_FAST_CPU_SECONDS = 30
#: Names the folder of the session's warm process for the workers of pytest-xdist.
WARM = "PAPERS_TEST_WARM"
#: What the demo's result depends on.
_PRODUCT = ("dbt_project", "orchestration", "sources", "warehouse")


def pytest_configure(config: pytest.Config) -> None:
    if hasattr(config, "workerinput"):
        return  # a worker uses the process of its session
    folder = Path(tempfile.mkdtemp(prefix="papers-warm-"))
    cleanup = ExitStack()
    cleanup.callback(shutil.rmtree, folder, ignore_errors=True)
    cleanup.enter_context(running(folder))
    config.add_cleanup(cleanup.close)
    os.environ[WARM] = str(folder)


@pytest.hookimpl(tryfirst=True)  # before -m deselects
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if SLOW_FIXTURES & set(getattr(item, "fixturenames", ())):
            item.add_marker("slow")
    # Workers take files in this order: the long ones first, so that both end together.
    items.sort(key=lambda item: item.path.parent.name not in LONG_FOLDERS)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_setup(item: pytest.Item) -> Generator[None, object, object]:
    started = cpu_seconds()
    try:
        return (yield)
    finally:
        item.user_properties.append(("setup", cpu_seconds() - started))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None, object, object]:
    started = cpu_seconds()
    result = yield
    used = cpu_seconds() - started
    item.user_properties.append(("call", used))
    if used > MAX_FAST_CPU_SECONDS and item.get_closest_marker("slow") is None:
        pytest.fail(
            f"{used:.0f} CPU-seconds, and a test that is not marked slow may use {MAX_FAST_CPU_SECONDS}: make it "
            "cheaper, or mark it slow and leave a cheap one of the same behaviour."
        )
    return result


def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> None:
    """With ``--durations``: what took most processor time, forked runs and other processes included."""
    if not config.option.durations:
        return
    reports = [r for found in terminalreporter.stats.values() for r in found if getattr(r, "when", "") == "teardown"]
    used = [(seconds, phase, r.nodeid) for r in reports for phase, seconds in r.user_properties]
    terminalreporter.section(f"most CPU-seconds, of {sum(seconds for seconds, *_ in used):.0f}")
    for seconds, phase, test in sorted(used, reverse=True)[: config.option.durations]:
        terminalreporter.write_line(f"{seconds:6.1f} {phase:5} {test}")


def cpu_seconds() -> float:
    """Processor seconds of this process, of its ended children and of the ended calls of the warm process."""
    return sum(os.times()[:4]) + WarmProcess.cpu_seconds


@cache
def warm_process() -> WarmProcess:
    """The session's warm process."""
    return WarmProcess(Path(os.environ[WARM]))


@dataclass(frozen=True)
class Papers:
    """The `papers` command with a home of its own."""

    home: Path

    def __call__(self, *arguments: str | Path, expect: int | None = 0, **environment: str) -> Called:
        """Run it; fails the test when it ends with another code than expected or shows a traceback."""
        if arguments[0] in FORKED_COMMANDS:
            called = self.start(*arguments, **environment).wait()
        else:
            called = self._in_this_process(*arguments, **environment)
        return self._checked(called, arguments, expect)

    def start(self, *arguments: str | Path, **environment: str) -> Started:
        """Start it in a forked child of the warm process."""
        return warm_process().start(
            "tests.warm_process:papers", *self._words(arguments), environment=self._environment(environment)
        )

    def at(self, moment: datetime, *arguments: str | Path, expect: int | None = 0, **environment: str) -> Called:
        """Run it in a forked child while the warehouse's clock stands at ``moment`` (aware)."""
        words, environment = self._words(arguments), self._environment(environment)
        child = warm_process().start("tests.warm_process:papers_at", str(moment), *words, environment=environment)
        return self._checked(child.wait(), arguments, expect)

    def in_subprocess(self, *arguments: str | Path, expect: int | None = 0, **environment: str) -> Called:
        """Run it as a user does, imports and all."""
        process = self.start_subprocess(*arguments, **environment)
        out, err = process.communicate(timeout=CALL_TIMEOUT_SECONDS)
        return self._checked(Called(process.returncode, out, err), arguments, expect)

    def start_subprocess(self, *arguments: str | Path, **environment: str) -> subprocess.Popen[str]:
        """Start it as a user does, as the leader of a process group."""
        return subprocess.Popen(
            [str(Path(sys.executable).with_name("papers")), *self._words(arguments)],
            env={**os.environ, **self._environment(environment)},
            **{"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True, "start_new_session": True},
        )

    def _in_this_process(self, *arguments: str | Path, **environment: str) -> Called:
        from orchestration.commands.cli import app

        with mock.patch.dict(os.environ):
            result = CliRunner().invoke(app, self._words(arguments), env=self._environment(environment))
        err = result.stderr
        if result.exc_info and not isinstance(result.exception, SystemExit | None):
            err += "".join(traceback.format_exception(*result.exc_info))
        return Called(result.exit_code, result.stdout, err)

    def _words(self, arguments: tuple[str | Path, ...]) -> list[str]:
        return [*map(str, arguments), "--home", str(self.home)]

    def _environment(self, given: dict[str, str]) -> dict[str, str]:
        return {"PAPERS_LOCK_TIMEOUT": "60", **given}

    def _checked(self, called: Called, arguments: tuple[str | Path, ...], expect: int | None) -> Called:
        assert "Traceback" not in called.err, called.err
        if expect is not None:
            assert called.code == expect, f"papers {' '.join(map(str, arguments))}\n{called.out}\n{called.err}"
        return called

    def copy(self, home: Path) -> Papers:
        """The command with a copy of this home, in place of what is there."""
        if home.exists():
            shutil.rmtree(home)
        shutil.copytree(self.home, home)
        return Papers(home)

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


@cache
def product_version() -> str:
    """A digest of every file that a run depends on: code, models, sample and locked environment."""
    digest = hashlib.sha256((ROOT / "uv.lock").read_bytes())
    for package in _PRODUCT:
        for path in sorted((ROOT / package).rglob("*")):
            place = path.relative_to(ROOT)
            if path.is_file() and not {"__pycache__", "target", "data"} & set(place.parts[:-1]):
                digest.update(str(place).encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()[:16]


def built_once(folder: Path, build: Callable[[Path], None]) -> Path:
    """A folder that the first worker who asks for it builds, and the others find."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    done = folder.with_name(f"{folder.name}.done")
    with open(folder.with_name(f"{folder.name}.lock"), "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not done.exists():
            shutil.rmtree(folder, ignore_errors=True)
            build(folder)
            done.touch()
    return folder


@pytest.fixture(scope="session")
def shared_by_workers(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder that all workers of this session see."""
    base = tmp_path_factory.getbasetemp()
    return base.parent if "PYTEST_XDIST_WORKER" in os.environ else base


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The real listings beside the checkout. They can't be shipped, so a checkout without them skips."""
    folder = Path(os.environ.get("PAPERS_SHARED_DATA", ROOT.parent / "shared" / "data"))
    if not folder.is_dir():
        pytest.skip(f"the real listings are not at {folder}")
    return folder


def given_listings(shared_data: Path) -> list[Path]:
    """The folders and files of the real listings that can be imported."""
    listings = shared_data / "listings"
    texts = sorted((listings / "text").glob("*.txt"))
    return [*(listings / name for name in ("api", "html", "repeats")), *texts]


@pytest.fixture
def set_clock(monkeypatch: pytest.MonkeyPatch) -> Callable[[datetime], None]:
    """Sets the time (aware) of the warehouse and its orchestration, in this process, until the test ends."""

    def set_to(moment: datetime) -> None:
        monkeypatch.setattr(clock, "read_clock", lambda: moment)

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
def demo(request: pytest.FixtureRequest, shared_by_workers: Path) -> Papers:
    """A home after `papers demo`. Read it only: all workers share it, and later sessions of the same code too."""
    cache = getattr(request.config, "cache", None)  # none with -p no:cacheprovider
    folder = cache.mkdir("papers-demo") if cache else shared_by_workers
    for old in folder.glob("demo-*"):
        if product_version() not in old.name:
            shutil.rmtree(old) if old.is_dir() else old.unlink(missing_ok=True)
    return Papers(built_once(folder / f"demo-{product_version()}", lambda home: Papers(home).in_subprocess("demo")))


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


@pytest.fixture
def mount() -> Iterator[Callable[..., None]]:
    """Mounts at a place with arguments of ``mount`` until the end of the test, which skips where that needs root."""
    with ExitStack() as mounted:

        def mount_at(place: Path, *arguments: str) -> None:
            command = ["mount", *arguments, str(place)]
            if subprocess.run(command, capture_output=True, check=False).returncode:
                pytest.skip("mounting needs root")
            mounted.callback(subprocess.run, ["umount", "-l", str(place)], check=True)

        yield mount_at


@pytest.fixture
def small_disk(tmp_path: Path, mount: Callable[..., None]) -> Callable[[int], Path]:
    """Makes an empty file system of so many kilobytes, over the one before."""

    def make(kilobytes: int) -> Path:
        place = tmp_path / "small"
        place.mkdir(exist_ok=True)
        mount(place, "-t", "tmpfs", "-o", f"size={kilobytes}k", "tmpfs")
        return place

    return make
