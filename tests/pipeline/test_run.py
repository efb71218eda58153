"""The job that the schedule launches, against a replay of the site: good days, bad days, readers, bad input."""

from __future__ import annotations

import json
import os
import signal
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from io import StringIO
from pathlib import Path
from typing import Any

import dagster as dg
import pytest
from gate_pieces import PHASES
from rich.console import Console
from rich.progress import Progress

from orchestration.assets.models import build_models
from orchestration.commands import console
from orchestration.outcome import Outcome
from orchestration.runs import profile
from orchestration.transform.manifest import ensure_manifest
from sources.faults import Fault
from sources.replay import ReplayServer
from tests.conftest import SAMPLE, Papers
from tests.warm_process import Called
from warehouse.landing.folder import FolderLanding
from warehouse.publication.publish import read_published
from warehouse.settings import Settings

TOKEN = "hf_a_token_that_must_not_be_found"


@pytest.fixture(scope="module")
def site() -> Iterator[ReplayServer]:
    with ReplayServer(SAMPLE) as server:
        yield server


@pytest.fixture(scope="module")
def ran(site: ReplayServer, new_home: Callable[[str], Papers]) -> Papers:
    """A home after two runs, the second with a reader that never stops asking."""
    papers = new_home("ran")
    arguments = ("run", "--date", "2026-09-10", "--lookback", "3", "--json")
    called = papers.in_subprocess(*arguments, PAPERS_ENDPOINT=site.url, HF_TOKEN=TOKEN)
    assert TOKEN not in called.out + called.err
    facts = called.facts
    assert list(facts["fetched"]) == ["2026-09-08", "2026-09-09", "2026-09-10"]
    assert {"batch", "marts"} == set(facts["gates"])
    assert "profile" not in facts
    return papers


def test_a_run_observes_the_trailing_dates(ran: Papers) -> None:
    dates = ran.value("select list(distinct listing_date::varchar) from marts.fct_listings")
    assert sorted(dates) == ["2026-09-08", "2026-09-09", "2026-09-10"]
    assert ran.value("select list(distinct observed_at_basis) from marts.ops_loads") == ["clock"]


def test_the_token_is_in_no_file_of_the_home(ran: Papers) -> None:
    files = [file for file in ran.home.rglob("*") if file.is_file()]
    assert any(file.parent.name == "runs" for file in files), "the orchestrator's own records are among them"
    assert [file for file in files if TOKEN.encode() in file.read_bytes()] == []


def test_the_data_docs_of_the_last_run_are_linked_from_the_status_and_from_the_check(ran: Papers) -> None:
    pages = {row["gate"]: Path(row["page"]) for row in ran("status", "--json").facts["last_gate_pages"]}
    assert set(pages) == {"batch", "marts"} and all(page.is_file() for page in pages.values())
    with dg.DagsterInstance.from_config(str(ran.home / "dagster")) as instance:
        for gate, asset, name in (
            ("batch", "raw/loads", "batch_gate"),
            ("marts", "publication/candidate", "mart_gate"),
        ):
            check = dg.AssetCheckKey(dg.AssetKey.from_user_string(asset), name)
            (record,) = instance.event_log_storage.get_asset_check_execution_history(check, limit=1)
            assert record.event and record.event.dagster_event
            metadata = record.event.dagster_event.asset_check_evaluation_data.metadata
            assert metadata["Data Docs file"].value == str(pages[gate])
            assert metadata["Data Docs"].value == f"/data_docs/{pages[gate].parent.name}/{gate}.html", "at any port"


def test_dagster_names_tables_as_readers_do() -> None:
    models = build_models(ensure_manifest(Settings()), "duckdb")
    for spec in models.specs:
        name = spec.metadata["dagster/table_name"]
        assert name == ".".join(spec.key.path), name
        assert spec.description and "select" not in spec.description.split() and "Raw SQL" not in spec.description


def test_each_public_table_shows_its_rows_and_where_its_columns_come_from_in_dagster(ran: Papers) -> None:
    with dg.DagsterInstance.from_config(str(ran.home / "dagster")) as instance:
        for table in ("dim_papers", "fct_upvote_observations", "ops_loads"):
            event = instance.get_latest_materialization_event(dg.AssetKey(["marts", table]))
            assert event and event.asset_materialization
            metadata = event.asset_materialization.metadata
            assert metadata["dagster/row_count"].value == ran.value(f"select count(*) from marts.{table}")
            lineage = metadata["dagster/column_lineage"].value.deps_by_column
            with ran.published() as connection:
                columns = {column for column, *_ in connection.execute(f"describe marts.{table}").fetchall()}
            assert set(lineage) == columns and any(lineage.values())


