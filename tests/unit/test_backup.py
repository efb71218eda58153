"""A backup holds what can't be rebuilt, grows by what is new, is checked by checksums, and overwrites nothing."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from warehouse import backup
from warehouse.backup import back_up, check_backup, last_backup, restore
from warehouse.errors import InputError
from warehouse.landing.captures import Decision
from warehouse.landing.folder import FolderLanding
from warehouse.settings import Settings

MOMENT = datetime(2026, 9, 1, 8, tzinfo=UTC)


def land(settings: Settings, *bodies: bytes) -> list[str]:
    with FolderLanding(Path(settings.landing)).writing() as batch:
        return [
            batch.land(
                [("https://example.org/x", body)],
                source="x",
                listing_date=date(2026, 9, 1),
                observed_at=MOMENT,
                observed_at_basis="manifest",
            )[0]
            for body in bodies
        ]


def content(settings: Settings) -> dict[str, bytes]:
    """Everything of a home that a backup is for, byte for byte, and the archive as records."""
    landing = FolderLanding(Path(settings.landing))
    found = {str(capture): b"".join(landing.read(capture)) for capture in landing.captures()}
    found |= {str(decision): b"" for decision in landing.decisions()}
    for name in ("overrides/author_overrides.csv", "digest/sent.jsonl", "subscriptions.yml", "demo.json"):
        if (settings.home / name).exists():
            found[name] = (settings.home / name).read_bytes()
    return found


@pytest.fixture
def home(tmp_path: Path) -> Settings:
    """A home with two captures, a decision, and files that people wrote."""
    settings = Settings(home=tmp_path / "home", lock_timeout=0)
    loads = land(settings, b"[1]", b"[2]")
    with FolderLanding(settings.home / "landing").writing() as batch:
        batch.add_decision(
            Decision(load_id=loads[0], verdict="accepted", reason="r", decided_by="me", decided_at=MOMENT)
        )
    for name, text in {
        "overrides/author_overrides.csv": "action,mention_id,author_id,reason\n",
        "digest/sent.jsonl": "{}\n",
        "digest/sending.lock": "{}",
        "digest/preview/mail.html": "<p>",
        "subscriptions.yml": "subscriptions: []\n",
    }.items():
        path = settings.home / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
    return settings


@pytest.fixture
def empty(tmp_path: Path) -> Settings:
    return Settings(home=tmp_path / "restored", lock_timeout=0)


def test_a_restored_home_has_what_was_backed_up(home: Settings, empty: Settings, tmp_path: Path) -> None:
    made = back_up(home, tmp_path / "backup")
    assert (made.captures, made.decisions, made.files, made.new_captures) == (2, 1, 3, 2)
    assert restore(empty, tmp_path / "backup").captures == 2
    assert content(empty) == content(home)
    assert not (empty.home / "digest" / "preview").exists() and not (empty.home / "digest" / "sending.lock").exists()
    for settings in (home, empty):
        known = last_backup(settings)
        assert known and (known.created_at, known.place) == (made.created_at, str(tmp_path / "backup"))


def test_a_second_backup_copies_what_is_new(home: Settings, empty: Settings, tmp_path: Path) -> None:
    place = tmp_path / "backup"
    back_up(home, place)
    before = {path: path.stat().st_mtime_ns for path in place.rglob("*.gz")}
    land(home, b"[3]")
    made = back_up(home, place)
    assert (made.new_captures, made.captures) == (1, 3)
    assert all(path.stat().st_mtime_ns == changed for path, changed in before.items())
    assert len(list(place.glob("files-*"))) == 1, "no file changed"
    (home.home / "subscriptions.yml").write_text("subscriptions: [other]\n")
    back_up(home, place)
    assert len(list(place.glob("files-*"))) == 2
    restore(empty, place)
    assert content(empty) == content(home)


def payload(place: Path) -> Path:
    return next((place / "landing").rglob("*.gz"))


def journal(place: Path) -> Path:
    (found,) = (place / "landing" / "journal").iterdir()
    return found


DAMAGES: dict[str, Callable[[Path], object]] = {
    "payload lost": lambda place: payload(place).unlink(),
    "payload changed": lambda place: payload(place).write_bytes(b"other"),
    "line changed": lambda place: _change(
        next((place / "landing" / "journal").iterdir()), b"2026-09-01", b"2026-09-02"
    ),
    "journal lost": lambda place: journal(place).unlink(),
    "file changed": lambda place: _change(next(place.glob("files-*/subscriptions.yml")), b"[]", b"[1]"),
    "file lost": lambda place: next(place.glob("files-*/digest/sent.jsonl")).unlink(),
    "record cut": lambda place: (place / "backup.json").write_text('{"schema_version": 1'),
}


def _change(path: Path, old: bytes, new: bytes) -> None:
    text = path.read_bytes()
    assert old in text
    path.write_bytes(text.replace(old, new, 1))


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_backup_is_refused_and_the_next_backup_of_the_home_repairs_what_it_can(
    home: Settings, empty: Settings, tmp_path: Path, damage: str
) -> None:
    place = tmp_path / "backup"
    back_up(home, place)
    DAMAGES[damage](place)
    for read in (lambda: check_backup(place), lambda: restore(empty, place)):
        with pytest.raises(InputError, match="damaged"):
            read()
    assert not (empty.home / "landing").exists() and not (empty.home / "subscriptions.yml").exists()
    if damage in ("file changed", "file lost", "record cut"):
        back_up(home, place)
        assert check_backup(place).files == 3


@pytest.mark.parametrize("what", ["landing", "raw.duckdb", "papers.duckdb", "subscriptions.yml"])
def test_a_home_that_is_not_empty_is_not_overwritten(
    home: Settings, empty: Settings, tmp_path: Path, what: str
) -> None:
    back_up(home, tmp_path / "backup")
    empty.home.mkdir()
    if what == "landing":
        land(empty, b"[9]")
    else:
        (empty.home / what).write_text("mine")
    before = {path: path.read_bytes() for path in empty.home.rglob("*") if path.is_file()}
    with pytest.raises(InputError, match=r"is not empty, and a restore overwrites nothing .*--home"):
        restore(empty, tmp_path / "backup")
    after = {path: path.read_bytes() for path in empty.home.rglob("*") if path.is_file()}
    after.pop(empty.lock_file)
    assert after == before


def test_a_restore_that_was_stopped_goes_on(
    home: Settings, empty: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    back_up(home, tmp_path / "backup")
    with monkeypatch.context() as patched:
        patched.setattr(backup.os, "replace", _fail)
        patched.setattr(backup, "write_atomically", _fail)
        with pytest.raises(KeyboardInterrupt):
            restore(empty, tmp_path / "backup")
    assert not (empty.home / "landing").exists()
    restore(empty, tmp_path / "backup")
    assert content(empty) == content(home) and not list(empty.home.glob(".part-*"))


def _fail(*_: object, **__: object) -> None:
    raise KeyboardInterrupt


def test_the_archives_of_two_homes_are_never_mixed(home: Settings, empty: Settings, tmp_path: Path) -> None:
    back_up(home, tmp_path / "backup")
    land(empty, b"[9]")
    with pytest.raises(InputError, match="backup of another home"):
        back_up(empty, tmp_path / "backup")
    assert check_backup(tmp_path / "backup").captures == 2


def test_a_place_that_is_part_of_the_home_is_refused(home: Settings, tmp_path: Path) -> None:
    for settings, place in (
        (home, home.home / "backup"),
        (home, home.home),
        (replace(home, landing_root=tmp_path / "landing"), tmp_path),
    ):
        if settings.landing_root:
            land(settings, b"[1]")
        with pytest.raises(InputError, match="part of what is backed up"):
            back_up(settings, place)


def test_a_folder_without_a_backup_and_a_newer_backup_are_sentences(
    home: Settings, empty: Settings, tmp_path: Path
) -> None:
    with pytest.raises(InputError, match=r"There is no backup in .*papers backup"):
        restore(empty, tmp_path)
    back_up(home, tmp_path / "backup")
    record = tmp_path / "backup" / "backup.json"
    record.write_text(json.dumps({**json.loads(record.read_text()), "schema_version": 2}))
    with pytest.raises(InputError, match="newer version"):
        restore(empty, tmp_path / "backup")


def test_a_backup_can_not_write_outside_the_home(home: Settings, empty: Settings, tmp_path: Path) -> None:
    place = tmp_path / "backup"
    back_up(home, place)
    facts = json.loads((place / "backup.json").read_text())
    folder = place / facts["folder"]
    (folder / "evil").write_bytes((folder / "digest" / "sent.jsonl").read_bytes())
    sha256 = facts["files"]["digest/sent.jsonl"]
    for name in ("digest/../../evil", str(tmp_path / "evil")):
        facts["files"] = {name: sha256}
        (place / "backup.json").write_text(json.dumps(facts))
        with pytest.raises(InputError):
            restore(empty, place)
    assert not (tmp_path / "evil").exists()
