"""The data tests hold on an empty warehouse, and each kind of them really finds the row that it is for."""

import duckdb
import pytest
from dbt_outcome import DbtSession

#: Each costs about a tenth of a second in every run of the pipeline. One key a table: a new table may raise it by one.
MOST_DATA_TESTS = 34

OBSERVATION = "insert into fct_upvote_observations (paper_id, observed_at, load_id) values "
BAD_ROWS = {
    "key_that_repeats": ("primary_key_dim_papers", "insert into dim_papers (paper_id) values ('p'), ('p')"),
    "key_that_is_null": ("primary_key_dim_papers", "insert into dim_papers (paper_id) values (null)"),
    "key_of_two_columns_that_repeats": (
        "primary_key_fct_upvote_observations",
        f"{OBSERVATION} ('p', '2026-01-05', 'a'), ('p', '2026-01-05', 'b')",
    ),
    "key_of_two_columns_with_a_null": (
        "primary_key_fct_upvote_observations",
        f"{OBSERVATION} ('p', null, 'a')",
    ),
    "two_records_without_a_place": (
        "primary_key_ops_quarantine",
        "insert into ops_quarantine (load_id) values ('l'), ('l')",
    ),
    "child_without_parent": (
        "references_fct_listings",
        "insert into fct_listings (paper_id, listing_date) values ('nobody', '2026-01-05')",
    ),
    "unknown_value": ("accepted_ops_loads", "insert into ops_loads (load_id, verdict) values ('l', 'perhaps')"),
}
GOOD_ROWS = {
    "same_paper_at_two_moments": (
        "primary_key_fct_upvote_observations",
        f"{OBSERVATION} ('p', '2026-01-05', 'a'), ('p', '2026-01-06', 'a'), ('q', '2026-01-05', 'a')",
    ),
    "record_without_a_place": (
        "primary_key_ops_quarantine",
        "insert into ops_quarantine (load_id, position) values ('l', null), ('l', 1)",
    ),
    "reference_to_nothing": (
        "references_fct_upvote_observations",
        "insert into fct_upvote_observations (observed_at) values ('2026-01-05')",
    ),
    "load_that_nobody_could_read": (
        "accepted_ops_loads",
        "insert into ops_loads (load_id, verdict, kind, format) values ('l', 'rejected', null, null)",
    ),
}


def test_data_tests_pass_on_an_empty_warehouse(dbt_session: DbtSession) -> None:
    results = dbt_session.results["data"].values()
    assert {r["name"]: r["message"] for r in results if r["status"] != "pass"} == {}
    assert len(results) == len(dbt_session.nodes("test"))


def test_data_tests_stay_few(dbt_session: DbtSession) -> None:
    assert len(dbt_session.nodes("test")) <= MOST_DATA_TESTS


@pytest.mark.parametrize(("test", "insert"), BAD_ROWS.values(), ids=BAD_ROWS)
def test_bad_rows_are_found(
    dbt_session: DbtSession, warehouse: duckdb.DuckDBPyConnection, test: str, insert: str
) -> None:
    warehouse.execute(insert)
    assert warehouse.execute(dbt_session.compiled_test(test)).fetchall()


@pytest.mark.parametrize(("test", "insert"), GOOD_ROWS.values(), ids=GOOD_ROWS)
def test_good_rows_pass(dbt_session: DbtSession, warehouse: duckdb.DuckDBPyConnection, test: str, insert: str) -> None:
    warehouse.execute(insert)
    assert not warehouse.execute(dbt_session.compiled_test(test)).fetchall()
