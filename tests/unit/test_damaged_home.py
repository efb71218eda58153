"""Damaged databases of a home: explained in a sentence, and made again without reading what is replaced."""

from __future__ import annotations

import random
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import duckdb
import pytest

from orchestration.gates.verdicts import mart_violations
from warehouse.database import wal_of
from warehouse.errors import BusyError, DamagedError, HomeError
from warehouse.landing.location import open_landing
from warehouse.publication.publish import is_intact, prepare_next, publish, read_published
from warehouse.raw.rebuild import rebuild
from warehouse.raw.store import RawStore, verdicts
from warehouse.settings import Settings


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """A home with raw tables and a published file of some blocks."""
    settings = Settings(home=tmp_path / "home")
    settings.home.mkdir()
    with RawStore.open(settings.raw_database) as raw:
        raw.record_act("noted", "run1", None, "x" * 100)
    republish(settings)
    return settings


def republish(settings: Settings) -> None:
    prepare_next(settings)
    with duckdb.connect() as connection:
        connection.execute(f"attach '{settings.next_database}' as file; use file; create schema if not exists marts")
        connection.execute(
            "create or replace table marts.numbers as select range as n, md5(range::varchar) t from range(20000)"
        )
    publish(settings)


def flip(path: Path, seed: int) -> None:
    """Change a byte of a file's used blocks."""
    content = bytearray(path.read_bytes())
    content[random.Random(seed).randrange(len(content))] ^= 0x55
    path.write_bytes(bytes(content))


def spoil(path: Path, how: str) -> None:
    if how == "cut":
        path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    elif how == "empty":
        path.write_bytes(b"")
    elif how == "text":
        path.write_text("this is no database " * 500)
    elif how == "sqlite":
        path.write_bytes(b"SQLite format 3\0" + b"\0" * 8000)
    elif how == "folder":
        path.unlink()
        path.mkdir()
    else:
        flip(path, int(how))


SPOILT = ["cut", "empty", "text", "sqlite", "folder", "1", "2", "3"]


def total(settings: Settings) -> Any:
    with read_published(settings) as connection:
        return connection.execute("select count(*), sum(n), max(t) from numbers").fetchall()


@pytest.mark.parametrize("how", SPOILT)
def test_a_damaged_published_file_is_explained_and_replaced_unread(settings: Settings, how: str) -> None:
    before = total(settings)
    spoil(settings.published_database, how)
    assert not is_intact(settings)
    try:
        assert total(settings) == before  # the byte was in no block that is read
    except DamagedError as error:
        assert "papers.duckdb is damaged: `papers rebuild`" in str(error) and error.exit_code == 2
    assert prepare_next(settings, "models") is True, "nothing is built upon a damaged file"
    republish(settings)
    assert total(settings) == before and is_intact(settings)


@pytest.mark.parametrize("how", SPOILT)
def test_damaged_raw_tables_are_explained_and_read_again_from_the_archive(settings: Settings, how: str) -> None:
    spoil(settings.raw_database, how)
    for use in (lambda: verdicts(settings.raw_database), lambda: open_and_close(settings.raw_database)):
        try:
            use()
        except HomeError as error:
            assert "raw.duckdb is damaged: `papers rebuild`" in str(error) and error.exit_code == 2
    rebuild(settings.raw_database, open_landing(settings.landing), "run2")
    assert verdicts(settings.raw_database) == {}


def open_and_close(path: Path) -> None:
    with RawStore.open(path) as raw:
        raw.connection.execute("select count(reason) from raw.gate_results").fetchall()


def test_a_rebuild_keeps_what_the_gates_and_people_said(settings: Settings) -> None:
    rebuild(settings.raw_database, open_landing(settings.landing), "run2")
    with RawStore.reading(settings.raw_database) as raw:
        assert raw.execute("select run_id from raw.gate_results order by 1").fetchall() == [
            ("rebuild-run2",),
            ("run1",),
        ]


def other_log(folder: Path) -> Path:
    """The log of another program's changes to another database."""
    code = (
        "import duckdb, os; c = duckdb.connect('other.duckdb'); c.execute('create table a as select 1 x');"
        "c.execute('checkpoint'); c.execute('insert into a values (2)'); os._exit(0)"
    )
    subprocess.run([sys.executable, "-c", code], cwd=folder, check=False)
    return folder / "other.duckdb.wal"


