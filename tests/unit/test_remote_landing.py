"""The archive on a store without append, here in a folder; tests/spark has it on a server of S3."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from warehouse.errors import InputError
from warehouse.landing import remote as remote_landing
from warehouse.landing.archive import Decision, Landing, copy_archive, open_landing
from warehouse.landing.object_store import FolderStorage
from warehouse.landing.remote import RemoteLanding
from warehouse.settings import Settings

MOMENT = datetime(2026, 9, 1, 8, tzinfo=UTC)


def _land(landing: Landing, *bodies: bytes, basis: str = "manifest") -> list[tuple[str, bool]]:
    with landing.writing() as batch:
        return [
            batch.land(
                [("https://example.org/x", body)],
                source="x",
                listing_date=date(2026, 9, 1),
                observed_at=MOMENT,
                observed_at_basis=basis,  # type: ignore[arg-type]
            )
            for body in bodies
        ]


@pytest.fixture
def landing(tmp_path: Path) -> RemoteLanding:
    return RemoteLanding(FolderStorage(tmp_path))


def test_payloads_come_back_and_the_same_capture_lands_once(landing: RemoteLanding) -> None:
    assert not landing.exists()
    first = _land(landing, b"[1]", b"[2]")
    assert landing.exists()
    assert [is_new for _, is_new in first] == [True, True]
    assert _land(landing, b"[1]") == [(first[0][0], False)]
    captures = list(landing.captures())
    assert [capture.load_id for capture in captures] == [load_id for load_id, _ in first]
    landing.ahead(captures)
    assert [landing.read(capture) for capture in captures] == [[b"[1]"], [b"[2]"]]
    assert landing.read(captures[0]) == [b"[1]"], "what was fetched ahead is dropped, not lost"


def test_more_payloads_than_are_sent_at_once_all_arrive(
    landing: RemoteLanding, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(remote_landing, "_AT_ONCE", 3)
    _land(landing, *(b"[%d]" % number for number in range(8)))
    captures = list(landing.captures())
    landing.ahead(captures)
    assert [landing.read(capture)[0] for capture in captures] == [b"[%d]" % number for number in range(8)]


def test_a_block_that_fails_names_nothing(landing: RemoteLanding) -> None:
    with pytest.raises(RuntimeError), landing.writing() as batch:
        batch.land([("u", b"x")], source="s", listing_date=None, observed_at=MOMENT, observed_at_basis="clock")
        raise RuntimeError
    assert list(landing.captures()) == []


def test_captures_come_in_the_order_of_landing_from_a_day_on(
    landing: RemoteLanding, set_clock: Callable[[datetime], None]
) -> None:
    loads = []
    for day in range(3):
        set_clock(MOMENT + timedelta(days=day))
        loads += _land(landing, b"[%d]" % day)
    assert [capture.load_id for capture in landing.captures()] == [load_id for load_id, _ in loads]
    assert [c.load_id for c in landing.captures(date(2026, 9, 2))] == [load_id for load_id, _ in loads[1:]]


def test_a_clock_set_back_does_not_hide_a_capture_from_readers(
    landing: RemoteLanding, set_clock: Callable[[datetime], None]
) -> None:
    set_clock(MOMENT)
    _land(landing, b"[1]")
    set_clock(MOMENT - timedelta(days=9))
    ((late, _),) = _land(landing, b"[2]")
    assert [capture.load_id for capture in landing.captures(MOMENT.date())][-1] == late


def test_two_that_land_in_the_same_moment_both_stay(
    landing: RemoteLanding, set_clock: Callable[[datetime], None]
) -> None:
    set_clock(MOMENT)
    _land(landing, b"[1]", basis="clock")
    _land(landing, b"[2]", basis="clock")
    assert len(list(landing.captures())) == 2


def test_decisions_are_kept_apart_and_read_without_the_captures(landing: RemoteLanding, tmp_path: Path) -> None:
    ((load_id, _),) = _land(landing, b"[1]")
    decision = Decision(load_id=load_id, verdict="accepted", reason="r", decided_by="me", decided_at=MOMENT)
    with landing.writing() as batch:
        batch.decide(decision)
    assert list(landing.decisions()) == [decision]
    for journal in (tmp_path / "journal").rglob("*.jsonl"):
        journal.unlink()
    assert list(landing.decisions()) == [decision]


def test_a_payload_that_was_lost_or_changed_is_not_believed(landing: RemoteLanding, tmp_path: Path) -> None:
    _land(landing, b"[1]")
    (capture,) = landing.captures()
    (payload,) = (tmp_path / "payloads").rglob("*.gz")
    payload.write_bytes(b"other")
    with pytest.raises(ValueError, match="can't be read"):
        landing.read(capture)
    payload.unlink()
    landing.ahead([capture])
    with pytest.raises(ValueError, match="can't be read"):
        landing.read(capture)


@pytest.mark.parametrize("to_store", [True, False])
def test_an_archive_moves_to_another_place_as_it_is_and_again_what_came_since(
    landing: RemoteLanding, tmp_path: Path, to_store: bool
) -> None:
    folder = Landing(tmp_path / "folder")
    source, target = (folder, landing) if to_store else (landing, folder)
    ((first, _),) = _land(source, b"[1]")
    decision = Decision(load_id=first, verdict="accepted", reason="r", decided_by="me", decided_at=MOMENT)
    with source.writing() as batch:
        batch.decide(decision)
    assert copy_archive(source, target) == (1, 1)
    _land(source, b"[2]", b"[3]")
    assert copy_archive(source, target) == (2, 0)
    assert copy_archive(source, target) == (0, 0)
    assert list(target.captures()) == list(source.captures())
    assert list(target.decisions()) == [decision]
    assert [target.read(capture) for capture in target.captures()] == [[b"[1]"], [b"[2]"], [b"[3]"]]


def test_an_address_tells_a_folder_from_a_store(tmp_path: Path) -> None:
    assert type(open_landing(tmp_path)) is Landing
    assert Settings.from_environment({"PAPERS_LANDING": "s3://bucket/landing/"}).landing == "s3://bucket/landing"
    assert Settings.from_environment({"PAPERS_LANDING": str(tmp_path)}).landing == tmp_path


@pytest.mark.parametrize("url", ["s3://key:secret@bucket/landing", "s3:///landing", "s3://bucket/x?secret=1"])
def test_credentials_in_an_address_are_refused_and_not_repeated(url: str) -> None:
    with pytest.raises(InputError, match="into the environment") as refused:
        Settings.from_environment({"PAPERS_LANDING": url})
    assert "secret" not in str(refused.value)