def test_the_report_is_linked_in_dagster_and_no_event_holds_a_picture(ran: Papers) -> None:
    (file,) = [f for f in (ran.home / "dagster" / "history" / "runs").glob("*.db") if f.name != "index.db"]
    with sqlite3.connect(file) as log:
        largest, total = log.execute("select max(length(event)), sum(length(event)) from event_logs").fetchone()
    assert largest < 64_000 and total < 1_500_000
    with dg.DagsterInstance.from_config(str(ran.home / "dagster")) as instance:
        event = instance.get_latest_materialization_event(dg.AssetKey(["publication", "report"]))
    assert event and event.asset_materialization
    metadata = event.asset_materialization.metadata
    assert metadata["first page"].value == str(ran.home / "report" / "index.html")
    assert not [value for value in metadata.values() if isinstance(value, dg.MarkdownMetadataValue)]


@dataclass(frozen=True)
class Second:
    """A second run, with a reader in a loop beside it."""

    facts: dict[str, Any]
    problems: list[Exception]
    answers: set[tuple[int, ...]]


@pytest.fixture(scope="module")
def second(ran: Papers, site: ReplayServer) -> Second:
    stop, problems, answers = threading.Event(), [], set()

    def read() -> None:
        while not stop.is_set():
            try:
                with read_published(Settings(home=ran.home)) as connection:
                    for _ in range(5):
                        row = connection.execute(
                            """select (select count(*) from marts.dim_papers),
                                      (select count(distinct paper_id) from marts.fct_upvote_observations)"""
                        ).fetchall()[0]
                        answers.add(row)
                time.sleep(0.1)
            except Exception as error:
                problems.append(error)
                return

    reader = threading.Thread(target=read)
    reader.start()
    try:
        arguments = ("run", "--date", "2026-09-11", "--lookback", "1", "--profile", "--json")
        called = ran(*arguments, PAPERS_ENDPOINT=site.url)
    finally:
        stop.set()
        reader.join()
    return Second(called.facts, problems, answers)


def test_a_profile_tells_where_the_time_went_and_dagster_what_each_asset_took(ran: Papers, second: Second) -> None:
    steps = ["Fetching", *PHASES]
    assert [phase for phase in second.facts["profile"] if phase in steps] == steps
    assert all(seconds > 0 for seconds in second.facts["profile"].values())
    with dg.DagsterInstance.from_config(str(ran.home / "dagster")) as instance:
        for key in (["landing", "listings"], ["raw", "loads"], ["publication", "papers"], ["publication", "report"]):
            event = instance.get_latest_materialization_event(dg.AssetKey(key))
            assert event and event.asset_materialization
            assert event.asset_materialization.metadata["seconds"].value > 0


def test_a_profile_is_printed_as_a_table_of_seconds_and_shares() -> None:
    outcome = Outcome(seconds={"Fetching": 1.0, "dbt": 2.0}, waited_seconds={"dbt": 0.5})
    assert profile.rows(outcome, 4.0) == [
        ["Fetching", "1.00", "25%"],
        ["dbt", "2.00", "50%"],
        ["Dagster's own work", "1.00", "25%"],
        ["All of it", "4.00", "100%"],
        ["waited for the import of dbt", "0.50", ""],
    ]


def test_a_reader_in_a_loop_never_meets_an_error_or_half_a_state(second: Second) -> None:
    assert second.problems == []
    assert len(second.answers) == 2, "one answer before the publication and one after it"
    assert all(papers == observed for papers, observed in second.answers)


