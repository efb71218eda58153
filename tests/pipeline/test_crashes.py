"""Killed anywhere, held by another, on a full disk: what is published stays whole, the next run repairs."""

from __future__ import annotations

import fcntl
import json
import random
import shutil
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import pytest
from gate_pieces import PHASES, body, entry, listing

from tests.conftest import Papers, warm_process

#: Calls of one import, in their order; the run dies before or after each.
BOUNDARIES = (
    "warehouse.landing.folder:_FolderBatch._sync_payloads:after",
    "warehouse.landing.folder:_FolderBatch.commit:after",
    "warehouse.raw.store:RawStore.append:after",
    "warehouse.raw.store:RawStore.apply_decisions:after",
    "warehouse.raw.store:RawStore.set_verdicts:after",
    "orchestration.transform.duckdb_engine:prepare_next:after",
    "orchestration.transform.duckdb_engine:seal_next:after",
    "orchestration.pipeline:mart_gate:after",
    "warehouse.publication.publish:_export:after",
    "warehouse.publication.publish:write_atomically:after",
    "warehouse.publication.publish:_drop_old_exports:before",
)
RANDOM_KILLS = 20
#: A killed run is repaired by the next, which is killed too; every so many kills one may finish and is compared.
KILLS_PER_REPAIR = 10


@dataclass(frozen=True)
class Ended:
    """How runs at the same time ended: their exit codes, what they printed, and the seconds that all of them took."""

    codes: list[int]
    said: str
    seconds: float


def run(
    home: Path,
    files: Path,
    die: str | None = None,
    seconds: float | None = None,
    twice: bool = False,
    lock_timeout: float = 60,
) -> Ended:
    """Import the files by the pipeline in a forked process. ``die`` kills it at a call (see ``warm_process``),
    ``seconds`` after so long; ``twice`` runs two at once."""
    started = time.monotonic()
    arguments = ("tests.warm_process:pipeline", str(home), str(files), die, lock_timeout)
    running = [warm_process().start(*arguments) for _ in range(1 + twice)]
    if seconds is not None:
        time.sleep(seconds)
        running[0].kill()
    ended = [process.wait() for process in running]
    said = "".join(called.out + called.err for called in ended)
    return Ended([called.code for called in ended], said, time.monotonic() - started)


@dataclass(frozen=True)
class Scene:
    """A home that published an earlier day, files that are new to it, and what an undisturbed import makes of them."""

    template: Path
    files: Path
    before: dict[str, Any]
    after: dict[str, Any]
    seconds: float

    def copy(self, home: Path) -> Papers:
        return Papers(self.template).copy(home)


def facts(papers: Papers) -> dict[str, Any]:
    """Every public row but the moments of landing, which differ from run to run by nature."""
    tables: dict[str, Any] = papers.tables()
    with papers.published() as connection:
        tables["ops_loads"] = connection.execute(
            "select * exclude (landed_at, load_number) from marts.ops_loads order by load_id"
        ).fetchall()
    return tables


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Scene:
    folder = tmp_path_factory.mktemp("scene")
    old, new = folder / "old", folder / "new"
    old.mkdir(), new.mkdir()
    (old / "2025-03-10@2025-03-10T220000Z.json").write_bytes(listing("2025-03-10", 4))
    (new / "2025-03-11@2025-03-11T220000Z.json").write_bytes(listing("2025-03-11", 5, upvotes=2))
    (new / "2025-03-10@2025-03-11T220000Z.json").write_bytes(listing("2025-03-10", 5, upvotes=9))
    (new / "2025-03-12@2025-03-12T220000Z.json").write_bytes(body([entry(1, "2025-03-12"), {"paper": {"id": "x"}}]))
    (new / "2025-03-13@2025-03-14T220000Z.json").write_bytes(b"[]")
    template = Papers(folder / "template")
    first = run(template.home, old)
    assert first.codes == [0], first.said
    assert [phase for phase in first.said.splitlines() if phase in PHASES] == list(PHASES)
    before = facts(template)
    undisturbed = Scene(template.home, new, before, {}, 0).copy(folder / "undisturbed")
    done = run(undisturbed.home, new)
    assert done.codes == [0], done.said
    after = facts(undisturbed)
    assert {"accepted", "rejected"} <= {value for row in after["ops_loads"] for value in row}
    return Scene(template.home, new, before, after, done.seconds)


