"""The data tests hold on an empty warehouse, and each kind of them really finds the row that it is for."""

import duckdb
import pytest
from dbt_outcome import DbtSession

#: Data tests of public tables. Each costs about a tenth of a second in every run. One key a table: a new table
#: may raise it by one.
MAX_DATA_TESTS = 32

OBSERVATION = "insert into fct_upvote_observations (paper_id, observed_at, load_id) values "
KEY, PARENT, VALUE = "no key", "no key of its parent: ", "not listed: "
#: Table, the fault that its test finds, and the rows that have it.
BAD_ROWS = {
    "key_that_repeats": ("dim_papers", KEY, "insert into dim_papers (paper_id) values ('p'), ('p')"),
    "key_that_is_null": ("dim_papers", KEY, "insert into dim_papers (paper_id) values (null)"),
    "key_of_two_columns_that_repeats": (
        "fct_upvote_observations",
        KEY,
        f"{OBSERVATION} ('p', '2026-01-05', 'a'), ('p', '2026-01-05', 'b')",
    ),
    "key_of_two_columns_with_a_null": ("fct_upvote_observations", KEY, f"{OBSERVATION} ('p', null, 'a')"),
    "two_records_without_a_place": (
        "ops_quarantine",
        KEY,
        "insert into ops_quarantine (load_id) values ('l'), ('l')",
    ),
    "child_without_parent": (
        "fct_listings",
        f"{PARENT}paper_id",
        "insert into fct_listings (paper_id, listing_date) values ('nobody', '2026-01-05')",
    ),
    "child_without_its_second_parent": (
        "fct_upvote_observations",
        f"{PARENT}load_id",
        f"{OBSERVATION} ('p', '2026-01-05', 'nowhere')",
    ),
    "author_of_a_paper_that_is_unknown": (
        "bridge_paper_authors",
        f"{PARENT}author_id",
        "insert into bridge_paper_authors (paper_id, position, author_id) values ('p', 1, 'nobody')",
    ),
    "organization_of_a_paper_that_is_unknown": (
        "bridge_paper_organizations",
        f"{PARENT}organization_id",
        "insert into bridge_paper_organizations (paper_id, organization_id) values ('p', 'nowhere')",
    ),
    "unknown_value": (
        "ops_loads",
        f"{VALUE}verdict",
        "insert into ops_loads (load_id, verdict) values ('l', 'perhaps')",
    ),
}
#: Table, a fault that its test does not find, and rows that might be taken for it.
GOOD_ROWS = {
    "same_paper_at_two_moments": (
        "fct_upvote_observations",
        KEY,
        f"{OBSERVATION} ('p', '2026-01-05', 'a'), ('p', '2026-01-06', 'a'), ('q', '2026-01-05', 'a')",
    ),
    "record_without_a_place": (
        "ops_quarantine",
        KEY,
        "insert into ops_quarantine (load_id, position) values ('l', null), ('l', 1)",
    ),
    "reference_to_nothing": (
        "fct_upvote_observations",
        f"{PARENT}paper_id",
        "insert into fct_upvote_observations (observed_at) values ('2026-01-05')",
    ),
    "load_that_nobody_could_read": (
        "ops_loads",
        f"{VALUE}kind",
        "insert into ops_loads (load_id, verdict, kind, format) values ('l', 'rejected', null, null)",
    ),
}


def found_faults(dbt_session: DbtSession, warehouse: duckdb.DuckDBPyConnection, table: str) -> set[str]:
    compiled = dbt_session.compiled_test(f"primary_key_{table}")
    return {fault for fault, _ in warehouse.execute(compiled).fetchall()}


def test_data_tests_pass_on_an_empty_warehouse(dbt_session: DbtSession) -> None:
    results = dbt_session.results["data"].values()
    assert {r["name"]: r["message"] for r in results if r["status"] != "pass"} == {}
    assert len(results) == len(dbt_session.nodes("test"))


def test_data_tests_of_a_run_stay_few(dbt_session: DbtSession) -> None:
    public = [test for test in dbt_session.nodes("test") if "/marts/" in test["original_file_path"]]
    assert len(public) <= MAX_DATA_TESTS


@pytest.mark.parametrize(("table", "fault", "insert"), BAD_ROWS.values(), ids=BAD_ROWS)
def test_bad_rows_are_found(
    dbt_session: DbtSession, warehouse: duckdb.DuckDBPyConnection, table: str, fault: str, insert: str
) -> None:
    warehouse.execute(insert)
    assert fault in found_faults(dbt_session, warehouse, table)


@pytest.mark.parametrize(("table", "fault", "insert"), GOOD_ROWS.values(), ids=GOOD_ROWS)
def test_good_rows_pass(
    dbt_session: DbtSession, warehouse: duckdb.DuckDBPyConnection, table: str, fault: str, insert: str
) -> None:
    warehouse.execute(insert)
    assert fault not in found_faults(dbt_session, warehouse, table)
