"""Whole runs in odd surroundings: hostile settings of dbt, a hard path, links; and a home with everything damaged."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.conftest import Papers

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
