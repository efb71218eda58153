"""The trending list and the details of papers: what they become, and that they never change a listing."""

from __future__ import annotations

import html
import json
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import dagster as dg
import pytest
from gate_pieces import Warehouse, body, entry, listing

from orchestration import pipeline
from orchestration.assets.landing import landed_papers, landed_trending
from orchestration.gates.failures import name_listings
from orchestration.outcome import Outcome
from sources.daily_papers.client import DailyPapersClient
from sources.faults import Fault
from sources.http import HttpClient, HttpLimits, RequestBudget
from sources.replay import ReplayServer
from tests.conftest import SAMPLE, Papers
from warehouse.landing.importing import Known, Manifest, import_files
from warehouse.raw.archive_check import known_loads, restore_lines
from warehouse.raw.loader import parse_again
from warehouse.raw.observations import read_paper_plan
from warehouse.raw.store import RawStore

DAY = "2026-09-10"
NOW = datetime(2026, 9, 20, 22, 45, tzinfo=UTC)


@pytest.fixture
def home(tmp_path: Path) -> Warehouse:
    return Warehouse.at(tmp_path / "home")


def ranks(upvotes: int = 5) -> list[dict[str, Any]]:
    """A trending list of papers submitted on different days, two of them of ``DAY``."""
    days = [DAY, DAY, "2026-08-03", "2026-07-01", "2025-06-05", "2025-05-07"]
    return [entry(n, day, upvotes, githubStars=900 - n) for n, day in enumerate(days, start=1)]


def page(records: list[Any]) -> bytes:
    props = html.escape(json.dumps({"dailyPapers": records, "isTrending": True, "dateString": DAY}))
    return f'<html><body><div data-target="DailyPapers" data-props="{props}"></div></body></html>'.encode()


def details(paper_id: str, **changes: Any) -> bytes:
    totals = {"numTotalModels": 3, "numTotalDatasets": 0, "numTotalSpaces": 1}
    return json.dumps({**entry(1, DAY)["paper"], "id": paper_id, **totals, **changes}).encode()


def land(home: Warehouse, kind: str, payload: bytes, at: datetime = NOW, **more: Any) -> str:
    with home.landing.writing() as batch:
        load_id, _ = batch.land(
            [("url", payload)],
            source=f"https://site.example/{kind}",
            listing_date=None,
            observed_at=at,
            observed_at_basis="clock",
            kind=kind,
            **more,
        )
    return load_id


def test_a_trending_list_is_accepted_and_is_of_no_date(home: Warehouse) -> None:
    load_id = land(home, "trending", body(ranks()))
    home.land((DAY, f"{DAY}T22:45:00", listing(DAY, 8)))
    assert home.check().problem is None
    ((kind, capture_kind, day, entries, verdict),) = home.rows(
        f"select kind, capture_kind, listing_date, entries, verdict from raw.loads where load_id = '{load_id}'"
    )
    assert (kind, capture_kind, day, entries, verdict) == ("trending", "trending", None, 6, "accepted")


def test_loads_of_all_kinds_are_named_in_a_few_words() -> None:
    days = [f"2026-09-{n:02d}" for n in range(1, 6)]
    trending, paper, other = "the trending list", "the paper 2609.00001", "the paper 2609.00002"
    assert name_listings([trending]) == "The trending list"
    assert name_listings([paper]) == "The paper 2609.00001"
    assert name_listings(days) == "5 listings (2026-09-01 to 2026-09-05)"
    assert name_listings([*days, trending, trending]) == "7 loads (2026-09-01 to 2026-09-05, the trending list)"
    assert name_listings([other, days[0], paper, trending]) == "4 loads (2026-09-01, 2 papers, the trending list)"


def test_a_trending_list_decides_nothing_about_a_listing(home: Warehouse) -> None:
    land(home, "trending", body(ranks(upvotes=900)), at=NOW - timedelta(days=12))
    (day,) = home.land((DAY, "2026-09-11T20:00:00", listing(DAY, 2)))
    home.check()
    assert day not in home.rejected() and "upvotes_fall_explained" not in home.warned().get(day, set())


