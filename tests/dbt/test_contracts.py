"""The public tables are contracts: grain, columns, units, keys, and the names that people already query."""

import re
from pathlib import Path

import duckdb
import pytest
from dbt_outcome import DbtSession

from warehouse.publication.contracts import comment_on_tables
from warehouse.publication.publish import STORAGE_VERSION
from warehouse.publication.table_macros import TABLES_READ, table_macros

#: Types that DuckDB, Parquet and Spark share. A HUGEINT, which sum() of a bigint gives, becomes a double in Parquet.
PORTABLE_TYPES = {"varchar", "bigint", "integer", "double", "boolean", "date", "timestamp"}
#: A numeric column says what it counts or measures in one of these words.
UNITS = re.compile(r"count|hours|per hour|bytes|rank|share|place|order|which one|without unit", re.IGNORECASE)

#: Columns that people already write queries against (DESIGN.md). More may come; none of these may go.
PUBLISHED = {
    "dim_papers": "paper_id title abstract published_on first_listed_on author_count upvotes comments "
    "github_stars code_url hf_url arxiv_url last_observed_at",
    "dim_authors": "author_id display_name account_handle paper_count",
    "dim_organizations": "organization_id display_name kind parent_organization_id ror_id country_code",
    "bridge_paper_authors": "paper_id position author_id name_as_listed",
    "bridge_paper_organizations": "paper_id organization_id",
    "bridge_paper_keywords": "paper_id keyword",
    "fct_listings": "listing_date paper_id",
    "fct_upvote_observations": "paper_id observed_at upvotes comments",
    "fct_paper_upvotes_daily": "paper_id day upvotes gained is_observed",
    "rpt_paper_trends": "paper_id",
    "rpt_organization_trends": "organization_id",
    "rpt_author_trends": "author_id",
    "rpt_keyword_trends": "keyword",
    "author_merges": "mention_id paper_id position name_as_listed account_id author_id rule evidence",
    "organization_merges": "listed_organization_id listed_slug listed_name organization_id rule evidence",
    "ops_loads": "load_id verdict verdict_reason",
    "ops_quarantine": "load_id reason_code",
    "ops_schema_drift": "field_path",
    "ops_gate_results": "run_id expectation",
}


def _real_columns(dbt_session: DbtSession) -> dict[tuple[str, str], dict[str, str]]:
    """(schema, table) → column → type, as the database has them."""
    with duckdb.connect() as connection:
        connection.execute(f"attach '{dbt_session.database}' as built (read_only)")
        # The staging views point into raw.duckdb under the name that the dbt profile gives it.
        connection.execute(f"attach '{dbt_session.database.with_name('raw.duckdb')}' as raw_db (read_only)")
        rows = connection.execute(
            """select schema_name, table_name, column_name, lower(data_type) from duckdb_columns()
               where database_name = 'built' and not internal order by schema_name, table_name, column_index"""
        ).fetchall()
    columns: dict[tuple[str, str], dict[str, str]] = {}
    for schema, table, column, kind in rows:
        columns.setdefault((schema, table), {})[column] = kind
    return columns


def test_every_mart_enforces_its_contract(dbt_session: DbtSession) -> None:
    marts = dbt_session.models("marts")
    assert marts
    assert [name for name, node in marts.items() if not node["config"]["contract"]["enforced"]] == []


def test_every_model_begins_with_its_grain(dbt_session: DbtSession) -> None:
    without = [n for n, node in dbt_session.models().items() if not node["description"].startswith("One row per ")]
    assert without == []


def test_every_real_column_is_documented_and_every_documented_one_is_real(dbt_session: DbtSession) -> None:
    real = _real_columns(dbt_session)
    for name, node in dbt_session.models().items():
        assert list(real[node["schema"], name]) == list(node["columns"]), name


def test_every_column_is_described_in_sentences(dbt_session: DbtSession) -> None:
    lacking = [
        f"{name}.{column['name']}"
        for name, node in dbt_session.models().items()
        for column in node["columns"].values()
        if not column["description"].strip().endswith(".")
    ]
    assert lacking == []


def test_mart_columns_have_the_declared_portable_type(dbt_session: DbtSession) -> None:
    real = _real_columns(dbt_session)
    for name, node in dbt_session.models("marts").items():
        declared = {column: facts["data_type"] for column, facts in node["columns"].items()}
        assert declared == real["marts", name], name
        assert set(declared.values()) <= PORTABLE_TYPES, name