def test_a_backfill_that_was_killed_goes_on_with_the_dates_that_are_left(papers: Papers, site: ReplayServer) -> None:
    command = ("backfill", "--from", "2026-09-03", "--to", "2026-09-09", "--json")
    asked_before = len(site.requests)
    site.faults = [Fault("slow", seconds=0.5)]
    process = papers.start(*command, PAPERS_ENDPOINT=site.url)
    landing = FolderLanding(papers.home / "landing")
    deadline = time.monotonic() + 60
    while len(list(landing.captures())) < 3 and time.monotonic() < deadline:
        time.sleep(0.02)
    process.kill()
    site.faults = []
    done = [str(capture.listing_date) for capture in landing.captures()]
    days = [f"2026-09-0{day}" for day in range(3, 10)]
    assert done == days[: len(done)] and 3 <= len(done) < len(days), "killed in the middle of the fetching"
    assert not (papers.home / "papers.duckdb").exists()

    asked = len(site.requests)
    assert asked - asked_before <= len(done) + 1, "one request a date, and the one that the kill cut"
    again = papers(*command, PAPERS_ENDPOINT=site.url)
    assert list(again.facts["fetched"]) == days[len(done) :]
    assert len(site.requests) - asked == len(days) - len(done), "dates that were observed are not asked for again"
    assert "that broke off" in again.err and f"{len(done)} of them observed today already" in again.err
    assert sorted(papers.value("select list(listing_date::varchar) from marts.ops_loads")) == days
    assert papers.value("select max(observation_count) from marts.fct_listings") == 1, "one observation a date: today's"
    history = sqlite3.connect(papers.home / "dagster" / "history" / "runs.db")
    runs = history.execute("select id, run_id, status from runs order by id").fetchall()
    assert [status for *_, status in runs] == ["FAILURE", "SUCCESS"], "the killed run is over"
    tags = history.execute("select run_id, value from run_tags where key = 'papers/backfill' order by id").fetchall()
    assert tags == [(run_id, "2026-09-03 to 2026-09-09") for _, run_id, _ in runs], "both are runs of one backfill"


def test_what_is_left_is_estimated_from_the_mean_pace() -> None:
    now = 0.0
    with Progress(console.TimeLeft(), get_time=lambda: now, console=Console(file=StringIO())) as bar:
        bar.add_task("dates", total=10)
        (task,) = bar.tasks
        column = console.TimeLeft()
        assert column.render(task).plain == "no estimate yet"
        now = 6.0
        bar.advance(task.id, 3)
        assert column.render(task).plain == "about 0:00:14 left"
        now = 100.0  # the source made us wait: the estimate follows
        bar.advance(task.id, 1)
        assert column.render(task).plain == "about 0:02:30 left"


def test_a_killed_run_is_over_in_dagster_when_the_next_one_starts(ran: Papers, site: ReplayServer) -> None:
    arguments = ["run", "--date", "2026-09-10", "--lookback", "1"]
    killed = ran.start_subprocess(*arguments, PAPERS_ENDPOINT=site.url)
    deadline = time.monotonic() + 120
    while not (ran.home / "next.duckdb").exists():
        assert killed.poll() is None and time.monotonic() < deadline, "it ended before it could be killed"
        time.sleep(0.1)
    os.killpg(killed.pid, signal.SIGKILL)
    killed.wait()
    with dg.DagsterInstance.from_config(str(ran.home / "dagster")) as instance:
        (left,) = instance.get_runs(dg.RunsFilter(statuses=[dg.DagsterRunStatus.STARTED]))
        called = ran(*arguments, PAPERS_ENDPOINT=site.url)
        closed = instance.get_run_by_id(left.run_id)
        assert closed and closed.status is dg.DagsterRunStatus.FAILURE
        assert not instance.get_runs(dg.RunsFilter(statuses=[dg.DagsterRunStatus.STARTED]))
    check_end_of_run(ran, called)


def check_end_of_run(ran: Papers, called: Called) -> None:
    """A run that was asked for no JSON ends with the newest listing, what rose and the next commands."""
    lines = "\n".join(line.rstrip() for line in called.out.splitlines())
    newest = ran.value("select max(listing_date) from marts.fct_listings")
    _, end = lines.split(f"The newest listing, of {newest}, most upvotes first\n")
    listing, _, rose = end.partition("\n\n")
    upvotes = ran.value(
        """select list(upvotes order by upvotes desc nulls last, papers.paper_id)[:5] from marts.fct_listings
           inner join marts.dim_papers as papers using (paper_id) where listing_date = '"""
        f"{newest}'"
    )
    assert [int(line.split()[1]) for line in listing.splitlines()[1:]] == upvotes
    assert rose.startswith(("What rose most", "No gain of the last 24 hours is known"))
    assert "report/index.html" in called.err and f"papers --home {ran.home} sql" in called.err


def test_a_run_without_the_source_ends_with_3_and_changes_nothing(ran: Papers) -> None:
    before = (ran.home / "papers.duckdb").read_bytes()
    called = ran("run", "--date", "2026-09-10", "--lookback", "1", PAPERS_ENDPOINT="http://127.0.0.1:9", expect=3)
    (error,) = [line for line in called.err.splitlines() if line.startswith("Error:")]
    assert "PAPERS_ENDPOINT" in error
    assert (ran.home / "papers.duckdb").read_bytes() == before


