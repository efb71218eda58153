"""What a newcomer sees: the demo, and the first questions after it."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import dagster as dg
import duckdb
import pytest

from orchestration.assets.landing import LISTINGS
from orchestration.assets.raw import report_listings
from tests.conftest import Papers
from warehouse.publication.queries import load_queries
from warehouse.publication.status import CANARY_RULES
from warehouse.settings import Settings

PUBLIC = {
    "dim_papers": "paper_id title abstract published_on first_listed_on author_count upvotes comments "
    "github_stars code_url hf_url arxiv_url last_observed_at",
    "dim_authors": "author_id display_name account_handle paper_count",
    "dim_organizations": "organization_id display_name kind parent_organization_id ror_id country_code",
    "dim_keywords": "keyword",
    "dim_keyword_aliases": "alias keyword reason",
    "bridge_paper_keywords": "paper_id keyword",
    "bridge_paper_authors": "paper_id position author_id name_as_listed",
    "bridge_paper_organizations": "paper_id organization_id",
    "bridge_paper_families": "paper_id organization_id levels",
    "bridge_organization_parents": "organization_id parent_organization_id",
    "author_candidates": "",
    "organization_candidates": "organization_id other_organization_id similarity",
    "rpt_resolution_quality": "labelled_set measure value baseline",
    "fct_listings": "listing_date paper_id",
    "fct_upvote_observations": "paper_id observed_at upvotes comments",
    "fct_trending_observations": "observed_at rank paper_id",
    "fct_adoption_observations": "paper_id observed_at models datasets spaces",
    "fct_paper_upvotes_daily": "paper_id day upvotes gained is_observed",
    "rpt_paper_trends": "paper_id",
    "rpt_organization_trends": "organization_id week",
    "rpt_author_trends": "author_id week",
    "rpt_keyword_trends": "keyword week",
    "rpt_code_trends": "paper_id code_url stars stars_gained_24h star_rank",
    "rpt_period_papers": "period period_start paper_id rank upvotes upvotes_gained",
    "related_papers": "paper_id related_paper_id rank score shared_terms",
    "author_merges": "mention_id paper_id position name_as_listed account_id author_id rule evidence decided_at",
    "organization_merges": "listed_organization_id listed_slug listed_name organization_id rule evidence",
    "ops_loads": "load_id verdict",
    "ops_quarantine": "load_id reason_code field_path record",
    "ops_schema_drift": "field_path",
    "ops_gate_results": "gate expectation severity reason",
}


@pytest.mark.parametrize("table", PUBLIC)
def test_every_public_table_has_the_columns_that_people_query(demo: Papers, table: str) -> None:
    with demo.published() as connection:
        columns = {row[0] for row in connection.execute(f"describe marts.{table}").fetchall()}
        assert set(PUBLIC[table].split()) <= columns
        # The invented organizations and people of the demo are in no reviewed list, and need be no candidates.
        if table not in ("bridge_organization_parents", "author_candidates"):
            assert connection.execute(f"select count(*) > 0 from marts.{table}").fetchall() == [(True,)]


def test_the_late_riser_leads(demo: Papers) -> None:
    papers = demo("digest", "--json").facts
    assert "Lanternfish-Riser" in papers[0]["title"]
    assert papers[0]["gain_24h"] > 2 * papers[1]["gain_24h"]


def test_an_invented_weekday_listing_is_never_shown_for_a_weekend(demo: Papers) -> None:
    assert demo.value("select count(*) from marts.fct_listings where isodow(listing_date) > 5") == 0


def test_upvotes_that_fell_are_kept_as_negative_gains(demo: Papers) -> None:
    assert demo.value("select min(gained) from marts.fct_paper_upvotes_daily") < 0


def test_the_table_macros_answer_as_of_a_moment(demo: Papers) -> None:
    moment = "timestamp '2026-09-15 20:00:00'"
    with demo.published() as connection:
        seen = connection.execute(
            f"""select count(distinct paper_id) from marts.fct_upvote_observations
                where observed_at <= {moment} and upvotes is not null"""
        ).fetchall()
        for macro in ("upvotes_as_of", "trends_as_of"):
            assert connection.execute(f"select count(*) from marts.{macro}({moment})").fetchall() == seen
        late = connection.execute(f"select max(observed_at) <= {moment} from marts.upvotes_as_of({moment})").fetchall()
        assert late == [(True,)]


@pytest.mark.parametrize("name", sorted(load_queries()))
def test_every_analytics_query_runs(demo: Papers, name: str) -> None:
    assert isinstance(demo("query", name, "--json").facts, list)


def test_there_are_enough_queries_to_start_from() -> None:
    assert len(load_queries()) >= 25


def test_a_query_answers_in_every_format(demo: Papers, tmp_path: Path) -> None:
    rows = demo("query", "rising_now", "--format", "json").facts
    assert len(demo("query", "rising_now", "--format", "csv").out.splitlines()) == len(rows) + 1
    file = tmp_path / "rising.parquet"
    demo("query", "rising_now", "--format", "parquet", "--output", file)
    assert duckdb.execute("select title from read_parquet(?)", [str(file)]).fetchall() == [(r["title"],) for r in rows]
    assert "--output" in demo("query", "rising_now", "--format", "parquet", expect=2).err


def test_a_query_takes_its_parameters(demo: Papers) -> None:
    with demo.published() as connection:
        (name, author_id, papers), *_ = connection.execute(
            """select name_as_listed, author_id, count(distinct paper_id) from marts.bridge_paper_authors
               group by all order by 3, 1 limit 1"""
        ).fetchall()
        (organization,), *_ = connection.execute(
            "select slug from marts.dim_organizations where paper_count > 0 order by organization_id limit 1"
        ).fetchall()
    by_name = demo("query", "author_history", "--author", name.upper(), "--json").facts
    assert len(by_name) == papers
    assert by_name == demo("query", "author_history", "--author", author_id, "--json").facts
    assert demo("query", "organization_history", "--organization", organization, "--json").facts
    known = demo("query", "known_on_a_day", "--day", "2026-09-15", "--json").facts
    with demo.published() as connection:
        oracle = connection.execute(
            """select max_by(upvotes, observed_at) as upvotes from marts.fct_upvote_observations
               where observed_at < '2026-09-16' and upvotes is not null group by paper_id order by 1 desc limit 25"""
        ).fetchall()
    assert [(row["upvotes_then"],) for row in known] == oracle
    hostile = demo("query", "author_history", "--author", "x'; drop table dim_papers --")
    assert "No rows" in hostile.err and demo("query", "author_history", "--json").facts


def test_every_parameter_of_a_query_is_an_option_and_listed(demo: Papers) -> None:
    listed = {query["name"]: query["parameters"] for query in demo("query", "--json").facts}
    named = {name: parameters for name, parameters in listed.items() if parameters}
    assert set(named) == {"author_history", "known_on_a_day", "organization_history"}
    shown = demo("query", "author_history", "--help").out
    assert all(f"--{option}" in shown for parameters in named.values() for option in parameters)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["known_on_a_day", "--day", "yesterday"], "--day is 'yesterday'"),
        (["author_history", "--author", " "], "--author is empty"),
        (["rising_now", "--day", "2026-09-15"], "rising_now has no --day"),
        (["author_history", "--day", "2026-09-15"], "it has --author"),
        (["--author", "Mei Lin"], "goes with a query"),
    ],
)
def test_a_wrong_parameter_is_one_sentence(demo: Papers, arguments: list[str], words: str) -> None:
    called = demo("query", *arguments, expect=2)
    assert words in called.err and len(called.err.splitlines()) == 1 and not called.out


def test_the_parquet_export_equals_its_manifest(demo: Papers) -> None:
    exports = demo.home / "exports"
    manifest = json.loads((exports / "manifest.json").read_text())
    assert {table["table"] for table in manifest["tables"]} == set(PUBLIC)
    with demo.published() as connection:
        for table in manifest["tables"]:
            body = (exports / table["file"]).read_bytes()
            assert hashlib.sha256(body).hexdigest() == table["sha256"]
            rows = connection.execute("select count(*) from read_parquet(?)", [str(exports / table["file"])]).fetchall()
            assert rows == [(table["rows"],)]


def test_the_file_is_written_for_older_readers(demo: Papers) -> None:
    with demo.published() as connection:
        tags = connection.execute("select tags from duckdb_databases() where database_name = 'papers'").fetchall()
    assert tags[0][0]["storage_version"].startswith("v1.5.0")


def test_every_table_column_and_macro_of_the_file_has_its_description_as_a_comment(demo: Papers) -> None:
    with demo.published() as connection:
        comments = connection.execute(
            """select schema_name || '.' || table_name, comment from duckdb_tables() where not internal
            union all select schema_name || '.' || view_name, comment from duckdb_views() where not internal
            union all select schema_name || '.' || table_name || '.' || column_name, comment from duckdb_columns()
                where not internal
            union all select schema_name || '.' || function_name, comment from duckdb_functions() where not internal"""
        ).fetchall()
    assert len(comments) > 700
    assert [name for name, comment in comments if not comment or not comment.strip().endswith(".")] == []
    described = dict(comments)
    assert described["marts.dim_papers.upvotes"].startswith("Upvotes (count)")
    assert described["marts.search"].startswith("One row per paper that matches")


def test_status_lists_published_tables_and_rejected_loads(demo: Papers) -> None:
    facts = demo("status", "--json").facts
    assert {row["table"] for row in facts["tables"]} == set(PUBLIC)
    assert {row["reason_code"] for row in facts["quarantine"]} == {"duplicate_in_listing"}
    checks = {row["rule"]: row for row in facts["source_canary"]}
    assert set(checks) == set(CANARY_RULES) and all(row["checked_at"] for row in checks.values())
    assert all(bool(row["what_to_do"]) is not row["is_passed"] for row in checks.values())


def test_every_date_in_the_archive_is_materialized_in_dagster_whoever_landed_it(demo: Papers) -> None:
    # The demo's run observes five dates; the others were landed before it.
    with demo.published() as published:
        listed = "select distinct listing_date::varchar from marts.ops_loads where listing_date is not null"
        dates = {day for (day,) in published.execute(listed).fetchall()}
    with dg.DagsterInstance.from_config(str(demo.home / "dagster")) as instance:
        assert instance.get_materialized_partitions(LISTINGS) == dates and len(dates) > 20
    with dg.instance_for_test() as instance:  # without the history of the demo
        for _ in range(2):
            report_listings(instance, Settings(home=demo.home))
        assert instance.get_materialized_partitions(LISTINGS) == dates
        assert len(instance.fetch_materializations(LISTINGS, limit=1000).records) == len(dates)


def test_a_gate_that_passed_with_warnings_reads_so_in_dagster_and_in_the_data_docs(demo: Papers) -> None:
    with dg.DagsterInstance.from_config(str(demo.home / "dagster")) as instance:
        check = dg.AssetCheckKey(dg.AssetKey(["raw", "loads"]), "batch_gate")
        (record,) = instance.event_log_storage.get_asset_check_execution_history(check, limit=1)
    assert record.event and record.event.dagster_event
    evaluation = record.event.dagster_event.asset_check_evaluation_data
    assert evaluation.passed and "with 3 warnings" in (evaluation.description or "")
    (page,) = (demo.home / "data_docs").glob("*/batch.html")
    index = (demo.home / "data_docs" / "index.html").read_text()
    for text in (page.read_text(), index):
        assert "UTC: passed, 3 warnings<" in text
        assert "Failed" not in text and "__none__" not in text and "Success Percent" not in text


def test_data_docs_show_both_gates_without_asking_the_network(demo: Papers) -> None:
    pages = {page.stem: page.read_text() for page in (demo.home / "data_docs").glob("*/*.html")}
    assert set(pages) == {"batch", "marts"}
    assert "upvotes" in pages["batch"] and "gains_do_not_add_up" in pages["marts"]
    for page in pages.values():
        assert "default-src 'none'" in page and "<script" not in page and 'src="http' not in page


def test_the_report_is_written_and_escapes_titles(demo: Papers) -> None:
    text = (demo.home / "report" / "index.html").read_text(encoding="utf-8")
    assert "Lanternfish-Riser" in text and "<b>" not in text


def test_a_wrong_query_is_one_sentence(demo: Papers) -> None:
    assert "no_such_column" in demo("sql", "select no_such_column from dim_papers", expect=2).err
    assert "papers query" in demo("query", "no_such_query", expect=2).err


def test_a_query_can_neither_write_nor_read_other_files(demo: Papers) -> None:
    demo("sql", "delete from dim_papers", expect=2)
    demo("sql", "select * from read_text('/etc/hostname')", expect=2)


def test_the_demo_does_not_move_into_a_warehouse_of_yours(papers: Papers) -> None:
    (papers.home / "landing").mkdir(parents=True)
    assert "--home" in papers("demo", expect=2).err
