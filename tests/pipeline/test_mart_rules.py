"""The rules of the mart gate: each finds what it is about, and blocks or warns; nothing else stops publication."""

from __future__ import annotations

import shutil
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import duckdb
import pytest
from gate_pieces import Here

from orchestration.gates.mart_rules import MARTS
from orchestration.gates.verdicts import mart_gate, mart_violations
from tests.conftest import Papers
from warehouse.clock import utc_now
from warehouse.raw.store import RawStore
from warehouse.settings import Settings

#: Rule → what breaks it in a finished next file.
BREAKS = {
    "papers_lost": "delete from marts.dim_papers where paper_id = (select min(paper_id) from marts.dim_papers)",
    "rows_lost": """delete from marts.fct_listings
        where listing_date = (select max(listing_date) from marts.fct_listings)""",
    "tables_much_smaller": "delete from marts.rpt_author_trends",
    "observations_missing": """delete from marts.fct_upvote_observations
        where paper_id = (select min(paper_id) from marts.dim_papers)""",
    "observations_invented": """insert into marts.fct_upvote_observations
        select * replace (timestamp '2020-01-01' as observed_at) from marts.fct_upvote_observations limit 1""",
    "accepted_loads_missing": """delete from intermediate.int_entries_identified
        where load_id = (select min(load_id) from intermediate.int_entries_identified)""",
    "rejected_loads_used": "update marts.ops_loads set verdict = 'rejected' where verdict = 'accepted'",
    "papers_without_observation": """insert into marts.dim_papers
        select * replace ('nobody saw it' as paper_id) from marts.dim_papers limit 1""",
    "authors_without_paper": """delete from marts.bridge_paper_authors
        where author_id = (select min(author_id) from marts.dim_authors)""",
    "parents_missing": """update marts.dim_organizations set parent_organization_id = 'nowhere'
        where organization_id = (select min(organization_id) from marts.dim_organizations)""",
    "person_twice_on_a_paper": """insert into marts.bridge_paper_authors
        select * replace (position + 1000 as position) from marts.bridge_paper_authors limit 1""",
    "organization_own_ancestor": """update marts.dim_organizations set parent_organization_id = case organization_id
        when (select min(organization_id) from marts.dim_organizations)
        then (select max(organization_id) from marts.dim_organizations)
        else (select min(organization_id) from marts.dim_organizations) end""",
    "gains_do_not_add_up": """update marts.fct_paper_upvotes_daily set gained = gained + 1
        where paper_id = (select min(paper_id) from marts.rpt_paper_trends where observation_count > 1)""",
    "mentions_undecided": """delete from marts.author_merges
        where mention_id = (select min(mention_id) from marts.author_merges)""",
}


@pytest.fixture
def home(demo: Papers, tmp_path: Path) -> Settings:
    """A copy of the demo with a finished next file that nobody published yet."""
    settings = replace(Settings(), home=tmp_path)
    for name in ("papers.duckdb", "raw.duckdb"):
        shutil.copy(demo.home / name, tmp_path / name)
    shutil.copy(settings.published_database, settings.next_database)
    return settings


def test_every_rule_has_a_way_to_break() -> None:
    assert set(BREAKS) | {"not_fresh"} == {rule.name for rule in MARTS.rules}


@pytest.mark.parametrize("rule", BREAKS)
def test_a_broken_table_is_found_by_its_rule(home: Settings, rule: str) -> None:
    assert not any(found.rows for found in mart_violations(home, None).values())
    with duckdb.connect(str(home.next_database)) as connection:
        connection.execute(BREAKS[rule])
    found = mart_violations(home, None)[rule]
    assert found.rows > 0
    assert 0 < len(found.sample) <= 5 and found.sample[0]


