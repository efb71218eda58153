"""From the bytes of listings to the public tables: what was not told yet is not none, and a cut time is no time."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import duckdb
import pytest
from gate_pieces import Warehouse, body, entry

from tests.dbt.dbt_builds import building
from warehouse.publication.publish import prepare_next
from warehouse.publication.queries import load_queries
from warehouse.raw.store import RawStore

pytestmark = pytest.mark.slow


def _entries(day: str, times: list[str], *told: dict[str, Any]) -> bytes:
    """A listing with one paper per time of submission; ``told`` are further fields of the first papers."""
    first = 10 * int(day[-2:])  # an id has no day in it
    fields = [told[index] if index < len(told) else {} for index in range(len(times))]
    return body(
        entry(first + index, day, submittedOnDailyAt=f"{day}T{time}.000Z", **fields[index])
        for index, time in enumerate(times)
    )


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Iterator[duckdb.DuckDBPyConnection]:
    """Five lists: one before code was told, one with it, one cut, one with a real midnight, and the first once more."""
    home = Warehouse.at(tmp_path_factory.mktemp("fields"))
    code = {"githubRepo": "https://github.com/Some-One/Thing.git", "ai_keywords": ["Agents"]}
    early = _entries("2026-03-02", ["03:00:00", "04:00:00"])
    home.land(
        ("2026-03-02", "2026-03-02T08:00:00", early),
        ("2026-03-03", "2026-03-03T08:00:00", _entries("2026-03-03", ["03:00:00", "04:00:00"], code)),
        ("2026-04-07", "2026-04-07T08:00:00", _entries("2026-04-07", ["00:00:00"] * 3)),
        ("2026-04-08", "2026-04-08T08:00:00", _entries("2026-04-08", ["00:00:00", "05:00:00", "06:00:00"])),
    )
    home.load("first")
    again = home.land(("2026-03-02", "2026-05-02T08:00:00", _entries("2026-03-02", ["03:00:00"])))
    home.load("second")
    with RawStore.open(home.settings.raw_database) as raw:
        loads = [load_id for (load_id,) in raw.connection.execute("select load_id from raw.loads").fetchall()]
        raw.set_verdicts([(load_id, "accepted", "test", None) for load_id in loads])
        assert len(loads) == 5 and again[0] in loads
    prepare_next(home.settings)
    models = ("+rpt_paper_trends", "+rpt_keyword_trends", "+dim_papers", "+bridge_paper_keywords")
    with building("--select", *models, command=("build", "--exclude-resource-type", "test", "unit_test")) as build:
        build(home.settings.raw_database, home.settings.next_database)
    with duckdb.connect(str(home.settings.next_database), read_only=True) as connection:
        connection.execute("set schema = 'marts'")
        yield connection


def _rows(connection: duckdb.DuckDBPyConnection, columns: str, day: str) -> list[tuple[Any, ...]]:
    return connection.execute(
        f"select {columns} from dim_papers where first_listed_on = ? order by paper_id", [day]
    ).fetchall()


def test_a_paper_observed_before_a_field_existed_is_not_counted_as_without_it(built: duckdb.DuckDBPyConnection) -> None:
    statuses = "code_status, keywords_status, organization_status"
    assert _rows(built, statuses, "2026-03-03") == [
        ("known", "known", "not_provided"),
        ("none", "none", "not_provided"),
    ]
    # The first was observed again when the field existed; the second was not.
    assert _rows(built, statuses, "2026-03-02") == [
        ("none", "none", "not_provided"),
        ("not_provided", "not_provided", "not_provided"),
    ]
    rows = built.execute(load_queries()["papers_with_code"].sql).fetchall()
    assert [(has_code, papers, base) for has_code, papers, _, base, *_ in rows] == [(False, 8, 9), (True, 1, 9)]


def test_times_that_the_source_cut_are_unknown_and_a_real_midnight_is_kept(built: duckdb.DuckDBPyConnection) -> None:
    columns = "hour(submitted_at), submitted_at_missing_reason, submitted_on::varchar"
    cut = "cut to the day by the source"
    assert _rows(built, columns, "2026-04-07") == [(None, cut, "2026-04-07")] * 3
    assert _rows(built, columns, "2026-04-08") == [(hour, None, "2026-04-08") for hour in (0, 5, 6)]
    hours = built.execute(load_queries()["posting_hour"].sql).fetchall()
    assert [(hour, papers) for hour, papers, *_ in hours] == [(0, 1), (3, 2), (4, 2), (5, 1), (6, 1)]
    listed = "select count(*), count(submitted_at), count(submitted_on) from fct_listings where listing_date = ?"
    assert built.execute(listed, ["2026-04-07"]).fetchall() == [(3, 0, 3)]


def test_spellings_of_one_repository_are_one(built: duckdb.DuckDBPyConnection) -> None:
    assert _rows(built, "code_url, repository_id", "2026-03-03")[0] == (
        "https://github.com/Some-One/Thing",
        "github.com/some-one/thing",
    )
