"""The answers of the analytics queries and the selection of risers, on invented rows in empty public tables."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pytest

from warehouse.digest.selection import Filters, gained, select_risers
from warehouse.publication.queries import load_queries
from warehouse.report.definitions import read_definitions
from warehouse.report.rising import read_rising
from warehouse.settings import Settings

Rows = list[dict[str, Any]]


@pytest.fixture
def connection() -> duckdb.DuckDBPyConnection:
    """The public tables as their contract declares them, without rows."""
    connection = duckdb.connect()
    connection.execute("create schema marts")
    for table in read_definitions():
        columns = ", ".join(f'"{column.name}" {column.data_type}' for column in table.columns)
        connection.execute(f"create table marts.{table.name} ({columns})")
    return connection


def insert(connection: duckdb.DuckDBPyConnection, table: str, rows: Rows) -> None:
    for row in rows:
        marks = ", ".join("?" for _ in row)
        connection.execute(f"insert into marts.{table} ({', '.join(row)}) values ({marks})", list(row.values()))


def answer(connection: duckdb.DuckDBPyConnection, name: str) -> Rows:
    result = connection.execute(load_queries()[name].sql)
    names = [column[0] for column in result.description or ()]
    return [dict(zip(names, row, strict=True)) for row in result.fetchall()]


def test_papers_of_equal_gain_are_placed_by_upvotes_then_earlier_listing_then_id(
    connection: duckdb.DuckDBPyConnection,
) -> None:
    facts = [("d", 2, "2026-01-07"), ("c", 98, "2026-01-08"), ("b", 98, "2026-01-07"), ("a", 2, "2026-01-07")]
    for paper_id, upvotes, listed in facts:
        known = {"paper_id": paper_id, "upvotes": upvotes, "first_listed_on": listed}
        insert(connection, "dim_papers", [{**known, "title": paper_id, "display_title": paper_id}])
        trends = {**known, "last_observed_at": "2026-01-10 20:00:00", "gain_observed": 0, "gain_24h": 0}
        insert(connection, "rpt_paper_trends", [trends])
        insert(
            connection,
            "fct_paper_upvotes_daily",
            [{"paper_id": paper_id, "day": "2026-01-10", "upvotes": upvotes, "gained": 0, "is_observed": True}],
        )
    order: dict[str, list[str]] = {}
    for row in answer(connection, "top_by_window"):
        order.setdefault(row["window_name"], []).append(row["title"])
    assert set(order) == {"day", "3 days", "week", "month", "year", "all"}
    assert all(titles == ["b", "c", "a", "d"] for titles in order.values()), order
    assert [row["title"] for row in answer(connection, "gained_most_today")] == ["b", "c", "a", "d"]


def test_a_paper_observed_once_has_no_place_in_a_window(connection: duckdb.DuckDBPyConnection) -> None:
    insert(connection, "dim_papers", [{"paper_id": "once", "title": "once", "upvotes": 98}])
    observed = {"paper_id": "once", "upvotes": 98, "last_observed_at": "2026-01-10 20:00:00"}
    insert(connection, "rpt_paper_trends", [observed])
    day = {"paper_id": "once", "day": "2026-01-10", "upvotes": 98, "gained": None, "is_observed": True}
    insert(connection, "fct_paper_upvotes_daily", [day])
    assert [(row["window_name"], row["gained"]) for row in answer(connection, "top_by_window")] == [("all", None)]


def test_the_sites_trending_rank_is_that_of_its_last_observation(connection: duckdb.DuckDBPyConnection) -> None:
    for paper_id, score in (("on_it", 3.0), ("was_on_it", 2.0), ("never", 1.0)):
        insert(connection, "dim_papers", [{"paper_id": paper_id, "title": paper_id, "display_title": paper_id}])
        trends = {"paper_id": paper_id, "age_hours": 30, "hacker_news_score": score}
        insert(connection, "rpt_paper_trends", [trends])
    ranks = [("2026-01-09", 1, "was_on_it"), ("2026-01-09", 2, "on_it"), ("2026-01-10", 7, "on_it")]
    for day, rank, paper_id in [*ranks, ("2026-01-10", 1, "not_listed")]:
        row = {"observed_at": f"{day} 20:00:00", "rank": rank, "paper_id": paper_id}
        insert(connection, "fct_trending_observations", [row])
    found = {row["title"]: row["trending_rank"] for row in answer(connection, "scores_side_by_side")}
    assert found == {"on_it": 7, "was_on_it": None, "never": None}


def test_a_gain_over_days_without_an_observation_is_no_gain_of_the_last_day(
    connection: duckdb.DuckDBPyConnection,
) -> None:
    days = {
        "watched": [(8, 1, True), (9, 1, True), (10, 2, True)],
        "gap": [(7, 0, True), (8, 0, False), (10, 50, True)],
    }
    for paper_id, rows in days.items():
        known = {"paper_id": paper_id, "upvotes": 60}
        insert(connection, "dim_papers", [{**known, "title": paper_id, "display_title": paper_id}])
        insert(connection, "rpt_paper_trends", [{**known, "last_observed_at": "2026-01-10 20:00:00"}])
        for day, gain, is_observed in rows:
            row = {"paper_id": paper_id, "day": date(2026, 1, day), "gained": gain, "is_observed": is_observed}
            insert(connection, "fct_paper_upvotes_daily", [row])
    first = {row["window_name"]: (row["title"], row["gained"]) for row in answer(connection, "top_by_window")[::-1]}
    assert first["day"] == ("watched", 2)
    assert first["3 days"] == ("gap", 50)


def test_the_month_of_a_keyword_share_is_that_of_the_listing_date(connection: duckdb.DuckDBPyConnection) -> None:
    # 2026-01-01 is a Thursday: its ISO week begins in December.
    for paper_id, listed in (("p", "2026-01-01"), ("q", "2025-12-31")):
        paper = {"paper_id": paper_id, "first_listed_on": listed, "keywords_status": "known"}
        insert(connection, "dim_papers", [paper])
        insert(connection, "bridge_paper_keywords", [{"paper_id": paper_id, "keyword": "agent"}])
    insert(connection, "dim_keywords", [{"keyword": "agent", "listed_count": 2}])
    months = [(str(row["month"])[:7], row["papers"]) for row in answer(connection, "keyword_share_by_month")]
    assert months == [("2025-12", 1), ("2026-01", 1)]


def _place(connection: duckdb.DuckDBPyConnection, paper_id: str, country: str | None, *authors: str) -> None:
    """A paper with an organization in a country, and its authors."""
    name = country or "nowhere"
    if not connection.execute("select 1 from marts.dim_organizations where organization_id = ?", [name]).fetchone():
        insert(connection, "dim_organizations", [{"organization_id": name, "country_code": country}])
    insert(connection, "bridge_paper_organizations", [{"paper_id": paper_id, "organization_id": name}])
    for position, author in enumerate(authors, 1):
        insert(connection, "bridge_paper_authors", [{"paper_id": paper_id, "position": position, "author_id": author}])


def test_papers_of_a_country_count_in_the_week_of_their_first_listing(connection: duckdb.DuckDBPyConnection) -> None:
    facts = [("a", "2026-01-05", 5), ("b", "2026-01-11", None), ("c", "2026-01-11", 1), ("d", "2026-01-12", 2)]
    for paper_id, listed, upvotes in [*facts, ("e", "2026-01-12", 9), ("f", None, 4)]:
        insert(connection, "dim_papers", [{"paper_id": paper_id, "first_listed_on": listed, "upvotes": upvotes}])
    for paper_id, country in (("a", "CN"), ("b", "CN"), ("c", "US"), ("d", "US"), ("e", None), ("f", "US")):
        _place(connection, paper_id, country)
    rows = [tuple(row.values()) for row in answer(connection, "papers_by_country")]
    first, second = date(2026, 1, 5), date(2026, 1, 12)
    assert rows == [
        (first, "CN", 2, 5, pytest.approx(2 / 3), 3),
        (first, "US", 1, 1, pytest.approx(1 / 3), 3),
        (second, "US", 1, 2, 1.0, 1),
    ]


def test_countries_are_linked_by_authors_with_papers_in_both(connection: duckdb.DuckDBPyConnection) -> None:
    _place(connection, "p", "US", "both", "home")
    _place(connection, "q", "CN", "both", "home")
    _place(connection, "r", "CN", "alone")
    _place(connection, "s", "GB", "both")
    _place(connection, "t", None, "alone")
    rows = [tuple(row.values()) for row in answer(connection, "international_collaborations")]
    assert rows == [("CN", "US", 2, 2), ("CN", "GB", 1, 2), ("GB", "US", 1, 2)]


WEEKS = ("2026-01-05", "2026-01-12", "2026-01-19")


def test_movers_are_those_with_a_rank_in_both_weeks(connection: duckdb.DuckDBPyConnection) -> None:
    for name in ("steady", "unwatched"):
        insert(connection, "dim_organizations", [{"organization_id": name, "display_name": name}])
    insert(
        connection,
        "rpt_organization_trends",
        [
            {"organization_id": "steady", "week": WEEKS[1], "upvotes_gained": 4, "gain_change": 1, "rank_change": 0},
            {"organization_id": "unwatched", "week": WEEKS[1], "upvotes_gained": 0, "gain_change": -9},
            # A last week in which nobody gained.
            {"organization_id": "steady", "week": WEEKS[2], "upvotes_gained": 0, "gain_change": -4},
        ],
    )
    movers = answer(connection, "movers_of_the_week")
    assert [(row["display_name"], row["rank_change"]) for row in movers] == [("steady", 0)]


@pytest.mark.parametrize(
    ("name", "table", "key", "prefix"),
    [
        ("keywords_of_the_week", "rpt_keyword_trends", "keyword", ""),
        ("rising_authors", "rpt_author_trends", "author_id", ""),
        ("organization_families", "rpt_organization_trends", "organization_id", "family_"),
    ],
)
def test_the_last_week_is_the_last_one_with_gains(
    connection: duckdb.DuckDBPyConnection, name: str, table: str, key: str, prefix: str
) -> None:
    insert(connection, "dim_authors", [{"author_id": "a", "display_name": "a"}])
    insert(connection, "dim_organizations", [{"organization_id": "a", "display_name": "a"}])
    gained, rank = f"{prefix}upvotes_gained", f"{prefix}rank_in_week"
    rows = [{key: "a", "week": WEEKS[0], gained: 3, rank: 1}, {key: "a", "week": WEEKS[1], gained: 0, rank: None}]
    insert(connection, table, rows)
    assert [str(row["week"]) for row in answer(connection, name)] == [WEEKS[0]]


AS_OF = datetime(2026, 1, 10, 20)


def observe(connection: duckdb.DuckDBPyConnection, paper_id: str, *seen: tuple[float, int], **known: Any) -> None:
    """A paper with its observations, given as hours before now and upvotes."""
    moments = [(AS_OF - timedelta(hours=hours), upvotes) for hours, upvotes in seen]
    insert(connection, "dim_papers", [{"paper_id": paper_id, "title": paper_id, "display_title": paper_id}])
    for moment, upvotes in moments:
        row = {"paper_id": paper_id, "observed_at": moment, "upvotes": upvotes}
        insert(connection, "fct_upvote_observations", [row])
    trends = {
        "paper_id": paper_id,
        "as_of": AS_OF,
        "upvotes": moments[-1][1],
        "observation_count": len(moments),
        "first_observed_at": moments[0][0],
        "last_observed_at": moments[-1][0],
        "gain_observed": moments[-1][1] - moments[0][1] if len(moments) > 1 else None,
        **known,
    }
    insert(connection, "rpt_paper_trends", [trends])


def test_report_and_digest_select_the_same_risers(connection: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    observe(connection, "late start", (23.5, 2), (0, 54), gain_24h=52, gain_24h_hours=23.5)
    observe(connection, "new", (6, 1), (0, 41))
    observe(connection, "missed day", (48, 10), (0, 40))
    observe(connection, "after months", (2000, 10), (0, 900))
    observe(connection, "once", (0, 98))
    observe(connection, "stale", (60, 1), (30, 80))
    connection.execute("set search_path = 'marts'")
    settings = replace(Settings(), home=tmp_path)
    digest = select_risers(settings, connection, Filters()).risers
    report = read_rising(connection)
    wanted = [("late start", 52, 23.5, False), ("new", 40, 6.0, True), ("missed day", 30, 48.0, False)]
    assert [(r.paper_id, r.gain, r.gain_hours, r.is_new) for r in digest] == wanted
    assert [(r.paper_id, r.gain, r.gain_hours, r.is_new) for r in report.risers] == wanted
    assert [gained(riser) for riser in digest] == [
        "+52 upvotes in 24 hours",
        "+40 upvotes in the 6 hours since it was first observed",
        "+30 upvotes in 48 hours",
    ]
    assert [riser.over for riser in report.risers] == [
        None,
        "in the 6 hours since it was first observed",
        "in 48 hours",
    ]
    assert report.risers[0].reasons[0] == "2 → 54 upvotes, 9 Jan 2026, 20:30 to 10 Jan 2026, 20:00 (24 hours)"


def test_late_bloomers_are_papers_whose_best_day_is_known(connection: duckdb.DuckDBPyConnection) -> None:
    bloomer = {
        "peak_day": "2026-01-08",
        "peak_day_gain": 9,
        "upvotes": 20,
        "first_listed_on": "2026-01-05",
        "first_observed_at": "2026-01-05 20:00:00",
        "peak_day_unobserved_days": 0,
    }
    others = {
        "late": bloomer,
        "gained over days without an observation": {**bloomer, "peak_day_unobserved_days": 2},
        "first observed late": {**bloomer, "first_observed_at": "2026-01-07 08:00:00"},
        "early": {**bloomer, "peak_day": "2026-01-07"},
    }
    for paper_id, trends in others.items():
        insert(connection, "dim_papers", [{"paper_id": paper_id, "title": paper_id, "display_title": paper_id}])
        insert(connection, "rpt_paper_trends", [{"paper_id": paper_id, **trends}])
    assert [row["title"] for row in answer(connection, "late_bloomers")] == ["late"]


def test_half_lives_by_weekday_state_their_resolution(connection: duckdb.DuckDBPyConnection) -> None:
    monday = {"first_listed_on": "2026-01-05", "observation_count": 4}
    rows = [
        {**monday, "half_life_hours": 24.0, "half_life_resolution_hours": 24.0},
        {**monday, "half_life_hours": 30.0, "half_life_resolution_hours": 6.0},
        {**monday, "half_life_missing_reason": "half was reached before the first observation"},
        {**monday, "observation_count": 1, "half_life_missing_reason": "one observation only"},
    ]
    insert(connection, "rpt_paper_trends", [{"paper_id": f"p{number}", **row} for number, row in enumerate(rows)])
    (row,) = answer(connection, "half_life_by_weekday")
    assert row == {
        "weekday": 1,
        "papers": 2,
        "median_hours": 27.0,
        "resolution_hours": 15.0,
        "unknown": 2,
        "observed_once": 1,
    }


def test_why_a_query_has_no_rows_counts_reasons_of_columns_that_exist() -> None:
    described = {column.name for table in read_definitions() for column in table.columns}
    metrics = {metric for query in load_queries().values() for metric in re.findall(r"\{(\w+)\}", query.empty)}
    assert metrics
    assert [metric for metric in sorted(metrics) if f"{metric}_missing_reason" not in described] == []