def test_a_gain_of_a_paper_observed_once_breaks_the_rule_of_gains(home: Settings) -> None:
    with duckdb.connect(str(home.next_database)) as connection:
        connection.execute(
            """update marts.fct_paper_upvotes_daily set gained = 0
            where paper_id in (select paper_id from marts.rpt_paper_trends where observation_count = 1)"""
        )
        once = connection.execute("select count(*) from marts.rpt_paper_trends where observation_count = 1").fetchall()
    assert mart_violations(home, None)["gains_do_not_add_up"].rows == once[0][0] > 0


def test_a_broken_rule_blocks_and_a_warning_does_not(home: Settings) -> None:
    with duckdb.connect(str(home.next_database)) as connection:
        connection.execute(BREAKS["tables_much_smaller"])
    gate = mart_gate(home, Here(), "warned")  # type: ignore[arg-type]
    assert gate.problem is None and gate.warnings == ("tables_much_smaller",)
    with duckdb.connect(str(home.next_database)) as connection:
        connection.execute(BREAKS["person_twice_on_a_paper"])
    gate = mart_gate(home, Here(), "blocked")  # type: ignore[arg-type]
    assert gate.problem and "person_twice_on_a_paper" in gate.problem and "What to do" in gate.problem
    assert "positions=[" in gate.problem.splitlines()[0]
    worst = next(failure for failure in gate.failures if failure.rule == "person_twice_on_a_paper")
    assert worst.unexpected == 1 and "author_id=" in worst.sample and worst.remedy in gate.problem


def test_rows_may_vanish_for_a_reason_that_is_on_record(home: Settings) -> None:
    with duckdb.connect(str(home.next_database)) as connection:
        connection.execute(BREAKS["rows_lost"])
    assert mart_violations(home, None)["rows_lost"].rows > 0
    with RawStore.open(home.raw_database) as raw:
        raw.record_act("parsed_again", "reparse-1", None, "the parser was mended")
        (record,) = raw.connection.execute(
            "select run_id, gate, checked_at, expectation from raw.gate_results where gate = 'person'"
        ).fetchall()
    with duckdb.connect(str(home.next_database)) as connection:
        connection.execute(
            """insert into marts.ops_gate_results (run_id, gate, checked_at, expectation, severity, is_passed)
               values (?, ?, ?, ?, 'error', true)""",
            list(record),
        )
    assert mart_violations(home, None)["rows_lost"].rows == 0


def test_a_live_run_without_recent_observations_is_reported(home: Settings) -> None:
    with duckdb.connect(str(home.published_database), read_only=True) as connection:
        newest = connection.execute("select max(observed_at) from marts.fct_upvote_observations").fetchall()[0][0]
    assert mart_violations(home, newest + timedelta(hours=35))["not_fresh"].rows == 0
    assert mart_violations(home, newest + timedelta(hours=37))["not_fresh"].rows == 1
    assert mart_violations(home, utc_now().replace(tzinfo=None))["not_fresh"].rows == 1


def test_breaking_a_rule_on_purpose_stops_publication_and_the_old_one_stays(demo: Papers, tmp_path: Path) -> None:
    papers = Papers(tmp_path / "home")
    shutil.copytree(demo.home, papers.home)
    (papers.home / "demo.json").unlink()
    published = (papers.home / "papers.duckdb").read_bytes()
    with RawStore.open(papers.home / "raw.duckdb") as raw:
        raw.connection.execute(
            """insert into raw.entry_authors select * from raw.entry_authors where author_position = 1
               and content_id in (select content_id from raw.entries join raw.loads using (load_id)
                                  where verdict = 'accepted')"""
        )
    (tmp_path / "2026-09-12@2026-09-13T220000Z.json").write_text("[]")
    called = papers("import", tmp_path / "2026-09-12@2026-09-13T220000Z.json", expect=1)
    assert "Nothing was published" in called.err or "blocked publication" in called.err
    assert (papers.home / "papers.duckdb").read_bytes() == published
    assert papers.value("select count(*) > 0 from marts.dim_papers")