@pytest.mark.parametrize(
    ("payload", "rule"),
    [
        (listing(DAY, 8), "trending_of_many_days"),
        (b"[]", "trending_not_empty"),
        (b'{"error": "Internal"}', "not_a_list"),
        (b'<html><div data-target="DailyPapers"></div></html>', "no_props"),
        (body([{**record, "paper": {**record["paper"], "upvotes": None}} for record in ranks()]), "records_usable"),
    ],
)
def test_a_trending_list_of_another_shape_is_rejected_and_keeps_no_listing_from_publication(
    home: Warehouse, payload: bytes, rule: str
) -> None:
    load_id = land(home, "trending", payload)
    home.land((DAY, f"{DAY}T22:45:00", listing(DAY, 8)))
    gate = home.check()
    assert gate.problem is None
    assert rule in home.rejected()[load_id]
    if load_id in gate.rejected:
        assert gate.listings[load_id] == "the trending list"


def test_a_run_with_the_trending_list_alone_is_blocked_when_it_is_rejected(home: Warehouse) -> None:
    home.land((DAY, f"{DAY}T22:45:00", listing(DAY, 8)))
    home.check("first")
    land(home, "trending", b"[]")
    gate = home.check("second")
    assert gate.problem and "First: the trending list from https://site.example/trending" in gate.problem


def test_an_unreadable_listing_is_not_hidden_by_an_accepted_trending_list(home: Warehouse) -> None:
    home.land((DAY, f"{DAY}T22:45:00", b"1"))
    land(home, "trending", body(ranks()))
    gate = home.check()
    assert gate.problem and "None of the 1 payload(s) of this run is a listing" in gate.problem


def test_a_trending_list_alone_publishes_nothing_in_an_empty_home(home: Warehouse) -> None:
    land(home, "trending", body(ranks()))
    gate = home.check()
    assert gate.problem and "No listing was ever accepted" in gate.problem


def test_the_trending_array_offered_as_a_daily_listing_is_rejected(home: Warehouse) -> None:
    (load_id,) = home.land((DAY, "2026-09-11T20:00:00", body(ranks())))
    home.check()
    assert "listing_is_of_its_date" in home.rejected()[load_id]
    (marked,) = home.land((DAY, "2026-09-11T20:00:00", page(ranks())))
    home.check("second")
    assert home.rejected()[marked].startswith("not_daily_page")


def test_a_saved_payload_lands_with_the_kind_of_its_content_or_of_the_manifest(home: Warehouse, tmp_path: Path) -> None:
    files = {"2026-09-10.html": page(ranks()), "ranks.json": body(ranks()), "2026-09-10.json": listing(DAY, 3)}
    files["paper.json"] = details("2609.00001")
    for name, payload in files.items():
        (tmp_path / name).write_bytes(payload)
    (tmp_path / "manifest.tsv").write_text(
        "file\tlisting_date\tobserved_at\tkind\nranks.json\t\t2026-09-11T00:00:00Z\ttrending\n"
    )
    imported = import_files(
        home.landing,
        [tmp_path / name for name in files],
        manifest=Manifest(tmp_path / "manifest.tsv"),
        options=Known(),
        max_bytes=2**20,
    )
    kinds = {capture.load_id: (capture.kind, capture.listing_date) for capture in home.landing.captures()}
    assert [kinds[str(one.load_id)] for one in imported] == [
        ("trending", None),
        ("trending", None),
        ("daily", date(2026, 9, 10)),
        ("paper", None),
    ]
    home.load("an import")
    assert not home.rejected()


def test_details_are_an_observation_and_a_404_is_a_fact(home: Warehouse) -> None:
    home.land((DAY, f"{DAY}T22:45:00", listing(DAY, 8)))
    found = land(home, "paper", details("2609.00001"), paper_id="2609.00001", status=200)
    missing = land(home, "paper", b"<html>Not here</html>", paper_id="2609.00002", status=404)
    assert home.check().problem is None and not home.rejected()
    assert home.rows("from raw.paper_totals order by paper_id") == [
        (found, "2609.00001", True, 3, 0, 1),
        (missing, "2609.00002", False, None, None, None),
    ]
    assert home.rows(f"select paper_id, upvotes from raw.entries where load_id = '{found}'") == [("2609.00001", 5)]


