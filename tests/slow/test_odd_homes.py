"""Whole runs in odd surroundings: hostile settings of dbt, a hard path, links,
small disks; and a home with everything damaged."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.conftest import SAMPLE, Papers

pytestmark = pytest.mark.slow


def test_a_run_with_settings_of_dbt_in_the_environment_at_a_hard_path_publishes_the_same_tables(
    demo: Papers, tmp_path: Path
) -> None:
    papers = Papers(tmp_path / "a%20b#c 'd' *{e} \U0001f600")
    papers(
        "demo",
        "--json",
        DBT_EMPTY="1",
        DBT_TARGET="spark",
        DBT_PROFILE="none",
        DBT_WARN_ERROR="1",
        DBT_DEFER="1",
        DBT_STATE="/nowhere",
        DBT_ENGINE_EMPTY="1",
    )
    assert papers.value("select count(*) from marts.dim_papers") == demo.value("select count(*) from marts.dim_papers")


def test_a_home_with_everything_damaged_is_explained_and_rebuilt(demo: Papers, tmp_path: Path) -> None:
    papers = Papers(tmp_path / "home")
    shutil.copytree(demo.home, papers.home)
    papers("rebuild")
    before = papers.tables()
    for name in ("papers.duckdb", "raw.duckdb", "dagster/history/runs/index.db"):
        content = bytearray((papers.home / name).read_bytes())
        for place in range(4096, len(content), 50_000):
            content[place] ^= 0xFF
        (papers.home / name).write_bytes(bytes(content))
    for name in ("data_docs", "report", "exports"):
        shutil.rmtree(papers.home / name)
        (papers.home / name).write_text("no folder")
    (papers.home / "next.duckdb").mkdir()
    (papers.home / "papers.duckdb.wal").write_text("another tool's changes")
    for command in (("status",), ("sql", "select count(*) from dim_papers"), ("accept", "x", "--reason", "y")):
        called = papers(*command, expect=2)
        assert "is damaged: `papers rebuild`" in called.err
    papers("rebuild")
    assert papers.tables() == before
    assert (papers.home / "report" / "index.html").is_file() and (papers.home / "data_docs" / "index.html").is_file()


def test_a_disk_that_fills_at_any_moment_of_a_run_is_one_sentence(
    small_disk: Callable[[int], Path], tmp_path: Path
) -> None:
    files = tmp_path / "files"
    files.mkdir()
    for file in sorted(SAMPLE.glob("2026-09-0[12]*.json.gz")):
        shutil.copy(file, files)
    for kilobytes in (60, 300, 4_000, 11_000, 17_000):
        called = Papers(small_disk(kilobytes) / "home")("import", files, expect=2)
        errors = called.err.strip().splitlines()
        assert len(errors) == 1 and "free space" in errors[0], (kilobytes, called.err)


def test_a_run_with_less_room_than_the_last_one_used_does_not_start(
    demo: Papers, small_disk: Callable[[int], Path]
) -> None:
    disk = small_disk(60_000)
    papers = Papers(disk / "home")
    shutil.copytree(demo.home, papers.home)
    (disk / "filler").write_bytes(b"x" * (shutil.disk_usage(disk).free - 5_000_000))
    assert "free, and a run needs" in papers("rebuild", expect=2).err
    assert papers.value("select count(*) from marts.dim_papers")


def test_a_publication_goes_through_links_of_the_file_and_the_report(demo: Papers, tmp_path: Path) -> None:
    papers = Papers(tmp_path / "home")
    shutil.copytree(demo.home, papers.home)
    served = tmp_path / "served"
    served.mkdir()
    for name in ("papers.duckdb", "report"):
        shutil.move(papers.home / name, served / name)
        (papers.home / name).symlink_to(served / name)
    before = (served / "papers.duckdb").stat().st_ino
    papers("rebuild")
    assert (papers.home / "papers.duckdb").is_symlink() and (papers.home / "report").is_symlink()
    assert (served / "papers.duckdb").stat().st_ino != before
    assert sorted(path.name for path in served.iterdir()) == ["papers.duckdb", "report"]
