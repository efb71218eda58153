"""Disk space and environment of a home: a full disk, little room, old temporary files, unusual users and paths."""

from __future__ import annotations

import errno
import os
import pwd
import shutil
import sqlite3
import time
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest
import sqlalchemy as sa

from orchestration.runs.runner import prepare_environment
from orchestration.transform.dbt_runner import clear_dbt_settings
from warehouse.disk import check_space, disk_full, last_use_bytes, remove_leftovers
from warehouse.errors import HomeError, InputError
from warehouse.settings import Settings
from warehouse.user import user_name


def raised(error: BaseException, cause: BaseException | None = None) -> BaseException:
    try:
        raise error from cause
    except BaseException as caught:
        return caught


FULL = OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), "/somewhere/file")


def sqlite_error(text: str, code: int) -> sqlite3.OperationalError:
    """An error as SQLite raises it, with an extended result code."""
    error = sqlite3.OperationalError(text)
    error.sqlite_errorcode = code
    return error


SQLITE = sqlite_error("full", sqlite3.SQLITE_FULL)


@pytest.mark.parametrize(
    "error",
    [
        FULL,
        OSError(errno.EDQUOT, os.strerror(errno.EDQUOT)),
        SQLITE,
        sa.exc.OperationalError("insert into event_logs", {}, SQLITE),
        sqlite3.OperationalError("database or disk is full"),
        duckdb.OutOfMemoryException("This limit was set by the 'max_temp_directory_size' setting."),
        duckdb.IOException('IO Error: Could not write file "x": No space left on device'),
        raised(RuntimeError("a step failed"), raised(ValueError("within"), FULL)),
        RuntimeError("the dbt process said: OSError: [Errno 28] No space left on device"),
    ],
)
def test_a_full_disk_anywhere_in_the_chain_of_causes_gives_one_sentence(error: BaseException) -> None:
    full = disk_full(error, Path("/home"))
    assert full and full.exit_code == 2
    assert "disk is full" in str(full) and "free space" in str(full) and "\n" not in str(full)


