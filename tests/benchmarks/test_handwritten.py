"""The hand-written script computes what the product publishes, so that the benchmark compares equal work."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pytest

from tests.benchmarks.peers import handwritten
from tests.conftest import Papers

WEEK = """week, papers_listed, papers_observed, upvotes_gained, round(share_of_gain, 9), rank_in_week, rank_change,
    gain_change"""
BASE = "base_papers_listed, base_papers_observed, base_upvotes_gained"
#: Rows that both must have. Authors and organizations are left to themselves: the script does not resolve spellings.
SAME = {
    "gains by day": "paper_id, day, upvotes, gained, is_observed, observation_count from marts.fct_paper_upvotes_daily",
    "gains": """paper_id, as_of, gain_observed, gain_24h, round(gain_24h_hours, 6), gain_24h_missing_reason, gain_7d,
        round(gain_7d_hours, 6), gain_7d_missing_reason, round(velocity, 6), velocity_rank, upvote_rank, peak_day,
        peak_day_gain from marts.rpt_paper_trends""",
    "keywords by week": f"keyword, {WEEK}, {BASE} from marts.rpt_keyword_trends",
    "papers of organizations by week": f"distinct week, {BASE} from marts.rpt_organization_trends",
}


@pytest.fixture(scope="module")
def both(demo: Papers, tmp_path_factory: pytest.TempPathFactory) -> duckdb.DuckDBPyConnection:
    """A connection to ``ours``, published, and ``theirs``, built by the script from the same raw tables."""
    folder: Path = tmp_path_factory.mktemp("handwritten")
    handwritten.export(demo.home / "raw.duckdb", folder / "parquet")
    handwritten.build(folder / "parquet", folder / "by_hand.duckdb")
    connection = duckdb.connect()
    connection.execute(f"attach '{demo.home / 'papers.duckdb'}' as ours (read_only)")
    connection.execute(f"attach '{folder / 'by_hand.duckdb'}' as theirs (read_only)")
    return connection


@pytest.mark.parametrize("kind", SAME)
def test_the_script_computes_what_is_published(both: duckdb.DuckDBPyConnection, kind: str) -> None:
    query = f"select {SAME[kind]}"
    ours, theirs = (query.replace("from marts", f"from {side}.marts") for side in ("ours", "theirs"))
    assert both.execute(f"({ours}) except ({theirs}) limit 3").fetchall() == []
    assert both.execute(f"({theirs}) except ({ours}) limit 3").fetchall() == []
    assert both.execute(f"select count(*) from ({ours})").fetchall() != [(0,)]
