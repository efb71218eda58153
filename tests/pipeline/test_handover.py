"""What another engine gets: what is accepted, each load as it is now, nothing twice, and the same after a rebuild."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import duckdb
import pytest
from gate_pieces import Warehouse, body, entry, listing

from warehouse.errors import HomeError
from warehouse.landing.object_store import FolderStorage
from warehouse.raw import handover
from warehouse.raw.handover import REPLACES, HandedOver, check, hand_over, hand_over_new, handed_columns, read_commits
from warehouse.raw.loader import parse_again
from warehouse.raw.rebuild import rebuild
from warehouse.raw.store import RawStore

DAY = "2026-09-01"


class Handing(Warehouse):
    """A warehouse whose loads are judged by the test, and what it hands over."""

    @property
    def root(self) -> Path:
        return self.settings.home / "handover"

    def judge_all(self, *rejected: str) -> None:
        self.load("a run")
        pending = [row[0] for row in self.rows("select load_id from raw.loads where verdict = 'pending'")]
        with RawStore.open(self.settings.raw_database) as raw:
            raw.set_verdicts(
                [
                    (load, "rejected", "gate", "for the test") if load in rejected else (load, "accepted", "gate", None)
                    for load in pending
                ]
            )

    def hand_over(self, root: Path | None = None) -> HandedOver:
        with RawStore.open(self.settings.raw_database) as raw:
            return hand_over(raw, root or self.root)

    def rebuild(self) -> None:
        rebuild(self.settings.raw_database, self.landing, "the rebuild")

    def files(self, root: Path | None = None) -> set[str]:
        return {path.relative_to(root or self.root).as_posix() for path in (root or self.root).rglob("*.parquet")}


@pytest.fixture
def home(tmp_path: Path) -> Handing:
    return Handing.at(tmp_path)


def received(root: Path) -> dict[str, list[tuple[Any, ...]]]:
    """The raw tables as a reader has them that took every commit in order and did what REPLACES says."""
    with duckdb.connect() as connection:
        for table in REPLACES:
            columns = ", ".join(f"{name} {kind}" for name, kind in handed_columns(table))
            connection.execute(f"create table {table} ({columns})")
        for commit in read_commits(FolderStorage(root)):
            loads = [load.load_id for load in commit.loads]
            files = {file.table: str(root / file.file) for file in commit.files}
            for table, key in REPLACES.items():
                if key == "load_id":
                    connection.execute(f"delete from {table} where load_id in (select unnest(?::varchar[]))", [loads])
                elif key == "*" and table in files:
                    connection.execute(f"delete from {table}")
                elif key and table in files:
                    connection.execute(f"delete from {table} where {key} in (select {key} from '{files[table]}')")
                if table in files:
                    connection.execute(f"insert into {table} by name from '{files[table]}'")
        return {table: connection.execute(f"from {table} order by all").fetchall() for table in REPLACES}


def wanted(home: Handing) -> dict[str, list[tuple[Any, ...]]]:
    """The raw tables of what is accepted, and all that is told of every load."""
    accepted = "(select load_id from raw.loads where verdict = 'accepted')"
    contents = f"where content_id in (select content_id from raw.entries where load_id in {accepted})"
    conditions = {
        "entries": f"where load_id in {accepted}",
        "entry_contents": contents,
        "entry_authors": contents,
    }
    return {
        table: home.rows(
            f"select {', '.join(name for name, _ in handed_columns(table))} from raw.{table} "
            f"{conditions.get(table, '')} order by all"
        )
        for table in REPLACES
    }


def test_readers_get_each_accepted_load_once_and_no_row_of_a_rejected_one(home: Handing) -> None:
    good, bad = home.land((DAY, f"{DAY}T08:00:00", listing(DAY, 3)), (DAY, f"{DAY}T09:00:00", listing(DAY, 5)))
    home.judge_all(bad)
    assert home.hand_over().loads == 2
    tables = received(home.root)
    assert tables == wanted(home)
    assert {row[0] for row in tables["entries"]} == {good}
    assert len(tables["entry_contents"]) == 3
    assert {row[0] for row in tables["loads"]} == {good, bad}, "that a load was rejected is told"


def test_only_what_is_new_is_told(home: Handing) -> None:
    home.land((DAY, f"{DAY}T08:00:00", listing(DAY, 3)))
    home.judge_all()
    home.hand_over()
    before = home.files()
    assert home.hand_over().commits == 0
    home.land((DAY, f"{DAY}T10:00:00", listing(DAY, 3, upvotes=9)))
    home.judge_all()
    assert home.hand_over().loads == 1
    new = {name.split("/")[1] for name in home.files() - before}
    assert new == {"loads", "entries", "fields_seen"}, "contents that were told already are not told again"
    assert received(home.root) == wanted(home)


def test_a_load_that_a_person_accepts_later_follows_with_its_contents(home: Handing) -> None:
    (bad,) = home.land((DAY, f"{DAY}T08:00:00", listing(DAY, 4)))
    home.judge_all(bad)
    home.hand_over()
    assert received(home.root)["entries"] == []
    with RawStore.open(home.settings.raw_database) as raw:
        raw.set_verdicts([(bad, "accepted", "person", "it is right")])
        raw.record_act("accepted_by_a_person", "accept-1", bad, "it is right", "somebody")
    assert home.hand_over().loads == 1
    assert received(home.root) == wanted(home)
    assert len(received(home.root)["entries"]) == 4
    commits = list(read_commits(FolderStorage(home.root)))
    assert [load.verdict for commit in commits for load in commit.loads] == ["rejected", "accepted"]


def test_a_load_that_is_refused_when_it_is_read_again_leaves_and_its_contents_stay_for_others(home: Handing) -> None:
    first, second = home.land(
        (DAY, f"{DAY}T08:00:00", listing(DAY, 2)), (DAY, f"{DAY}T09:00:00", listing(DAY, 2, upvotes=7))
    )
    home.judge_all()
    home.hand_over()
    with RawStore.open(home.settings.raw_database) as raw:
        parse_again(raw, home.landing, first, "again")
    home.judge_all(first)
    assert home.hand_over().loads == 1
    assert {row[0] for row in received(home.root)["entries"]} == {second}
    assert received(home.root) == wanted(home)


def test_a_load_that_reads_as_before_is_not_told_again(home: Handing) -> None:
    (load,) = home.land((DAY, f"{DAY}T08:00:00", listing(DAY, 2)))
    home.judge_all()
    home.hand_over()
    before = home.files()
    with RawStore.open(home.settings.raw_database) as raw:
        parse_again(raw, home.landing, load, "again")
    home.judge_all()
    assert home.hand_over().commits == 0
    assert home.files() == before


def test_a_rebuild_from_the_archive_gives_the_same_files(home: Handing) -> None:
    for hour in (8, 9, 10):
        home.land((DAY, f"{DAY}T{hour:02}:00:00", listing(DAY, 3, upvotes=hour)))
        home.judge_all()
        home.hand_over()
    before, tables = home.files(), received(home.root)
    home.rebuild()
    home.judge_all()
    home.hand_over()
    results = {name for name in home.files() if name.startswith("data/gate_results")}
    assert home.files() - results == before, "only that it was rebuilt is told"
    assert {**received(home.root), "gate_results": []} == {**tables, "gate_results": []}
    fresh = home.settings.home / "fresh"
    again = home.settings.home / "again"
    home.hand_over(fresh)
    home.hand_over(again)
    assert home.files(fresh) == home.files(again), "equal rows are equal files"
    assert received(fresh) == received(home.root)


def test_many_loads_are_few_files(home: Handing, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(handover, "LOADS_PER_COMMIT", 4)
    for hour in range(10):
        home.land((DAY, f"{DAY}T{hour:02}:00:00", listing(DAY, 2, upvotes=hour)))
    home.judge_all()
    assert home.hand_over().commits == 3
    assert len([name for name in home.files() if "/entries/" in name]) == 3
    assert received(home.root) == wanted(home)


@pytest.mark.parametrize("after_manifest", [False, True])
def test_a_kill_in_the_middle_loses_nothing_and_tells_nothing_twice(
    home: Handing, monkeypatch: pytest.MonkeyPatch, after_manifest: bool
) -> None:
    home.land((DAY, f"{DAY}T08:00:00", listing(DAY, 3)))
    home.judge_all()
    write = FolderStorage.write

    def killed(self: FolderStorage, name: str, content: bytes) -> None:
        if name.startswith("manifest"):
            if after_manifest:
                write(self, name, content)
            raise KeyboardInterrupt
        write(self, name, content)

    with monkeypatch.context() as patched:
        patched.setattr(FolderStorage, "write", killed)
        with pytest.raises(KeyboardInterrupt):
            home.hand_over()
    home.hand_over()
    assert received(home.root) == wanted(home)
    assert sum(len(commit.loads) for commit in read_commits(FolderStorage(home.root))) == 1


def test_it_is_off_until_somebody_asks_and_then_tells_everything_so_far(home: Handing, tmp_path: Path) -> None:
    home.land((DAY, f"{DAY}T08:00:00", listing(DAY, 3)))
    home.judge_all()
    assert hand_over_new(home.settings) is None
    assert not home.root.exists()
    found = hand_over_new(replace(home.settings, engine="spark"))
    assert found is not None and found.loads == 1
    assert received(home.root) == wanted(home)


def test_two_warehouses_can_not_share_one_hand_over(home: Handing, tmp_path: Path) -> None:
    home.land((DAY, f"{DAY}T08:00:00", listing(DAY, 3)))
    home.judge_all()
    home.hand_over()
    other = Handing.at(tmp_path / "other")
    other.land((DAY, f"{DAY}T11:00:00", body([entry(1, DAY)])))
    other.judge_all()
    with pytest.raises(HomeError, match="place of its own"):
        other.hand_over(home.root)


def test_a_file_that_was_changed_is_found(home: Handing) -> None:
    home.land((DAY, f"{DAY}T08:00:00", listing(DAY, 3)))
    home.judge_all()
    home.hand_over()
    assert check(home.root)["entries"] == 3
    (file,) = (home.root / "data" / "entries").iterdir()
    file.write_bytes(file.read_bytes()[:-1])
    with pytest.raises(HomeError, match="holds other bytes"):
        check(home.root)


def test_a_commit_that_is_missing_is_said(home: Handing) -> None:
    for hour in (8, 9):
        home.land((DAY, f"{DAY}T{hour:02}:00:00", listing(DAY, 3, upvotes=hour)))
        home.judge_all()
        home.hand_over()
    (home.root / "manifest" / "00000001.json").unlink()
    with pytest.raises(HomeError, match="lacks commit 1"):
        list(read_commits(FolderStorage(home.root)))
