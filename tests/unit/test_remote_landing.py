"""The archive on a store without append, here in a folder; tests/spark has it on a server of S3."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from warehouse.errors import InputError
from warehouse.landing import remote as remote_landing
from warehouse.landing.archive import Landing
from warehouse.landing.captures import Decision
from warehouse.landing.copying import copy_archive
from warehouse.landing.folder import FolderLanding
from warehouse.landing.location import open_landing
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


def test_payloads_are_read_back_and_the_same_capture_lands_once(landing: RemoteLanding) -> None:
    assert not landing.exists()
    first = _land(landing, b"[1]", b"[2]")
    assert landing.exists()
    assert [is_new for _, is_new in first] == [True, True]
    assert _land(landing, b"[1]") == [(first[0][0], False)]
    captures = list(landing.captures())
    assert [capture.load_id for capture in captures] == [load_id for load_id, _ in first]
    landing.prefetch(captures)
    assert [landing.read(capture) for capture in captures] == [[b"[1]"], [b"[2]"]]
    assert landing.read(captures[0]) == [b"[1]"], "a prefetched payload can be read twice"


def test_more_payloads_than_are_sent_concurrently_all_arrive(
    landing: RemoteLanding, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(remote_landing, "_MAX_CONCURRENT", 3)
    _land(landing, *(b"[%d]" % number for number in range(8)))
    captures = list(landing.captures())
    landing.prefetch(captures)
    assert [landing.read(capture)[0] for capture in captures] == [b"[%d]" % number for number in range(8)]


def test_a_block_that_raises_names_nothing(landing: RemoteLanding) -> None:
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


def test_two_commits_of_the_same_moment_both_stay(
    landing: RemoteLanding, set_clock: Callable[[datetime], None]
) -> None:
    set_clock(MOMENT)
    _land(landing, b"[1]", basis="clock")
    _land(landing, b"[2]", basis="clock")
    assert len(list(landing.captures())) == 2


def test_decisions_are_stored_apart_and_read_without_the_captures(landing: RemoteLanding, tmp_path: Path) -> None:
    ((load_id, _),) = _land(landing, b"[1]")
    decision = Decision(load_id=load_id, verdict="accepted", reason="r", decided_by="me", decided_at=MOMENT)
    with landing.writing() as batch:
        batch.add_decision(decision)
    assert list(landing.decisions()) == [decision]
    for journal in (tmp_path / "journal").rglob("*.jsonl"):
        journal.unlink()
    assert list(landing.decisions()) == [decision]


def test_a_lost_or_changed_payload_is_an_error(landing: RemoteLanding, tmp_path: Path) -> None:
    _land(landing, b"[1]")
    (capture,) = landing.captures()
    (payload,) = (tmp_path / "payloads").rglob("*.gz")
    payload.write_bytes(b"other")
    with pytest.raises(ValueError, match="can't be read"):
        landing.read(capture)
    payload.unlink()
    landing.prefetch([capture])
    with pytest.raises(ValueError, match="can't be read"):
        landing.read(capture)


@pytest.mark.parametrize("to_store", [True, False])
def test_an_archive_is_copied_as_it_is_and_later_copies_add_what_is_new(
    landing: RemoteLanding, tmp_path: Path, to_store: bool
) -> None:
    folder = FolderLanding(tmp_path / "folder")
    source, target = (folder, landing) if to_store else (landing, folder)
    ((first, _),) = _land(source, b"[1]")
    decision = Decision(load_id=first, verdict="accepted", reason="r", decided_by="me", decided_at=MOMENT)
    with source.writing() as batch:
        batch.add_decision(decision)
    assert copy_archive(source, target) == (1, 1)
    _land(source, b"[2]", b"[3]")
    assert copy_archive(source, target) == (2, 0)
    assert copy_archive(source, target) == (0, 0)
    assert list(target.captures()) == list(source.captures())
    assert list(target.decisions()) == [decision]
    assert [target.read(capture) for capture in target.captures()] == [[b"[1]"], [b"[2]"], [b"[3]"]]


def test_the_address_selects_a_folder_or_a_store(tmp_path: Path) -> None:
    assert type(open_landing(tmp_path)) is FolderLanding
    assert Settings.from_environment({"PAPERS_LANDING": "s3://bucket/landing/"}).landing == "s3://bucket/landing"
    assert Settings.from_environment({"PAPERS_LANDING": str(tmp_path)}).landing == tmp_path


@pytest.mark.parametrize("url", ["s3://key:secret@bucket/landing", "s3:///landing", "s3://bucket/x?secret=1"])
def test_credentials_in_an_address_are_refused_and_not_repeated(url: str) -> None:
    with pytest.raises(InputError, match="into the environment") as refused:
        Settings.from_environment({"PAPERS_LANDING": url})
    assert "secret" not in str(refused.value)
