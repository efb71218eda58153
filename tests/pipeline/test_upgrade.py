"""A home that an earlier version wrote is opened, migrated and run by this one, and gives the tables of a rebuild."""

from __future__ import annotations

import tarfile
import tomllib
from pathlib import Path

import duckdb
import pytest

from sources.replay import ReplayServer
from tests.conftest import ROOT, SAMPLE, Papers
from tests.worlds.versioned_home import ACCEPTED, HOMES, OBSERVED
from warehouse.raw.schema import MIGRATIONS

PACKED = sorted(HOMES.glob("*.tar.xz"))


def test_this_version_has_a_home_and_all_are_small() -> None:
    version = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
    assert f"{version}.tar.xz" in {packed.name for packed in PACKED}, "run `python -m tests.worlds home`"
    assert all(packed.stat().st_size < 300_000 for packed in PACKED)


@pytest.mark.parametrize("packed", PACKED, ids=lambda packed: packed.name.removesuffix(".tar.xz"))
def test_a_home_of_that_version_is_read_run_and_rebuilt(packed: Path, tmp_path: Path) -> None:
    papers = Papers(tmp_path / "home")
    with tarfile.open(packed) as archive:
        archive.extractall(papers.home, filter="data")
    before = _loads(papers)
    assert {(verdict, day) for _, verdict, day in before} == {("accepted", day) for day in (*OBSERVED, ACCEPTED)}
    for arguments in (["status"], ["query", "rising_now"], ["doctor", "--archive"]):
        papers(*arguments)  # readers of the old file, before any run
    report = papers("report", expect=None)  # it reads columns that the old file may lack
    assert report.code == 0 or "another version published it; `papers rebuild`" in report.err
    with ReplayServer(SAMPLE) as site:
        papers("run", "--date", "2026-09-03", "--lookback", "1", PAPERS_ENDPOINT=site.url)
    with duckdb.connect(str(papers.home / "raw.duckdb"), read_only=True) as raw:
        assert raw.execute("from raw.raw.schema_version").fetchall() == [(len(MIGRATIONS),)]
    after = _loads(papers)
    assert before < after and {day for *_, day in after - before} == {"2026-09-03"}
    papers("report")
    tables = papers.tables()
    assert len(tables["fct_upvote_observations"]) > 28
    papers("rebuild")
    rebuilt = papers.tables()
    assert [name for name in tables if tables[name] != rebuilt[name]] == []


def _loads(papers: Papers) -> set[tuple[str, str, str]]:
    """Load id, verdict and listing date of each load that is of a date."""
    query = "select load_id, verdict, listing_date::varchar from marts.ops_loads where listing_date is not null"
    with papers.published() as published:
        return set(published.execute(query).fetchall())