def test_a_rejected_load_is_kept_out_until_a_person_accepts_it(ran: Papers, tmp_path: Path) -> None:
    (tmp_path / "2026-09-15@2026-09-16T220000Z.json").write_text("[]")
    (tmp_path / "2026-09-12@2026-09-12T220000Z.json").write_text("[]")
    facts = ran("import", tmp_path, "--json").facts
    became = {Path(f["file"]).name[:10]: f for f in facts["files"]}
    assert became["2026-09-12"]["became"] == "loaded", "an empty Saturday is normal"
    assert became["2026-09-15"]["became"] == "refused" and "weekday" in became["2026-09-15"]["detail"]
    load_id = became["2026-09-15"]["load_id"]
    verdict = f"select verdict from marts.ops_loads where load_id = '{load_id}'"
    assert ran.value(verdict) == "rejected"
    assert "no load" in ran("accept", "nonsense", "--reason", "because", expect=2).err
    assert "no load" in ran("rebuild", "--load", "nonsense", expect=2).err
    ran("rebuild", "--load", load_id, "--reason", "the parser was mended", expect=1)
    assert ran.value(verdict) == "rejected", "read again it is as empty as before"
    ran("accept", load_id, "--reason", "a public holiday")
    assert ran.value(verdict) == "accepted"
    with ran.published() as connection:
        acts = "select expectation, reason from marts.ops_gate_results where gate = 'person' and load_id = ?"
        assert dict(connection.execute(acts, [load_id]).fetchall()) == {
            "parsed_again": "the parser was mended",
            "accepted_by_a_person": "a public holiday",
        }


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["import", "/no/such/file.json"], "no file or folder"),
        (["import", "EMPTY"], "holds no listings"),
        (["import", "README", "--observed-at", "yesterday"], "--observed-at"),
        (["import", "README", "--observed-at", "2999-01-01T00:00:00Z"], "future"),
        (["import", "README", "--listing-date", "2026-02-30"], "--listing-date"),
        (["import", "README", "--manifest", "README"], "lacks the column"),
        (["run", "--date", "2026-13-01"], "give a date like"),
        (["run", "--date", "2999-01-01"], "future"),
        (["run", "--date", "2001-01-01"], "begins on"),
        (["backfill", "--from", "2026-09-02", "--to", "2026-09-01"], "swap"),
        (["backfill", "--from", "2026-09-02", "--to", "2999-01-01"], "future"),
        (["sql", "select 1"], "Nothing is published"),
        (["status"], "Nothing is published"),
        (["rebuild"], "no landing archive"),
        (["accept", "x", "--reason", "y"], "Nothing is loaded"),
        (["sql", "select 1", "--format", "yaml"], "--format"),
    ],
)
def test_bad_input_is_one_sentence_and_code_2(papers: Papers, tmp_path: Path, arguments: list[str], words: str) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "readme.txt").write_text("nothing to see here\n")
    places = {"EMPTY": str(tmp_path / "empty"), "README": str(tmp_path / "readme.txt")}
    called = papers(*(places.get(a, a) for a in arguments), expect=2)
    assert words in called.err
    assert len(called.err.strip().splitlines()) == 1
    assert not (papers.home / "papers.duckdb").exists()


def test_a_setting_that_is_none_is_named(papers: Papers) -> None:
    assert "PAPERS_LOOKBACK" in papers("status", expect=2, PAPERS_LOOKBACK="many").err
    assert "PAPERS_ENDPOINT" in papers("status", expect=2, PAPERS_ENDPOINT="huggingface.co").err


def test_a_file_that_is_no_listing_is_landed_refused_and_named(papers: Papers, tmp_path: Path) -> None:
    (tmp_path / "2026-09-01.json").write_text(json.dumps({"status": "no_data"}))
    called = papers("import", tmp_path, "--json", expect=2)
    assert called.facts["files"][0]["became"] == "refused"
    assert list((papers.home / "landing" / "payloads").rglob("*.gz")), "what was received is kept"
    assert not (papers.home / "papers.duckdb").exists()


def test_a_home_that_cannot_be_written_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    called = Papers(tmp_path / "file" / "home")("run", "--date", "2026-09-01", expect=2)
    assert "can't be written" in called.err
