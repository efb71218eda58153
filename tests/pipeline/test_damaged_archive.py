"""A damaged landing archive loses nothing in silence: who would publish less than before stops and says so."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
from gate_pieces import Warehouse, listing

from tests.conftest import Papers
from warehouse.errors import GateError
from warehouse.landing.archive import Landing
from warehouse.landing.folder import FolderLanding
from warehouse.raw.archive_check import RebuildGuard, check_archive, known_loads
from warehouse.raw.loader import parse_again
from warehouse.raw.rebuild import rebuild
from warehouse.raw.store import RawStore

DAYS = ("2025-03-10", "2025-03-11", "2025-03-12")


@dataclass(frozen=True)
class Home:
    """A home with three accepted loads and no published file."""

    warehouse: Warehouse
    loads: list[str]

    @property
    def landing(self) -> Landing:
        return self.warehouse.landing

    @property
    def journal(self) -> Path:
        (journal,) = (self.warehouse.settings.landing / "journal").iterdir()
        return journal

    def payload_of(self, load_id: str) -> Path:
        (capture,) = [c for c in self.landing.captures() if c.load_id == load_id]
        return self.landing.payload_file(capture.payloads[0].sha256)

    def rebuild(self, accepted_loss: str | None = None) -> tuple[str, ...]:
        settings = self.warehouse.settings
        known = known_loads(settings.raw_database, settings.published_database)
        guard = RebuildGuard(self.landing, known, accepted_loss=accepted_loss)
        remarks = guard.check_archive()
        rebuild(settings.raw_database, self.landing, "a run", check=guard.check_loads, accepted_loss=accepted_loss)
        return remarks

    def acts(self) -> list[str]:
        return [row[0] for row in self.warehouse.rows("select expectation from raw.gate_results where gate = 'person'")]


@pytest.fixture
def home(tmp_path: Path) -> Home:
    warehouse = Warehouse.at(tmp_path / "home")
    loads = warehouse.land(*((day, f"{day} 22:00:00", listing(day, 3)) for day in DAYS))
    warehouse.load("a run")
    with RawStore.open(warehouse.settings.raw_database) as raw:
        raw.set_verdicts([(load, "accepted", "gate", None) for load in loads])
    return Home(warehouse, loads)


def cut_line(home: Home) -> None:
    lines = home.journal.read_bytes().splitlines(keepends=True)
    home.journal.write_bytes(lines[0] + lines[1][:90] + b"\n" + lines[2])


def delete_line(home: Home) -> None:
    lines = home.journal.read_bytes().splitlines(keepends=True)
    home.journal.write_bytes(lines[0] + lines[2])


def delete_journal(home: Home) -> None:
    home.journal.unlink()


def damage_payload(home: Home) -> None:
    payload = home.payload_of(home.loads[1])
    payload.write_bytes(payload.read_bytes()[:40])


def lose_payload(home: Home) -> None:
    home.payload_of(home.loads[1]).unlink()


LOSSES: list[Callable[[Home], None]] = [cut_line, delete_line, delete_journal, damage_payload, lose_payload]


@pytest.mark.parametrize("lose", LOSSES)
def test_a_rebuild_that_would_lose_an_accepted_load_names_it_and_changes_nothing(
    home: Home, lose: Callable[[Home], None]
) -> None:
    lose(home)
    before = home.warehouse.settings.raw_database.read_bytes()
    with pytest.raises(GateError, match=home.loads[1]) as stopped:
        home.rebuild()
    assert "papers doctor --archive" in str(stopped.value) and "--accept-loss" in str(stopped.value)
    assert home.warehouse.settings.raw_database.read_bytes() == before
    home.rebuild("the disk broke")
    left = home.warehouse.rows("select count(*) from raw.loads where verdict = 'pending'")[0][0]
    assert left == (0 if lose is delete_journal else 2)
    assert home.acts()[-1] == "loss_accepted"
    assert not home.landing.damages(), "what was given up stops no later run"


def test_a_rebuild_that_loses_nothing_is_not_stopped_and_gives_no_reason(home: Home) -> None:
    assert home.rebuild() == ()
    assert home.acts() == ["rebuilt"]


def test_a_load_of_a_person_is_not_read_again_from_a_damaged_payload(home: Home) -> None:
    damage_payload(home)
    with RawStore.open(home.warehouse.settings.raw_database) as raw:
        with pytest.raises(GateError, match="damaged_payload"):
            parse_again(raw, home.landing, home.loads[1], "again", lambda: pytest.fail("nothing to put on record"))
        assert raw.connection.execute("select count(*) from raw.entries").fetchall() == [(9,)]


def test_a_damaged_payload_of_a_new_load_is_said_too(home: Home) -> None:
    (new,) = home.warehouse.land(("2025-03-13", "2025-03-13 22:00:00", listing("2025-03-13", 2)))
    home.payload_of(new).write_bytes(b"")
    with pytest.raises(GateError, match=new):
        home.rebuild()


def test_payloads_without_any_line_are_not_taken_for_an_empty_archive(home: Home) -> None:
    home.journal.unlink()
    home.warehouse.settings.raw_database.unlink()
    with pytest.raises(GateError, match=r"names any of its 3 payloads.*papers doctor --archive"):
        home.rebuild()


def test_payloads_that_no_line_names_are_said(home: Home) -> None:
    with pytest.raises(ZeroDivisionError), home.landing.writing() as batch:
        batch._write_payload("ab" * 32, b"[]")
        raise ZeroDivisionError
    (remark,) = home.rebuild()
    assert remark.startswith("1 payload(s)") and "papers doctor --archive" in remark
    state = check_archive(home.landing, {})
    assert state.unnamed == ("ab" * 32,) and state.is_whole


@pytest.mark.parametrize("lose", LOSSES[:3])
def test_the_doctor_restores_lost_lines_from_the_tables(home: Home, lose: Callable[[Home], None]) -> None:
    before = list(home.landing.captures())
    lose(home)
    papers = Papers(home.warehouse.settings.home)
    called = papers("doctor", "--archive", "--json", expect=1)
    assert home.loads[1] in [load["load_id"] for load in called.facts["lost_loads"]]
    assert home.loads[1] in papers("doctor", "--archive", expect=1).out
    facts = papers("doctor", "--archive", "--restore", "--json").facts
    assert home.loads[1] in facts["restored"] and facts["is_whole"]
    after = {capture.load_id: capture for capture in home.landing.captures()}
    for capture in before:
        restored = after[capture.load_id]
        assert (restored.listing_date, restored.observed_at, restored.landed_at, restored.payloads[0].sha256) == (
            *(capture.listing_date, capture.observed_at, capture.landed_at),
            capture.payloads[0].sha256,
        )
    assert home.rebuild() == ()


def test_the_doctor_gives_up_a_line_on_request_and_runs_go_on(home: Home) -> None:
    cut_line(home)
    papers = Papers(home.warehouse.settings.home)
    papers("doctor", "--archive", "--accept-loss", "--reason", "no backup", expect=1)  # the load is still lost
    assert len(list(home.landing.captures())) == 2
    assert "--archive" in papers("doctor", "--accept-loss", expect=2).err


def test_a_backup_copies_the_rest_and_names_what_is_damaged(home: Home, tmp_path: Path) -> None:
    damage_payload(home)
    papers = Papers(home.warehouse.settings.home)
    called = papers("backup", str(tmp_path / "copy"), expect=2)
    assert home.loads[1] in called.err and "All the rest was copied" in called.err
    assert [c.load_id for c in FolderLanding(tmp_path / "copy" / "landing").captures()] == [
        home.loads[0],
        home.loads[2],
    ]


@pytest.mark.slow
def test_a_damaged_archive_never_makes_what_is_published_smaller(papers: Papers, tmp_path: Path) -> None:
    files = tmp_path / "files"
    files.mkdir()
    for day in DAYS:
        (files / f"{day}@{day}T220000Z.json").write_bytes(listing(day, 4))
    papers("import", files)
    observed = "select count(*) from marts.fct_upvote_observations"
    assert papers.value(observed) == 12
    (journal,) = (papers.home / "landing" / "journal").iterdir()
    whole = journal.read_bytes()
    lines = whole.splitlines(keepends=True)
    journal.write_bytes(lines[0] + lines[1].replace(b"2025-03-1", b"2025-04-1") + lines[2])
    (files / "2025-03-13@2025-03-13T220000Z.json").write_bytes(listing("2025-03-13", 4))
    assert "papers doctor --archive" in papers("import", files, expect=2).err
    stopped = papers("rebuild", expect=1).err
    assert "2025-03-11" in stopped and "--accept-loss" in stopped and papers.value(observed) == 12
    # The raw tables are gone too: the published file knows what was accepted.
    (papers.home / "raw.duckdb").unlink()
    assert "2025-03-11" in papers("rebuild", expect=1).err
    papers("rebuild", "--accept-loss", "--reason", "the disk broke")
    assert papers.value(observed) == 8
    reasons = "select reason from marts.ops_gate_results where expectation = 'loss_accepted'"
    assert papers.value(reasons) == "the disk broke"
    papers("import", files)
    assert papers.value(observed) == 16, "the file of the lost load is new again"
    # An archive from which days are missing is not published by an ordinary run either.
    shutil.rmtree(papers.home / "landing")
    for name in ("raw.duckdb", "raw.duckdb.wal"):
        (papers.home / name).unlink(missing_ok=True)
    other = tmp_path / "other.json"
    other.write_text(json.dumps(json.loads(listing("2025-03-20", 30))))
    stopped = papers("import", other, "--listing-date", "2025-03-20", expect=1).err
    assert "rows_lost" in stopped or "papers_lost" in stopped
    assert "papers doctor --archive" in stopped and papers.value(observed) == 16
