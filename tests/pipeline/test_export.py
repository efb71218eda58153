"""A file exported from another engine's tables answers every reader: it has `marts`, its macros, and nothing else."""

from __future__ import annotations

import json
from pathlib import Path

import duckdb
import pytest

from tests.conftest import Papers
from warehouse.digest.feeds import write_feeds
from warehouse.digest.selection import Filters, select_risers
from warehouse.publication.publish import read_published
from warehouse.publication.queries import load_queries
from warehouse.publication.release.write import write_release
from warehouse.report import write_report
from warehouse.settings import Settings
from warehouse.spark.export import export_to_duckdb


@pytest.fixture(scope="module")
def exported(demo: Papers, tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """A home whose published file was made of the demo's tables, as the Spark engine hands them over."""
    home, place = tmp_path_factory.mktemp("exported"), tmp_path_factory.mktemp("handed-over")
    manifest = json.loads((demo.home / "exports" / "manifest.json").read_text())
    for entry in manifest["tables"]:
        (place / entry["table"]).mkdir()
        (place / entry["table"] / "part-0.parquet").write_bytes((demo.home / "exports" / entry["file"]).read_bytes())
    settings = Settings(home=home)
    export_to_duckdb(settings, str(place), [entry["table"] for entry in manifest["tables"]])
    return settings


def test_an_exported_file_holds_the_public_schema_alone(exported: Settings) -> None:
    with duckdb.connect(str(exported.published_database), read_only=True) as connection:
        found = connection.execute("select distinct schema_name from duckdb_tables()").fetchall()
    assert found == [("marts",)]


def test_every_query_answers_from_an_exported_file_as_from_a_built_one(exported: Settings, demo: Papers) -> None:
    for query in load_queries().values():
        with read_published(exported) as connection, demo.published() as built:
            found, wanted = connection.execute(query.sql).fetchall(), built.execute(query.sql).fetchall()
        assert len(found) == len(wanted), query.name


def test_an_exported_file_can_be_released(exported: Settings, tmp_path: Path) -> None:
    released = write_release(exported, tmp_path)
    with read_published(exported) as connection:
        papers = connection.execute("select count(*) from dim_papers").fetchall()[0][0]
    assert {table.name: table.rows for table in released.facts.tables}["dim_papers"] == papers
    assert all(column.description for table in released.facts.tables for column in table.columns)


def test_report_digest_and_feeds_are_made_from_an_exported_file(exported: Settings) -> None:
    with read_published(exported) as connection:
        keyword = connection.execute(
            "select keyword from marts.bridge_paper_keywords join marts.rpt_paper_trends using (paper_id) "
            "where gain_24h > 0 order by 1 limit 1"
        ).fetchall()[0][0]
        assert select_risers(exported, connection, Filters(keywords=(keyword,))).risers
    exported.subscriptions.parent.mkdir(parents=True, exist_ok=True)
    exported.subscriptions.write_text(f"subscriptions:\n  mine:\n    keywords: ['{keyword}']\n")
    feeds = write_feeds(exported)
    assert not feeds.problems and "mine.xml" in {file.name for file in feeds.files}
    assert write_report(exported).index.exists()
