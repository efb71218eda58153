"""The landing archive in a folder: what is landed is read back, after kills, damage and clock changes too."""

from __future__ import annotations

import gzip
import json
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from warehouse.errors import ArchiveError, HomeError
from warehouse.landing.archive import Landing
from warehouse.landing.captures import Decision
from warehouse.landing.folder import FolderLanding
from warehouse.landing.journal import encode_line, read_lines

MOMENT = datetime(2026, 9, 1, 8, tzinfo=UTC)


def _land(landing: Landing, body: bytes, basis: str = "manifest") -> tuple[str, bool]:
    with landing.writing() as batch:
        return batch.land(
            [("https://example.org/x", body)],
            source="x",
            listing_date=date(2026, 9, 1),
            observed_at=MOMENT,
            observed_at_basis=basis,  # type: ignore[arg-type]
        )


def test_a_payload_is_read_back_as_received_and_readable_without_the_program(tmp_path: Path) -> None:
    landing = FolderLanding(tmp_path)
    load_id, is_new = _land(landing, b'[{"odd": "\xff"}]')
    assert is_new
    (capture,) = landing.captures()
    assert capture.load_id == load_id
    assert landing.read(capture) == [b'[{"odd": "\xff"}]']
    (line,) = (tmp_path / "journal").glob("*.jsonl")
    named = json.loads(line.read_text())["payloads"][0]["sha256"]
    assert gzip.decompress((tmp_path / "payloads" / named[:2] / f"{named}.gz").read_bytes()) == b'[{"odd": "\xff"}]'


def test_the_same_capture_lands_once(tmp_path: Path) -> None:
    landing = FolderLanding(tmp_path)
    first, was_new = _land(landing, b"[]")
    second, is_new = _land(landing, b"[]")
    assert (first, was_new, is_new) == (second, True, False)
    assert len(list(landing.captures())) == 1


def test_a_capture_has_a_kind_and_a_line_without_one_is_a_daily_listing(tmp_path: Path) -> None:
    landing = FolderLanding(tmp_path)
    _land(landing, b"[]")
    (journal,) = (tmp_path / "journal").glob("*.jsonl")
    line = next(read_lines(journal.read_bytes()))
    assert json.loads(line.record)["kind"] == "daily"
    without_kind = line.record.replace(b',"kind":"daily","paper_id":null,"status":null', b"")
    assert without_kind != line.record
    journal.write_bytes(encode_line(without_kind))
    (old,) = landing.captures()
    assert old.kind == "daily"
    assert _land(landing, b"[]") == (old.load_id, False), "the load id is that of versions without kinds"
    with landing.writing() as batch:
        load_id, is_new = batch.land(
            [("u", b"[]")],
            source="x",
            listing_date=date(2026, 9, 1),
            observed_at=MOMENT,
            observed_at_basis="manifest",
            kind="trending",
        )
    assert is_new and load_id != old.load_id
    assert [capture.kind for capture in landing.captures()] == ["daily", "trending"]


def test_the_checksum_of_a_line_covers_its_kind(tmp_path: Path) -> None:
    landing = FolderLanding(tmp_path)
    _land(landing, b"[]")
    (journal,) = (tmp_path / "journal").glob("*.jsonl")
    journal.write_bytes(journal.read_bytes().replace(b'"kind":"daily"', b'"kind":"other"'))
    with pytest.raises(ArchiveError, match="checksum"):
        list(landing.captures())


def test_a_line_that_a_crash_cut_off_loses_only_itself(tmp_path: Path) -> None:
    landing = FolderLanding(tmp_path)
    first, _ = _land(landing, b"[1]")
    (journal,) = (tmp_path / "journal").glob("*.jsonl")
    with open(journal, "ab") as file:
        file.write(b'{"record": "capture", "load_id": "to')
    second, _ = _land(landing, b"[2]")
    assert [capture.load_id for capture in landing.captures()] == [first, second]


def test_a_block_that_raises_names_nothing(tmp_path: Path) -> None:
    landing = FolderLanding(tmp_path)
    with pytest.raises(RuntimeError), landing.writing() as batch:
        batch.land([("u", b"x")], source="s", listing_date=None, observed_at=MOMENT, observed_at_basis="clock")
        raise RuntimeError
    assert list(landing.captures()) == []


def test_a_payload_that_a_crash_left_half_written_is_written_again(tmp_path: Path) -> None:
    landing = FolderLanding(tmp_path)
    _land(landing, b"[1]")
    (capture,) = landing.captures()
    (payload,) = (tmp_path / "payloads").rglob("*.gz")
    payload.write_bytes(payload.read_bytes()[:5])
    with pytest.raises(ValueError, match="can't be read"):
        landing.read(capture)
    with landing.writing() as batch:
        batch.land([("u", b"[1]")], source="s", listing_date=None, observed_at=MOMENT, observed_at_basis="clock")
    assert landing.read(capture) == [b"[1]"]


def test_a_changed_payload_is_an_error(tmp_path: Path) -> None:
    landing = FolderLanding(tmp_path)
    _land(landing, b"[1]")
    (payload,) = (tmp_path / "payloads").rglob("*.gz")
    payload.write_bytes(gzip.compress(b"[2]"))
    with pytest.raises(ValueError, match="other bytes"):
        landing.read(next(iter(landing.captures())))


def test_a_clock_set_back_never_hides_a_capture_from_the_loader(tmp_path: Path) -> None:
    landing = FolderLanding(tmp_path)
    (tmp_path / "journal").mkdir(parents=True)
    (tmp_path / "journal" / "2999-01-01.jsonl").write_bytes(b"")
    load_id, _ = _land(landing, b"[1]")
    assert [c.load_id for c in landing.captures(since=date(2999, 1, 1))] == [load_id]


def test_decisions_are_read_apart_from_the_captures(tmp_path: Path) -> None:
    landing = FolderLanding(tmp_path)
    decision = Decision(load_id="x", verdict="accepted", reason="r", decided_by="me", decided_at=MOMENT)
    with landing.writing() as batch:
        batch.add_decision(decision)
    assert list(landing.decisions()) == [decision]
    assert list(landing.captures()) == []


def test_a_folder_that_cannot_be_written_is_explained_in_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "landing").write_text("in the way")
    with pytest.raises(HomeError, match="can't be written"):
        _land(FolderLanding(tmp_path / "landing"), b"[]")