def test_details_of_another_shape_are_quarantined_with_the_field(home: Warehouse) -> None:
    home.land((DAY, f"{DAY}T22:45:00", listing(DAY, 8)))
    odd = land(home, "paper", details("2609.00001", numTotalModels="many"), paper_id="2609.00001", status=200)
    refused = land(home, "paper", details("2609.00002", upvotes=None), paper_id="2609.00002", status=200)
    other = land(home, "paper", details("2609.00009"), paper_id="2609.00003", status=200)
    gate = home.check()
    assert gate.problem is None and gate.listings == {refused: "the paper 2609.00002"}
    assert set(home.rejected()) == {refused, other} and home.rejected()[other].startswith("other_paper")
    assert home.warned()[odd] == {"few_records_refused"}
    quarantined = home.rows("select load_id, reason_code, field_path from raw.quarantine")
    assert {(odd, "bad_value", "numTotalModels"), (refused, "bad_value", "upvotes")} <= set(quarantined)
    assert home.rows("select models, datasets, spaces from raw.paper_totals") == [(None, 0, 1)]


def test_a_paper_is_due_by_the_milestones_of_its_listing_until_it_was_observed(home: Warehouse) -> None:
    def due(now: datetime = NOW) -> dict[str, int]:
        return {paper.paper_id: paper.milestone_days for paper in read_paper_plan(home.settings, now)}

    assert due() == {}
    home.land(
        (DAY, f"{DAY}T22:45:00", listing(DAY, 3)), ("2026-09-18", "2026-09-18T22:45:00", listing("2026-09-18", 2))
    )
    home.check()
    ids = [f"2609.{n:05d}" for n in (1, 2, 3)]
    assert due() == dict.fromkeys(ids, 10), "a paper of two days is not due"
    land(home, "paper", details(ids[0]), paper_id=ids[0], status=200)
    assert due(NOW + timedelta(hours=1)) == dict.fromkeys(ids[1:], 10), "a capture counts before it is loaded"
    land(home, "paper", b"", paper_id=ids[1], status=404)
    home.check("second")
    assert due(NOW + timedelta(hours=1)) == {ids[2]: 10}, "a 404 is an observation"
    for hours in (1, 2, 3):
        land(home, "paper", b"1", at=NOW + timedelta(hours=hours), paper_id=ids[2], status=200)
    home.check("third")
    assert due(NOW + timedelta(hours=4)) == {}, "rejected three times"
    assert set(due(NOW + timedelta(days=5))) >= set(ids)


def test_a_load_of_each_kind_is_parsed_again_and_its_line_is_restored(home: Warehouse) -> None:
    home.land((DAY, f"{DAY}T22:45:00", listing(DAY, 8)))
    load_ids = [
        land(home, "trending", body(ranks())),
        land(home, "paper", details("2609.00001"), paper_id="2609.00001", status=200),
        land(home, "paper", b"gone", paper_id="2609.00002", status=404),
        land(home, "paper", details("2609.00003")),
    ]
    home.check()
    before = home.rows("from raw.paper_totals order by load_id")
    with RawStore.open(home.settings.raw_database) as raw:
        for load_id in load_ids:
            assert parse_again(raw, home.landing, load_id, "again").reason is None
    assert home.rows("from raw.paper_totals order by load_id") == before
    captures = {capture.load_id: capture for capture in home.landing.captures()}
    known = known_loads(home.settings.raw_database, None)
    for journal in (home.settings.home / "landing" / "journal").iterdir():
        journal.unlink()
    restored, problems = restore_lines(home.landing, list(known.values()))
    assert len(restored) == 5 and not problems
    for capture in home.landing.captures():
        was = captures[capture.load_id]
        assert (capture.kind, capture.paper_id, capture.status) == (was.kind, was.paper_id, was.status)


