"""Killed anywhere, held by another, on a full disk: what is published stays whole, the next run repairs."""

from __future__ import annotations

import fcntl
import json
import os
import random
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import pytest
from gate_pieces import body, entry, listing

from tests.conftest import ROOT, Papers

#: Calls of one import, in their order; the run dies before or after each.
BOUNDARIES = (
    "warehouse.landing:LandingBatch._sync:after",
    "warehouse.landing:LandingBatch.commit:after",
    "warehouse.raw:RawStore.append:after",
    "warehouse.raw:RawStore.load_landed:after",
    "warehouse.raw:RawStore.set_verdicts:after",
    "warehouse.publish:prepare_next:after",
    "warehouse.publish:seal_next:after",
    "orchestration.gates:mart_gate:after",
    "warehouse.publish:_export:after",
    "warehouse.publish:write_atomically:after",
    "warehouse.publish:_drop_old_exports:before",
)
RANDOM_KILLS = 20
#: A killed run is repaired by the next, which is killed too; every so many kills one may finish and is compared.
KILLS_PER_REPAIR = 10


@dataclass
class WarmRunner:
    """Runs commands in a process that imported everything already."""

    process: subprocess.Popen[str]
    scratch: Path

    def __call__(
        self,
        home: Path,
        files: Path,
        die: str | None = None,
        seconds: float | None = None,
        twice: bool = False,
        lock_timeout: float = 60,
    ) -> dict[str, Any]:
        command = {
            **{"home": str(home), "files": str(files), "die": die, "seconds": seconds},
            **{"twice": twice, "lock_timeout": lock_timeout},
        }
        assert self.process.stdin and self.process.stdout
        self.process.stdin.write(json.dumps(command) + "\n")
        self.process.stdin.flush()
        ended: dict[str, Any] = json.loads(self.process.stdout.readline())
        return ended

    @property
    def said(self) -> str:
        """What the last command printed."""
        return (self.scratch / "said.txt").read_text()


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Iterator[WarmRunner]:
    scratch = tmp_path_factory.mktemp("warm")
    process = subprocess.Popen(
        [sys.executable, str(Path(__file__).with_name("warm_runner.py")), str(scratch)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        text=True,
    )
    assert process.stdout
    while "ready" not in (line := process.stdout.readline()):
        assert line, "the warm process died"
    yield WarmRunner(process, scratch)
    assert process.stdin
    process.stdin.close()
    process.wait(timeout=30)


@dataclass(frozen=True)
class Scene:
    """A home that published an earlier day, files that are new to it, and what an undisturbed import makes of them."""

    template: Path
    files: Path
    before: dict[str, Any]
    after: dict[str, Any]
    seconds: float

    def copy(self, home: Path) -> Papers:
        if home.exists():
            shutil.rmtree(home)
        shutil.copytree(self.template, home)
        return Papers(home)


def facts(papers: Papers) -> dict[str, Any]:
    """Every public row but the moments of landing, which differ from run to run by nature."""
    tables: dict[str, Any] = papers.tables()
    with papers.published() as connection:
        tables["ops_loads"] = connection.execute(
            "select * exclude (landed_at, load_number) from marts.ops_loads order by load_id"
        ).fetchall()
    return tables


@pytest.fixture(scope="module")
def scene(run: WarmRunner, tmp_path_factory: pytest.TempPathFactory) -> Scene:
    folder = tmp_path_factory.mktemp("scene")
    old, new = folder / "old", folder / "new"
    old.mkdir(), new.mkdir()
    (old / "2025-03-10@2025-03-10T220000Z.json").write_bytes(listing("2025-03-10", 4))
    (new / "2025-03-11@2025-03-11T220000Z.json").write_bytes(listing("2025-03-11", 5, upvotes=2))
    (new / "2025-03-10@2025-03-11T220000Z.json").write_bytes(listing("2025-03-10", 5, upvotes=9))
    (new / "2025-03-12@2025-03-12T220000Z.json").write_bytes(body([entry(1, "2025-03-12"), {"paper": {"id": "x"}}]))
    (new / "2025-03-13@2025-03-14T220000Z.json").write_bytes(b"[]")
    template = Papers(folder / "template")
    assert run(template.home, old)["codes"] == [0], run.said
    before = facts(template)
    undisturbed = Scene(template.home, new, before, {}, 0).copy(folder / "undisturbed")
    done = run(undisturbed.home, new)
    assert done["codes"] == [0], run.said
    after = facts(undisturbed)
    assert {row[-3] for row in after["ops_loads"]} == {"accepted", "rejected"}
    return Scene(template.home, new, before, after, done["seconds"])


def is_whole(papers: Papers, scene: Scene) -> None:
    """What a reader finds is the old publication or the new one, and its export is the one that the manifest names."""
    found = facts(papers)
    assert found in (scene.before, scene.after)
    exports = papers.home / "exports"
    for table in json.loads((exports / "manifest.json").read_text())["tables"]:
        rows = duckdb.sql(f"select count(*) from read_parquet('{exports / table['file']}')").fetchall()
        assert rows == [(table["rows"],)]


def repair_and_compare(run: WarmRunner, papers: Papers, scene: Scene) -> None:
    assert run(papers.home, scene.files)["codes"] == [0], run.said
    assert facts(papers) == scene.after
    is_whole(papers, scene)


def groups(kills: list[dict[str, Any]]) -> list[list[dict[str, Any]]]:
    return [kills[start : start + KILLS_PER_REPAIR] for start in range(0, len(kills), KILLS_PER_REPAIR)]


def test_a_run_killed_at_any_step_is_repaired_by_the_next(run: WarmRunner, scene: Scene, tmp_path: Path) -> None:
    for group in groups([{"die": place} for place in BOUNDARIES]):
        papers = scene.copy(tmp_path / "home")
        for kill in group:
            ended = run(papers.home, scene.files, **kill)
            assert ended["codes"] == [-9], f"{kill} was never reached: {run.said}"
            is_whole(papers, scene)
        repair_and_compare(run, papers, scene)


def test_a_run_killed_at_random_moments_is_repaired_by_the_next(run: WarmRunner, scene: Scene, tmp_path: Path) -> None:
    chance = random.Random(20250311)
    moments = [chance.uniform(0.02, 1.0) * scene.seconds for _ in range(RANDOM_KILLS)]
    for group in groups([{"seconds": moment} for moment in moments]):
        papers = scene.copy(tmp_path / "home")
        for kill in group:
            run(papers.home, scene.files, **kill)
            is_whole(papers, scene)
        repair_and_compare(run, papers, scene)


def test_a_second_run_waits_and_then_says_who_holds_the_warehouse(
    scene: Scene, tmp_path: Path, run: WarmRunner
) -> None:
    papers = scene.copy(tmp_path / "home")
    with open(papers.home / "writer.lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        lock.write(json.dumps({"pid": 4711, "purpose": "papers (daily_papers)", "since": "2025-03-11T22:00:00"}))
        lock.flush()
        ended = run(papers.home, scene.files, lock_timeout=1)
        assert ended["codes"] == [1] and 1 <= ended["seconds"] < 10
        assert "papers (daily_papers) (process 4711" in run.said and "PAPERS_LOCK_TIMEOUT" in run.said
        assert facts(papers) == scene.before
    repair_and_compare(run, papers, scene)


def test_two_runs_at_once_both_finish(run: WarmRunner, scene: Scene, tmp_path: Path) -> None:
    papers = scene.copy(tmp_path / "home")
    assert run(papers.home, scene.files, twice=True)["codes"] == [0, 0], run.said
    assert facts(papers) == scene.after


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Callable[[int], Path]]:
    """Makes a file system of so many kilobytes, where this user may mount one."""
    mounted = []

    def make(kilobytes: int) -> Path:
        place = tmp_path / "small"
        place.mkdir()
        command = ["mount", "-t", "tmpfs", "-o", f"size={kilobytes}k", "tmpfs", str(place)]
        if subprocess.run(command, capture_output=True, check=False).returncode:
            pytest.skip("mounting a small disk needs root")
        mounted.append(place)
        return place

    yield make
    for place in mounted:
        subprocess.run(["umount", "-l", str(place)], check=True)


def test_a_full_disk_is_one_clear_sentence(
    run: WarmRunner, scene: Scene, small_disk: Callable[[int], Path], tmp_path: Path
) -> None:
    size = sum(f.stat().st_size for f in scene.template.rglob("*") if f.is_file()) // 1024
    disk = small_disk(size + 80_000)  # room for the next file, its log and the export, once the filler is gone
    papers = scene.copy(disk / "home")
    for spare in (0, 1000):
        free = shutil.disk_usage(disk).free
        (disk / "filler").write_bytes(b"x" * max(0, free - spare * 1024))
        ended = run(papers.home, scene.files)
        if ended["codes"] != [0]:
            errors = [line for line in run.said.splitlines() if line.startswith("Error:")]
            assert ended["codes"][0] in (1, 2) and len(errors) == 1 and "Traceback" not in run.said, run.said
            assert "written" in errors[0] or "space" in errors[0] or "No space" in errors[0], errors
        is_whole(papers, scene)
        (disk / "filler").unlink()
    repair_and_compare(run, papers, scene)