def test_numbers_name_their_unit_and_times_their_zone(dbt_session: DbtSession) -> None:
    lacking = [
        f"{name}.{column['name']}"
        for name, node in dbt_session.models("marts").items()
        for column in node["columns"].values()
        if (column["data_type"] in ("bigint", "integer", "double") and not UNITS.search(column["description"]))
        or (column["data_type"] == "timestamp" and "UTC" not in column["description"])
    ]
    assert lacking == []


def test_every_model_has_exactly_one_primary_key_test(dbt_session: DbtSession) -> None:
    keyed = sorted(
        node["attached_node"].rpartition(".")[2]
        for node in dbt_session.nodes("test")
        if node["test_metadata"]["name"] == "primary_key" and node["attached_node"].startswith("model.")
    )
    assert keyed == sorted(dbt_session.models())


@pytest.mark.parametrize("table", PUBLISHED)
def test_columns_that_people_query_stay(dbt_session: DbtSession, table: str) -> None:
    assert set(PUBLISHED[table].split()) <= set(dbt_session.models("marts")[table]["columns"])


def test_metrics_state_formula_source_and_why_they_are_null(dbt_session: DbtSession) -> None:
    columns = dbt_session.models("marts")["rpt_paper_trends"]["columns"]
    reasons = [name for name in columns if name.endswith("_missing_reason")]
    # The reason of half_life_hours is half_life_missing_reason: a unit in a metric's name is not repeated.
    explained = {
        next(name for name in columns if name.startswith(reason.removesuffix("_missing_reason"))): reason
        for reason in reasons
    }
    scores = [name for name in columns if name.endswith(("_score", "_rank", "_percentile"))]
    assert reasons
    assert scores
    for name in (*explained, *scores):
        text = columns[name]["description"]
        assert "Formula:" in text and "Source:" in text, name
    for name, reason in explained.items():
        text = columns[name]["description"]
        assert "Null" in text and f"`{reason}`" in text, name


def test_table_macros_are_in_the_file(dbt_session: DbtSession) -> None:
    with duckdb.connect() as connection:
        connection.execute(f"attach '{dbt_session.database}' as built (read_only)")
        connection.execute("use built.marts")
        for macro in ("upvotes_as_of", "trends_as_of"):
            connection.execute(f"select * from marts.{macro}(timestamp '2026-01-01')").fetchall()
        assert connection.execute("select * from marts.search('anything')").fetchall() == []


def test_an_exported_file_gets_the_macros_that_dbt_makes(dbt_session: DbtSession, tmp_path: Path) -> None:
    definitions = (
        "select function_name, macro_definition from duckdb_functions() "
        "where schema_name = 'marts' and function_name <> 'search' order by 1"  # its index is DuckDB's alone
    )
    with duckdb.connect() as connection:
        connection.execute(f"attach '{dbt_session.database}' as built (read_only)")
        connection.execute(f"attach '{tmp_path / 'made.duckdb'}' as made (storage_version '{STORAGE_VERSION}')")
        connection.execute("use made")
        connection.execute("create schema marts")
        for table in TABLES_READ:
            connection.execute(f"create table marts.{table} as from built.marts.{table}")
        connection.execute(table_macros())
    # Both are read from a file, which writes the names of types in its own way.
    with duckdb.connect(str(dbt_session.database), read_only=True) as connection:
        built = connection.execute(definitions).fetchall()
        built_id = connection.execute("select marts.file_id()").fetchall()[0][0]
    with duckdb.connect(str(tmp_path / "made.duckdb"), read_only=True) as connection:
        made = connection.execute(definitions).fetchall()
        made_id = connection.execute("select marts.file_id()").fetchall()[0][0]
    assert made_id != built_id
    assert [(name, text.replace(made_id, built_id)) for name, text in made] == built
    assert [name for name, _ in built] == ["file_id", "folded", "trends_as_of", "upvotes_as_of"]


def test_every_table_and_column_gets_its_description_as_a_comment(dbt_session: DbtSession) -> None:
    with duckdb.connect() as connection:
        connection.execute(f"attach '{dbt_session.database}' as built (read_only)")
        connection.execute("copy from database built to memory (schema)")
        comment_on_tables(connection)
        comments = connection.execute(
            """select table_name, column_name, comment from duckdb_columns() where database_name = 'memory'
               union all select table_name, '', comment from duckdb_tables() where database_name = 'memory'"""
        ).fetchall()
    written = {(table, column): comment for table, column, comment in comments}
    for name, node in dbt_session.models("marts").items():
        assert written[name, ""] == node["description"]
        for column in node["columns"].values():
            assert written[name, column["name"]] == column["description"]
    assert [place for place, comment in written.items() if not comment and place[0] != "built_with"] == []