def is_whole(papers: Papers, scene: Scene) -> None:
    """What a reader finds is the old publication or the new one, and its export is the one that the manifest names."""
    found = facts(papers)
    assert found in (scene.before, scene.after)
    exports = papers.home / "exports"
    for table in json.loads((exports / "manifest.json").read_text())["tables"]:
        rows = duckdb.sql(f"select count(*) from read_parquet('{exports / table['file']}')").fetchall()
        assert rows == [(table["rows"],)]


def repair_and_compare(papers: Papers, scene: Scene) -> None:
    repaired = run(papers.home, scene.files)
    assert repaired.codes == [0], repaired.said
    assert facts(papers) == scene.after
    is_whole(papers, scene)


def groups(kills: list[dict[str, Any]]) -> list[list[dict[str, Any]]]:
    return [kills[start : start + KILLS_PER_REPAIR] for start in range(0, len(kills), KILLS_PER_REPAIR)]


@pytest.mark.parametrize(
    "places", [BOUNDARIES[2:11:4], pytest.param(BOUNDARIES, marks=pytest.mark.slow)], ids=["some", "all"]
)
def test_a_run_killed_at_any_step_is_repaired_by_the_next(
    scene: Scene, tmp_path: Path, places: tuple[str, ...]
) -> None:
    for group in groups([{"die": place} for place in places]):
        papers = scene.copy(tmp_path / "home")
        for kill in group:
            ended = run(papers.home, scene.files, **kill)
            assert ended.codes == [-9], f"{kill} was never reached: {ended.said}"
            is_whole(papers, scene)
        repair_and_compare(papers, scene)


@pytest.mark.slow
def test_a_run_killed_at_random_moments_is_repaired_by_the_next(scene: Scene, tmp_path: Path) -> None:
    chance = random.Random(20250311)
    moments = [chance.uniform(0.02, 1.0) * scene.seconds for _ in range(RANDOM_KILLS)]
    for group in groups([{"seconds": moment} for moment in moments]):
        papers = scene.copy(tmp_path / "home")
        for kill in group:
            run(papers.home, scene.files, **kill)
            is_whole(papers, scene)
        repair_and_compare(papers, scene)


def test_a_second_run_waits_and_then_says_who_holds_the_warehouse(scene: Scene, tmp_path: Path) -> None:
    papers = scene.copy(tmp_path / "home")
    with open(papers.home / "writer.lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        lock.write(json.dumps({"pid": 4711, "purpose": "papers (daily_papers)", "since": "2025-03-11T22:00:00"}))
        lock.flush()
        ended = run(papers.home, scene.files, lock_timeout=1)
        assert ended.codes == [1] and 1 <= ended.seconds < 10
        assert "papers (daily_papers) (process 4711" in ended.said and "PAPERS_LOCK_TIMEOUT" in ended.said
        assert facts(papers) == scene.before
    repair_and_compare(papers, scene)


@pytest.mark.slow
def test_two_runs_at_once_both_finish(scene: Scene, tmp_path: Path) -> None:
    papers = scene.copy(tmp_path / "home")
    ended = run(papers.home, scene.files, twice=True)
    assert ended.codes == [0, 0], ended.said
    assert facts(papers) == scene.after


@pytest.mark.slow
def test_a_full_disk_is_one_clear_sentence(scene: Scene, small_disk: Callable[[int], Path], tmp_path: Path) -> None:
    size = sum(f.stat().st_size for f in scene.template.rglob("*") if f.is_file()) // 1024
    disk = small_disk(size + 80_000)  # room for the next file, its log and the export, once the filler is gone
    papers = scene.copy(disk / "home")
    for spare in (0, 1000):
        free = shutil.disk_usage(disk).free
        (disk / "filler").write_bytes(b"x" * max(0, free - spare * 1024))
        ended = run(papers.home, scene.files)
        if ended.codes != [0]:
            errors = [line for line in ended.said.splitlines() if line.startswith("Error:")]
            assert ended.codes[0] in (1, 2) and len(errors) == 1 and "Traceback" not in ended.said, ended.said
            assert "written" in errors[0] or "space" in errors[0] or "No space" in errors[0], errors
        is_whole(papers, scene)
        (disk / "filler").unlink()
    repair_and_compare(papers, scene)
