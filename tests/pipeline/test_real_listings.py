"""The warehouse on real listings: counts made by independent code, a second import, a rebuild."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable
from pathlib import Path

import duckdb
import pytest

from tests.conftest import Called, Papers, given_listings
from tests.pipeline.test_period_oracle import compare
from warehouse.publication.queries import load_queries

#: What a search for "prompt tuning" finds first: ids of the text file's papers, which are hashes of their titles.
TEN_FIRST = [
    "title:67e7be9e557b3f97",
    "title:5e59bf045eb0de1e",
    "title:07fd44ddaa4113f2",
    "title:658b1539cb05f8d0",
    "title:8650cd8df9b5a70d",
    "title:184eb37cedc1a28e",
    "title:0f67361cf9677eed",
    "title:a0fed5b1a3d11b87",
    "title:4bbb2aeb741a2843",
    "title:7f6c2e0501441f20",
]


@pytest.fixture(scope="module")
def imported(shared_data: Path, new_home: Callable[[str], Papers]) -> tuple[Papers, Called]:
    papers = new_home("real")
    return papers, papers("import", *_arguments(shared_data), "--json")


def _arguments(shared_data: Path) -> list[str | Path]:
    return [*given_listings(shared_data), "--manifest", shared_data / "listings" / "manifest.tsv"]


def test_the_numbers_are_those_that_independent_code_counted(
    shared_data: Path, imported: tuple[Papers, Called]
) -> None:
    papers, _ = imported
    expected = json.loads((shared_data / "listings" / "expected_counts.json").read_text())["all"]
    # 40 of the text page's 44 papers are in no other file; 4 are found again by their title.
    counts = {
        "select count(*) from marts.fct_upvote_observations": expected["distinct_observations"] + 44,
        "select count(*) from marts.dim_papers": expected["distinct_papers"] + 40,
        "select count(distinct listing_date) from marts.fct_listings": expected["listing_dates"],
        "select count(*) from marts.fct_listings": expected["distinct_listing_date_x_paper"],
        "select count(*) from marts.bridge_paper_authors": expected["author_mentions_latest"],
        "select count(distinct name_as_listed) from marts.bridge_paper_authors": expected["author_names_raw_latest"],
        "select count(*) from marts.organization_merges": expected["listed_organization_ids_latest"],
        "select count(*) from marts.bridge_paper_organizations": expected["papers_with_organization_latest"] + 1,
        "select sum(upvotes) from marts.dim_papers": expected["sum_upvotes_latest"],
        "select count(code_url) from marts.dim_papers": expected["papers_with_code_url_latest"] + 9,
        "select count(*) from marts.ops_quarantine": expected["files_refused"],
    }
    assert {query: papers.value(query) for query in counts} == counts
    by_source = """
        select sum(comments) from marts.dim_papers where paper_id in (
            select paper_id from marts.fct_upvote_observations group by paper_id
            having bool_and(format <> 'page_text'))"""
    only_listed = """
        select sum(comments) from (
            select max_by(comments, observed_at) as comments from marts.fct_upvote_observations
            where format <> 'page_text' group by paper_id)"""
    assert papers.value(only_listed) == expected["sum_comments_latest"]
    assert papers.value(by_source) <= expected["sum_comments_latest"]


def test_the_five_days_with_several_fetches_show_true_gains(imported: tuple[Papers, Called]) -> None:
    papers, _ = imported
    with papers.published() as connection:
        rows = connection.execute(
            """with seen as (
                   select paper_id, count(*) as looks,
                          case when looks > 1 then max_by(upvotes, observed_at) - min_by(upvotes, observed_at) end
                              as gain
                   from marts.fct_upvote_observations where upvotes is not null group by paper_id),
               added as (select paper_id, sum(gained) as gain from marts.fct_paper_upvotes_daily group by paper_id)
               select count(*), count(*) filter (where seen.gain is distinct from added.gain),
                      count(distinct first_listed_on) filter (where looks > 1 and seen.gain > 0)
               from seen left join added using (paper_id) join marts.dim_papers using (paper_id)"""
        ).fetchall()
    compared, wrong, days_with_gains = rows[0]
    assert compared > 6_000
    assert wrong == 0
    assert days_with_gains >= 5


def test_periods_equal_an_oracle(imported: tuple[Papers, Called]) -> None:
    rows = compare(imported[0])
    assert len({start for period, start, _ in rows if period == "month"}) > 6


def test_the_papers_of_the_search_page_are_found_by_what_their_abstracts_say(imported: tuple[Papers, Called]) -> None:
    """The text file is the site's own result for "prompt tuning"."""
    papers, _ = imported
    with papers.published() as connection:
        said = {
            paper
            for paper, abstract in connection.execute(
                """select paper_id, abstract from marts.dim_papers where paper_id in (
                       select paper_id from marts.fct_upvote_observations where format = 'page_text')"""
            ).fetchall()
            if re.search(r"\bprompt[\s-]+tuning\b", abstract or "", re.IGNORECASE)
        }
    assert len(said) > 10
    found = {query: _found(papers, query) for query in ("prompt tuning", '"prompt tuning"')}
    assert said <= set(found['"prompt tuning"'])
    # No paper that only has both words somewhere comes before one that says it.
    last = max(found["prompt tuning"].index(paper) for paper in said)
    assert set(found["prompt tuning"][: last + 1]) <= set(found['"prompt tuning"'])
    assert found["prompt tuning"][:10] == TEN_FIRST