@pytest.mark.slow
def test_runs_observe_all_kinds_and_a_rebuild_gives_the_same_tables(papers: Papers, tmp_path: Path) -> None:
    with ReplayServer(SAMPLE) as site:
        settings = {"PAPERS_ENDPOINT": site.url, "PAPERS_ADOPTION": "yes"}
        for moment in (NOW - timedelta(days=1), NOW):
            site.now = moment
            facts = papers.at(moment, "run", "--json", **settings).facts
        kinds = facts["fetched_kinds"]
        assert list(kinds["trending"]["landed"]) == ["trending"] and len(kinds["paper"]["landed"]) > 20
        assert len(site.requests) <= 2 * 60
    listings = "select count(*), sum(last_upvotes), max(observation_count) from marts.fct_listings"
    with papers.published() as connection:
        assert connection.execute(
            "select count(distinct observed_at), min(rank), count(distinct load_id) "
            "from marts.fct_trending_observations"
        ).fetchall() == [(2, 1, 2)]
        ((papers_observed, models),) = connection.execute(
            "select count(distinct paper_id), sum(models) from marts.fct_adoption_observations where is_found"
        ).fetchall()
        assert papers_observed == len(kinds["paper"]["landed"]) and models > 0
        assert connection.execute(
            "select count(*) from marts.fct_adoption_observations inner join marts.fct_upvote_observations "
            "using (paper_id, observed_at)"
        ).fetchall() == [(papers_observed,)]
        before = connection.execute(listings).fetchall()
        known = connection.execute("select count(*) from marts.dim_papers").fetchall()
    stranger = [entry(n, day, 800, githubStars=9) for n, day in enumerate(["2024-09-10", "2025-01-03"], start=1)]
    (tmp_path / "2026-09-20.html").write_bytes(page([*ranks(upvotes=700), *stranger]))
    arguments = (
        "import",
        tmp_path / "2026-09-20.html",
        "--observed-at",
        f"{NOW + timedelta(minutes=5):%FT%TZ}",
        "--json",
    )
    imported = papers.at(NOW + timedelta(hours=1), *arguments).facts
    assert imported["counts"] == {"loaded": 1}
    with papers.published() as connection:
        assert connection.execute(listings).fetchall() == before
        assert connection.execute("select count(*) from marts.dim_papers").fetchall() == known
        assert connection.execute(
            "select count(*) from marts.fct_trending_observations where upvotes = 800"
        ).fetchall() == [(2,)]
    tables = papers.tables()
    papers.at(NOW + timedelta(hours=2), "rebuild")
    assert papers.tables() == tables
    status = papers("status", "--json").facts
    assert {load["kind"] for load in status["loads"]} == {"daily", "trending", "paper"}


def test_the_asset_of_one_kind_is_launched_alone(home: Warehouse) -> None:
    with ReplayServer(SAMPLE) as site, HttpClient(limits=HttpLimits(min_interval=0)) as http:
        resources = {"source": DailyPapersClient(site.url, http), "warehouse": home.settings, "outcome": Outcome()}
        trending = dg.materialize([landed_trending], resources=resources)
        papers = dg.materialize([landed_papers], resources=resources)
    assert trending.asset_materializations_for_node("landing__trending")[0].metadata["landed"].value == 1
    skipped = papers.asset_materializations_for_node("landing__papers")[0].metadata
    assert (skipped["landed"].value, skipped["skipped because"].value) == (0, "PAPERS_ADOPTION is no")
    assert [capture.kind for capture in home.landing.captures()] == ["trending"]


def test_a_trending_list_that_fails_is_a_remark(home: Warehouse) -> None:
    with ReplayServer(SAMPLE, faults=[Fault("error", status=403, route="trending")]) as site:
        outcome = Outcome()
        with HttpClient(limits=HttpLimits(min_interval=0)) as http:
            pipeline.fetch_trending(home.settings, DailyPapersClient(site.url, http), outcome)
            http.budget = RequestBudget(0)
            pipeline.fetch_trending(home.settings, DailyPapersClient(site.url, http), outcome)
    assert outcome.error is None
    assert ["not observed" in remark for remark in outcome.remarks] == [True, True]
    assert "403" in outcome.remarks[0] and "no requests left" in outcome.remarks[1]