def test_an_io_error_of_sqlite_is_a_full_disk_where_nothing_is_free(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    error = sa.exc.OperationalError("select", {}, sqlite_error("disk I/O error", sqlite3.SQLITE_IOERR_WRITE))
    assert disk_full(error, tmp_path) is None
    monkeypatch.setattr(shutil, "disk_usage", lambda _: shutil._ntuple_diskusage(10**9, 10**9, 0))
    full = disk_full(error, tmp_path)
    assert full and "disk is full" in str(full)


def test_other_errors_are_not_taken_for_a_full_disk() -> None:
    for error in (ValueError("x"), OSError(errno.EACCES, "Permission denied"), raised(KeyError("a"), ValueError("b"))):
        assert disk_full(error) is None


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    settings = Settings(home=tmp_path)
    (tmp_path / "exports" / "20260901T000000Z").mkdir(parents=True)
    (tmp_path / "report").mkdir()
    settings.published_database.write_bytes(b"x" * 1000)
    (tmp_path / "exports" / "20260901T000000Z" / "a.parquet").write_bytes(b"x" * 200)
    (tmp_path / "report" / "index.html").write_bytes(b"x" * 30)
    return settings


def test_a_run_with_less_room_than_the_last_one_used_does_not_start(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    needed = last_use_bytes(settings)
    assert needed > 1230
    for free, starts in ((needed, True), (needed - 1, False)):
        monkeypatch.setattr(shutil, "disk_usage", lambda _, free=free: shutil._ntuple_diskusage(10**9, 0, free))
        if starts:
            check_space(settings)
        else:
            with pytest.raises(HomeError, match=r"free, and a run needs 10\.0 MB.*nothing was changed"):
                check_space(settings)
    settings.published_database.unlink()
    check_space(settings)  # the use of a first run is unknown


def test_only_old_temporary_files_are_removed(settings: Settings) -> None:
    left = ["next.duckdb.tmp/spill", "raw.duckdb.rebuild", "exports/.part-20260901", ".part-report/a", ".old-report/a"]
    stays = ["raw.duckdb", "papers.duckdb", "report/index.html", "overrides/author_overrides.csv", "landing/payloads/x"]
    young = ["raw.duckdb.rebuild.wal", "digest/.part-x"]
    for name in (*left, *stays, *young):
        (settings.home / name).parent.mkdir(parents=True, exist_ok=True)
        (settings.home / name).write_text("x")
    old = time.time() - 25 * 3600
    for name in (*left, *stays):
        for path in (settings.home / name, (settings.home / name).parent):
            if path != settings.home:
                os.utime(path, (old, old))
    remove_leftovers(settings)
    assert [name for name in left if (settings.home / name).exists()] == []
    assert [name for name in (*stays, *young) if not (settings.home / name).exists()] == []


def test_the_newest_data_docs_stay_and_a_long_log_is_rotated(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path, keep_data_docs=2, keep_log_bytes=10)
    for number in range(4):
        page = settings.data_docs / f"run{number}" / "batch.html"
        page.parent.mkdir(parents=True)
        page.write_text("page")
        os.utime(page.parent, (number, number))
    (settings.data_docs / "index.html").write_text("index")
    (tmp_path / "alerts.log").write_text("a line that is longer than that\n")
    remove_leftovers(settings)
    assert sorted(os.listdir(settings.data_docs)) == ["index.html", "run2", "run3"]
    assert not (tmp_path / "alerts.log").exists() and (tmp_path / "alerts.log.1").exists()


def test_retention_is_set_by_the_environment() -> None:
    names = ("PAPERS_KEEP_RUNS", "PAPERS_KEEP_DATA_DOCS", "PAPERS_KEEP_LOG_BYTES", "PAPERS_KEEP_TEMPORARY_HOURS")
    settings = Settings.from_environment(dict.fromkeys(names, "20000"))
    assert (settings.keep_runs, settings.keep_data_docs, settings.keep_log_bytes) == (20000,) * 3
    assert {name: settings.environment()[name] for name in names[:3]} == dict.fromkeys(names[:3], "20000")
    for name in names:
        with pytest.raises(InputError, match=name):
            Settings.from_environment({name: "0"})


@pytest.mark.parametrize("character", ["\\", "?", "["])
def test_a_path_that_a_library_cannot_open_is_refused_in_a_sentence(tmp_path: Path, character: str) -> None:
    for settings in (
        lambda home: Settings().at(home),
        lambda home: Settings.from_environment({"PAPERS_HOME": str(home)}),
    ):
        with pytest.raises(InputError, match="choose another one"):
            settings(tmp_path / f"a{character}b")


def test_a_path_that_is_not_utf_8_is_refused_in_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="UTF-8"):
        Settings().at(tmp_path / os.fsdecode(b"caf\xe9"))


@pytest.fixture
def environment(monkeypatch: pytest.MonkeyPatch) -> Iterator[pytest.MonkeyPatch]:
    """Restores the environment after the test."""
    before = dict(os.environ)
    yield monkeypatch
    os.environ.clear()
    os.environ.update(before)


def test_a_user_without_an_entry_or_a_home_directory_has_a_name_and_a_home(
    tmp_path: Path, environment: pytest.MonkeyPatch
) -> None:
    def unknown(*_: object) -> None:
        raise KeyError("getpwuid(): uid not found: 12345")

    environment.setattr(pwd, "getpwuid", unknown)
    for name in ("HOME", "USER", "LOGNAME", "LNAME", "USERNAME"):
        environment.delenv(name, raising=False)
    prepare_environment(Settings(home=tmp_path))
    assert Path.home() == tmp_path
    assert user_name() == f"user {os.getuid()}"


def test_settings_of_dbt_in_the_environment_have_no_effect(tmp_path: Path, environment: pytest.MonkeyPatch) -> None:
    for name in ("DBT_EMPTY", "DBT_TARGET", "DBT_PROFILE", "DBT_WARN_ERROR", "DBT_DEFER", "DBT_ENGINE_SAMPLE"):
        environment.setenv(name, "1")
    for clear in (clear_dbt_settings, lambda: prepare_environment(Settings(home=tmp_path))):
        environment.setenv("DBT_EMPTY", "1")
        clear()
        assert {k: v for k, v in os.environ.items() if k.startswith("DBT_")} == {
            "DBT_SEND_ANONYMOUS_USAGE_STATS": "false"
        }


def test_a_dagster_yaml_of_the_user_replaces_the_project_s(tmp_path: Path, environment: pytest.MonkeyPatch) -> None:
    (tmp_path / "own.yaml").write_text("telemetry: {enabled: false}\n")
    settings = Settings(home=tmp_path / "home", dagster_config=tmp_path / "own.yaml")
    prepare_environment(settings)
    assert (settings.dagster_home / "dagster.yaml").read_text() == "telemetry: {enabled: false}\n"