def _found(papers: Papers, query: str) -> list[str]:
    return [hit["paper_id"] for hit in papers("search", query, "--limit", "500", "--json").facts["papers"]]


def test_each_refused_file_is_in_quarantine_with_its_reason(imported: tuple[Papers, Called]) -> None:
    papers, called = imported
    became = called.facts["counts"]
    assert became == {"loaded": 416, "refused": 103}
    reasons = papers.value("select list(distinct reason_code order by reason_code) from marts.ops_quarantine")
    assert reasons == ["not_a_list", "not_entries"]


def test_the_text_page_fills_the_columns_that_a_text_has(imported: tuple[Papers, Called]) -> None:
    papers, _ = imported
    with papers.published() as connection:
        rows = connection.execute(
            """select count(*), count(upvotes), count(comments) from marts.fct_upvote_observations
               where format = 'page_text'"""
        ).fetchall()
        assert rows == [(44, 0, 43)]
        linear = connection.execute(
            """select published_on, comments, author_count, upvotes, first_listed_on, hf_url, display_name
               from marts.dim_papers join marts.bridge_paper_organizations using (paper_id)
               join marts.dim_organizations on bridge_paper_organizations.organization_id
                   = dim_organizations.organization_id
               where title like 'LinEAS:%'"""
        ).fetchall()
        assert [str(value) for value in linear[0]] == ["2025-03-11", "1", "None", "None", "None", "None", "Apple"]


def test_the_organizations_with_most_papers_are_decided_with_a_kind(imported: tuple[Papers, Called]) -> None:
    with imported[0].published() as connection:
        largest = connection.execute(
            "select organization_id, kind, (select bool_and(rule like 'reviewed%' or rule like 'override%') "
            "from marts.organization_merges m where m.organization_id = o.organization_id) "
            "from marts.dim_organizations o where listed_count > 0 order by paper_count desc, organization_id limit 300"
        ).fetchall()
    assert len(largest) == 300
    assert [row for row in largest if row[1] == "unknown" or not row[2]] == []


def test_most_papers_with_an_organization_have_a_country_and_a_ror_id(imported: tuple[Papers, Called]) -> None:
    with imported[0].published() as connection:
        papers, with_country, with_ror_id = connection.execute(
            """select count(*), count(own.country_code), count(coalesce(own.ror_id, parent.ror_id))
               from marts.bridge_paper_organizations
               join marts.dim_organizations as own using (organization_id)
               left join marts.dim_organizations as parent on own.parent_organization_id = parent.organization_id"""
        ).fetchall()[0]
    assert papers > 800
    assert with_country / papers >= 0.92
    assert with_ror_id / papers >= 0.82


def test_a_second_import_changes_no_row_and_reports_that(shared_data: Path, imported: tuple[Papers, Called]) -> None:
    papers, _ = imported
    before = (papers.home / "papers.duckdb").read_bytes(), (papers.home / "raw.duckdb").read_bytes()
    called = papers("import", *_arguments(shared_data))
    assert "Nothing new" in called.out
    assert before == ((papers.home / "papers.duckdb").read_bytes(), (papers.home / "raw.duckdb").read_bytes())


def test_a_rebuild_from_the_archive_gives_the_same_marts(imported: tuple[Papers, Called]) -> None:
    papers, _ = imported
    before = papers.tables()
    papers("rebuild")
    after = papers.tables()
    assert {name: len(rows) for name, rows in after.items()} == {name: len(rows) for name, rows in before.items()}
    assert [name for name in before if before[name] != after[name]] == []


def test_a_question_is_answered_at_once(imported: tuple[Papers, Called]) -> None:
    papers, _ = imported
    with papers.published() as connection:
        started = time.perf_counter()
        connection.execute("select title, velocity from marts.rpt_paper_trends join marts.dim_papers using (paper_id)")
        connection.fetchall()
        assert time.perf_counter() - started < 1


def test_every_query_answers_in_a_fifth_of_a_second(imported: tuple[Papers, Called]) -> None:
    papers, _ = imported
    took = {}
    with papers.published() as connection:
        for name, query in load_queries().items():
            took[name] = min(_seconds(connection, query.sql) for _ in range(3))
    assert {name: seconds for name, seconds in took.items() if seconds >= 0.2} == {}


def _seconds(connection: duckdb.DuckDBPyConnection, sql: str) -> float:
    started = time.perf_counter()
    connection.execute(sql).fetchall()
    return time.perf_counter() - started