def test_a_stale_log_beside_the_published_file_hurts_nobody_and_goes_with_the_next_publication(
    settings: Settings, tmp_path: Path
) -> None:
    before = total(settings)
    shutil.copy(other_log(tmp_path), wal_of(settings.published_database))
    assert total(settings) == before and is_intact(settings)
    republish(settings)
    assert not wal_of(settings.published_database).exists() and total(settings) == before


def test_a_stale_log_beside_the_raw_tables_is_explained_and_repaired(settings: Settings, tmp_path: Path) -> None:
    shutil.copy(other_log(tmp_path), wal_of(settings.raw_database))
    with pytest.raises(DamagedError, match="papers rebuild"):
        open_and_close(settings.raw_database)
    rebuild(settings.raw_database, open_landing(settings.landing), "run2")
    open_and_close(settings.raw_database)


@contextmanager
def held(path: Path) -> Iterator[None]:
    """Another program that has a database open for writing."""
    code = f"import duckdb, sys; c = duckdb.connect({str(path)!r}); print('held', flush=True); sys.stdin.read()"
    holder = subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    try:
        assert holder.stdout and holder.stdout.readline().strip() == "held"
        yield
    finally:
        holder.kill()
        holder.wait()


def test_a_program_that_holds_the_published_file_open_for_writing_stops_neither_readers_nor_a_run(
    settings: Settings,
) -> None:
    before = total(settings)
    with held(settings.published_database):
        assert total(settings) == before
        assert prepare_next(settings) is False
        publish(settings)
        assert total(settings) == before


def test_a_program_that_holds_the_raw_tables_is_named_as_the_cause(settings: Settings) -> None:
    with held(settings.raw_database):
        with pytest.raises(BusyError, match="open for writing in another program"):
            open_and_close(settings.raw_database)
        with pytest.raises(BusyError, match="close it there"):
            rebuild(settings.raw_database, open_landing(settings.landing), "run2")


@pytest.mark.parametrize("query", ["select nothing from numbers", "from no_table"])
def test_a_file_of_another_version_is_explained_and_no_damage(settings: Settings, query: str) -> None:
    with (
        pytest.raises(HomeError, match="another version published it; `papers rebuild`") as told,
        read_published(settings) as connection,
    ):
        connection.execute(query)
    assert not isinstance(told.value, DamagedError)


def test_the_wrong_kind_of_next_file_and_exports_makes_way(settings: Settings) -> None:
    before = total(settings)
    (settings.next_database / "in it").mkdir(parents=True)
    shutil.rmtree(settings.exports)
    settings.exports.write_text("no folder")
    republish(settings)
    assert total(settings) == before and settings.exports.is_dir()


def test_the_mart_gate_compares_with_a_file_that_is_held_and_not_with_a_damaged_one(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("MART_QUERIES", "PUBLISHED_QUERIES", "RAW_QUERIES"):
        monkeypatch.setattr(f"orchestration.gates.verdicts.{name}", {})
    monkeypatch.setattr("orchestration.gates.verdicts.REASONS_QUERY", "select 0")

    def lost() -> int:
        prepare_next(settings)
        with duckdb.connect() as connection:
            connection.execute(
                f"attach '{settings.next_database}' as file; use file; create schema if not exists marts"
            )
            connection.execute("create or replace table marts.numbers as select 1 as n, '' as t")
        return mart_violations(settings, None)["tables_much_smaller"].rows

    with held(settings.published_database):
        assert lost() == 1
    (settings.exports / "manifest.json").unlink()  # and with it the checksum
    content = settings.published_database.read_bytes()
    settings.published_database.write_bytes(content[:4096] + bytes(b ^ 1 for b in content[4096:]))
    assert lost() == 0


def test_a_published_file_that_is_a_link_is_published_through(settings: Settings, tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere.duckdb"
    settings.published_database.rename(elsewhere)
    settings.published_database.symlink_to(elsewhere)
    before = elsewhere.stat().st_ino
    republish(settings)
    assert settings.published_database.is_symlink() and elsewhere.stat().st_ino != before
    assert total(settings) and is_intact(settings)
