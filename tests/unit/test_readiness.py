"""`papers doctor` says of each part whether it is ready, and how to fix what is not."""

from __future__ import annotations

import json
import shutil
import socket
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pytest

from orchestration import history
from orchestration.runs.readiness import Check, check_readiness
from sources.replay import ReplayServer
from tests.conftest import SAMPLE, Papers
from warehouse.backup import back_up
from warehouse.landing.folder import FolderLanding
from warehouse.lock import writer_lock
from warehouse.settings import Settings, Smtp

MOMENT = datetime(2026, 9, 10, 12, tzinfo=UTC)
NAMES = ["versions", "home", "disk", "lock", "archive", "source", "schedule", "mail", "backup"]


@pytest.fixture(scope="module")
def source() -> Iterator[str]:
    with ReplayServer(SAMPLE) as site:
        yield site.url


@pytest.fixture
def settings(tmp_path: Path, source: str, set_clock: Callable[[datetime], None]) -> Settings:
    """A home that is published, observed an hour ago, and not backed up."""
    set_clock(MOMENT)
    settings = Settings(home=tmp_path / "home", endpoint=source, min_interval=0)
    with FolderLanding(settings.home / "landing").writing() as batch:
        batch.land(
            [("https://example.org/x", b"[]")],
            source="x",
            listing_date=date(2026, 9, 10),
            observed_at=MOMENT - timedelta(hours=1),
            observed_at_basis="clock",
        )
    with duckdb.connect(str(settings.published_database)):
        pass
    folder = settings.exports / "20260910"
    folder.mkdir(parents=True)
    (settings.exports / "manifest.json").write_text(json.dumps({"published_at": MOMENT.isoformat()}))
    return settings


def checks(settings: Settings) -> dict[str, Check]:
    found = check_readiness(settings)
    assert [check.name for check in found] == NAMES
    assert all(bool(check.fix) or check.state == "ok" or "`" in check.detail for check in found), found
    return {check.name: check for check in found}


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def test_a_warehouse_that_is_set_up_lacks_a_backup_and_then_nothing(settings: Settings, tmp_path: Path) -> None:
    found = checks(settings)
    assert {name: check.state for name, check in found.items() if check.state != "ok"} == {
        "mail": "off",
        "backup": "not ready",
    }
    assert "papers backup DIR" in found["backup"].fix
    back_up(settings, tmp_path / "backup")
    assert checks(settings)["backup"].state == "ok"


@pytest.mark.parametrize(
    ("days", "age", "state"), [(7, 6.9, "ok"), (7, 7.1, "not ready"), (30, 7.1, "ok"), (0, 400, "ok")]
)
def test_a_backup_is_too_old_after_the_days_of_the_setting(
    settings: Settings, tmp_path: Path, set_clock: Callable[[datetime], None], days: int, age: float, state: str
) -> None:
    back_up(settings, tmp_path / "backup")
    set_clock(MOMENT + timedelta(days=age))
    assert checks(replace(settings, backup_days=days))["backup"].state == state


def test_a_backup_that_is_gone_is_not_ready(settings: Settings, tmp_path: Path) -> None:
    back_up(settings, tmp_path / "backup")
    shutil.rmtree(tmp_path / "backup")
    found = checks(settings)["backup"]
    assert found.state == "not ready" and "is not there now" in found.detail


def test_an_empty_home_is_named_and_not_made(settings: Settings, tmp_path: Path) -> None:
    found = checks(replace(settings, home=tmp_path / "none"))
    assert found["home"].state == found["archive"].state == "not ready"
    assert found["schedule"].state == "off" and not (tmp_path / "none").exists()


def test_a_home_that_can_not_be_written_and_one_without_a_publication_are_not_ready(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.published_database.unlink()
    assert "nothing published" in checks(settings)["home"].detail
    monkeypatch.setattr("os.access", lambda *_: False)
    assert "can't be written" in checks(settings)["home"].detail


def test_a_disk_with_too_little_room_is_not_ready(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    usage = shutil.disk_usage(settings.home)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage._replace(free=150_000_000))
    assert checks(settings)["disk"].state == "not ready"


def test_a_lock_that_is_held_names_its_holder(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    with writer_lock(settings.lock_file, purpose="a nightly run", timeout=0):
        monkeypatch.setattr("warehouse.lock._held", set())  # as another process sees it
        found = checks(settings)
    assert found["lock"].state == "ok" and found["lock"].detail.startswith("held by a nightly run")
    assert checks(settings)["lock"].detail == "free"


def test_a_damaged_line_of_the_archive_is_counted(settings: Settings) -> None:
    (journal,) = (settings.home / "landing" / "journal").iterdir()
    journal.write_bytes(journal.read_bytes().replace(b"2026-09-10", b"2026-09-11", 1))
    found = checks(settings)["archive"]
    assert found.state == "not ready" and "1 damaged" in found.detail and "doctor --archive" in found.fix


def test_a_source_that_is_not_there_is_not_ready(settings: Settings) -> None:
    found = checks(replace(settings, endpoint=f"http://127.0.0.1:{free_port()}"))["source"]
    assert found.state == "not ready" and "PAPERS_ENDPOINT" in found.fix


@pytest.mark.parametrize(
    ("is_on", "is_alive", "hours", "state"),
    [
        (True, True, 100, "ok"),
        (True, False, 1, "not ready"),
        (False, False, 5, "ok"),
        (False, True, 7, "off"),
    ],
)
def test_the_schedule_is_on_or_something_else_observes(
    settings: Settings,
    monkeypatch: pytest.MonkeyPatch,
    set_clock: Callable[[datetime], None],
    is_on: bool,
    is_alive: bool,
    hours: int,
    state: str,
) -> None:
    monkeypatch.setattr(history, "is_schedule_on", lambda *_: is_on)
    monkeypatch.setattr(history, "is_daemon_alive", lambda *_: is_alive)
    set_clock(MOMENT + timedelta(hours=hours - 1))
    assert checks(settings)["schedule"].state == state


def test_mail_is_off_set_up_or_not_reached(settings: Settings) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        smtp = Smtp(host="127.0.0.1", port=server.getsockname()[1], sender="papers@example.org")
        assert checks(replace(settings, smtp=smtp))["mail"].state == "ok"
    assert checks(replace(settings, smtp=replace(smtp, port=free_port())))["mail"].state == "not ready"
    assert checks(replace(settings, alert_mail=("a@example.org",)))["mail"].state == "not ready"
    settings.subscriptions.write_text("subscriptions: nonsense\n")
    assert checks(settings)["mail"].state == "not ready"


def called(papers: Papers, *options: str, expect: int, **environment: str) -> Any:
    return papers("doctor", *options, expect=expect, **environment)


def test_the_exit_code_says_whether_all_is_ready_or_only_the_source_is_not(
    settings: Settings, source: str, tmp_path: Path, set_clock: Callable[[datetime], None]
) -> None:
    papers = Papers(settings.home)
    unreachable = f"http://127.0.0.1:{free_port()}"
    blocked = called(papers, expect=1, PAPERS_ENDPOINT=unreachable)
    assert blocked.err == "Not ready: source, backup.\n" and "→ `papers backup DIR`" in blocked.out
    papers("backup", tmp_path / "backup")
    assert called(papers, expect=3, PAPERS_ENDPOINT=unreachable).err == "Not ready: source.\n"
    facts = called(papers, "--json", expect=0, PAPERS_ENDPOINT=source).facts
    assert facts["schema_version"] == 1 and facts["is_ready"]
    assert [check["name"] for check in facts["checks"]] == NAMES
    assert set(facts["checks"][0]) == {"name", "state", "detail", "fix"}
