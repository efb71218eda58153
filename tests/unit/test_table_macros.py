"""A file attached under a name: its table macros answer for itself, or not at all."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest

from warehouse.publication.table_macros import table_macros

MACROS = ("upvotes_as_of", "trends_as_of")


def make(path: Path, papers: list[str]) -> None:
    """A file with the macros, and one observation of each paper."""
    with duckdb.connect(str(path)) as connection:
        connection.execute("create schema marts")
        connection.execute(
            "create table marts.fct_upvote_observations (paper_id varchar, observed_at timestamp, upvotes bigint, "
            "position integer, comments bigint)"
        )
        connection.execute(
            "create table marts.fct_listings (paper_id varchar, listing_date date, first_observed_at timestamp)"
        )
        connection.execute(
            "create table marts.rpt_paper_trends (paper_id varchar, last_observed_at timestamp, upvotes bigint, "
            "comments bigint)"
        )
        for paper in papers:
            connection.execute(
                "insert into marts.rpt_paper_trends values (?, timestamp '2026-09-01 08:00', 3, 0)", [paper]
            )
            connection.execute(
                "insert into marts.fct_upvote_observations values (?, timestamp '2026-09-01 08:00', 3, 1, 0)", [paper]
            )
        connection.execute(table_macros())


@pytest.fixture
def two(tmp_path: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    """A connection with two files, ``hf`` and ``other``."""
    make(tmp_path / "a.duckdb", ["of_hf"])
    make(tmp_path / "b.duckdb", ["of_other"])
    with duckdb.connect() as connection:
        connection.execute(f"attach '{tmp_path / 'a.duckdb'}' as hf (read_only)")
        connection.execute(f"attach '{tmp_path / 'b.duckdb'}' as other (read_only)")
        yield connection


@pytest.mark.parametrize("macro", MACROS)
def test_a_macro_answers_for_its_own_file_or_fails(two: duckdb.DuckDBPyConnection, macro: str) -> None:
    def papers(name: str) -> list[tuple[str]]:
        return two.execute(f"select paper_id from {name}.marts.{macro}(timestamp '2026-09-02')").fetchall()

    with pytest.raises(duckdb.Error):  # no file is in use
        papers("hf")
    two.execute("use hf")
    assert papers("hf") == [("of_hf",)]
    with pytest.raises(duckdb.Error, match="use NAME"):
        papers("other")
    two.execute("use other.marts")
    assert papers("other") == [("of_other",)]
    with pytest.raises(duckdb.Error, match="use NAME"):
        papers("hf")


@pytest.mark.parametrize("macro", MACROS)
def test_a_macro_fails_for_another_file_without_rows_too(tmp_path: Path, macro: str) -> None:
    make(tmp_path / "papers.duckdb", ["of_hf"])
    make(tmp_path / "empty.duckdb", [])
    with duckdb.connect(str(tmp_path / "empty.duckdb"), read_only=True) as connection:
        connection.execute(f"attach '{tmp_path / 'papers.duckdb'}' as hf (read_only)")
        assert connection.execute(f"from marts.{macro}(timestamp '2026-09-02')").fetchall() == []
        with pytest.raises(duckdb.Error, match="use NAME"):
            connection.execute(f"from hf.marts.{macro}(timestamp '2026-09-02')").fetchall()
