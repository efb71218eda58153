"""What counts as an observation of a listing, `papers plan`, and runs that observe what is due."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import dagster as dg
import pytest
from gate_pieces import Warehouse, listing

from orchestration import pipeline
from orchestration.assets.landing import LISTINGS, ListingsConfig
from orchestration.outcome import Outcome
from sources.replay import ReplayServer
from tests.conftest import SAMPLE, Papers
from warehouse.landing.fetching import client_of
from warehouse.landing.plan import DueListing
from warehouse.raw.observations import read_plan
from warehouse.raw.store import RawStore
from warehouse.settings import Settings

NOW = datetime(2026, 9, 20, 12, tzinfo=UTC)
DAY = date(2026, 9, 10)
#: A moment after the milestone of 10 days that the listing of DAY has passed at NOW.
SEEN = "2026-09-20T02:45:00"


@pytest.fixture
def home(tmp_path: Path) -> Warehouse:
    return Warehouse.at(tmp_path / "home")


def due(home: Warehouse, day: date = DAY, now: datetime = NOW) -> DueListing | None:
    return next((listing for listing in read_plan(home.settings, now) if listing.listing_date == day), None)


def test_an_accepted_load_after_the_milestone_observes_the_listing(home: Warehouse) -> None:
    (before,) = home.land((str(DAY), "2026-09-19T22:45:00", listing(str(DAY), 3)), basis="clock")
    home.check()
    found = due(home)
    assert found and (found.milestone_days, found.last_observed_at) == (10, datetime(2026, 9, 19, 22, 45, tzinfo=UTC))
    home.land((str(DAY), SEEN, listing(str(DAY), 3)), basis="clock")
    assert due(home) is None, "landed and not loaded yet"
    home.check()
    assert due(home) is None
    assert home.rejected() == {} and before


def test_a_rejected_load_observes_nothing_and_is_tried_again_a_few_times(home: Warehouse) -> None:
    home.land((str(DAY), "2026-09-11T02:45:00", listing(str(DAY), 3)), basis="clock")
    home.check()
    for hour in range(3):
        assert due(home) is not None
        home.land((str(DAY), f"2026-09-20T0{hour}:45:00", b'{"error": "not a listing"}'), basis="clock")
        home.check()
    assert len(home.rejected()) == 3
    assert due(home) is None
    later = due(home, now=NOW + timedelta(days=4))
    assert later and later.milestone_days == 14


def test_the_empty_listing_of_a_weekend_is_observed(home: Warehouse) -> None:
    saturday = date(2026, 9, 12)
    assert due(home, saturday, NOW - timedelta(days=2)) is not None
    home.land((str(saturday), "2026-09-19T22:45:00", b"[]"), basis="clock")
    home.check()
    assert home.rejected() == {}
    assert due(home, saturday) is None


def test_other_kinds_of_captures_observe_no_listing(home: Warehouse) -> None:
    with home.landing.writing() as batch:
        batch.land(
            [("https://site.example/papers/trending", b"[]")],
            source="https://site.example/papers/trending",
            listing_date=DAY,
            observed_at=NOW,
            observed_at_basis="clock",
            kind="trending",
        )
    home.land((str(DAY), "2026-09-11T02:45:00", b"[]"), basis="clock")
    found = due(home)
    assert found and found.last_observed_at == datetime(2026, 9, 11, 2, 45, tzinfo=UTC)


def test_an_observation_of_the_future_is_none(home: Warehouse) -> None:
    home.land((str(DAY), "2026-09-21T02:45:00", listing(str(DAY), 3)), basis="clock")
    home.load("a run")
    found = due(replace(home, settings=replace(home.settings, lookback=30)))
    assert found and found.last_observed_at is None


def test_a_new_home_considers_the_lookback_and_from_then_on_every_day(home: Warehouse) -> None:
    days = [listing.listing_date for listing in read_plan(home.settings, NOW)]
    assert sorted(days) == [NOW.date() - timedelta(days=n) for n in range(6, -1, -1)]
    home.land((str(NOW.date()), f"{NOW:%Y-%m-%dT%H:%M:%S}", b"[]"), basis="clock")
    home.load("a run")
    later = NOW + timedelta(days=30)
    days = [listing.listing_date for listing in read_plan(home.settings, later)]
    assert sorted(days) == [NOW.date() + timedelta(days=n) for n in range(-6, 31)]


def test_imported_dates_are_observed_again_and_the_dates_between_are_not_fetched(home: Warehouse) -> None:
    old = [date(2024, 5, 6), date(2024, 5, 8)]
    home.land(*((str(day), f"{day}T20:00:00", listing(str(day), 3)) for day in old))
    home.load("an import")
    found = {listing.listing_date: listing for listing in read_plan(home.settings, NOW)}
    assert sorted(found)[:3] == [*old, NOW.date() - timedelta(days=6)]
    assert found[old[0]].milestone_days == 730


def test_a_listing_needs_the_requests_that_it_took_last(home: Warehouse) -> None:
    with home.landing.writing() as batch:
        batch.land(
            [("p0", listing(str(DAY), 3)), ("p1", b"[]"), ("p2", b"[]")],
            source="p0",
            listing_date=DAY,
            observed_at=NOW - timedelta(days=5),
            observed_at_basis="clock",
        )
    for _ in range(2):
        found = due(home)
        assert found and found.requests == 3
        home.load("a run")


def test_the_journal_alone_gives_the_plan_where_the_raw_tables_are_damaged(
    home: Warehouse, site: ReplayServer, set_clock: Callable[[datetime], None]
) -> None:
    set_clock(NOW)
    home.land((str(DAY), SEEN, listing(str(DAY), 3)), basis="clock")
    home.load("a run")
    home.settings.raw_database.write_bytes(b"damaged" * 1000)
    settings = replace(home.settings, endpoint=site.url, min_interval=0)
    report = pipeline.fetch(settings, client_of(settings), None, Outcome())
    assert report.landed and DAY not in report.landed


# --- Runs


def test_partitions_and_dates_that_are_chosen_are_observed_whether_due_or_not(
    set_clock: Callable[[datetime], None],
) -> None:
    set_clock(NOW)
    settings, today = replace(Settings(), lookback=3), NOW.date()
    assert ListingsConfig().dates([], settings) is None, "the plan"
    assert ListingsConfig().dates([DAY, today], settings) == [DAY, today]
    assert ListingsConfig(date=str(DAY)).dates([], settings) == [DAY - timedelta(days=n) for n in (2, 1, 0)]
    assert ListingsConfig(lookback=2).dates([], settings) == [today - timedelta(days=1), today]


@pytest.fixture
def site() -> Iterator[ReplayServer]:
    with ReplayServer(SAMPLE) as server:
        yield server


def test_a_run_sends_no_more_requests_than_it_may_and_the_next_goes_on(
    home: Warehouse, site: ReplayServer, set_clock: Callable[[datetime], None]
) -> None:
    set_clock(NOW)
    settings = replace(home.settings, endpoint=site.url, min_interval=0, max_requests=10, lookback=14)
    planned = [listing.listing_date for listing in read_plan(settings, NOW)][3:]
    landed: list[date] = []
    for _ in range(2):
        site.requests.clear()
        report = pipeline.fetch(settings, client_of(settings), None, Outcome())
        assert len(site.requests) <= 10
        assert set(list(report.landed)[:3]) == {NOW.date() - timedelta(days=n) for n in range(3)}
        landed += list(report.landed)[3:]
        assert landed == planned[: len(landed)] and report.postponed == planned[len(landed) :]
    assert len(landed) > 3
    # Dates that are asked for by name are observed whatever the budget.
    site.requests.clear()
    report = pipeline.fetch(settings, client_of(settings), [DAY - timedelta(days=n) for n in range(12)], Outcome())
    assert len(report.landed) == 12 and len(site.requests) > 10 and not report.postponed


def test_papers_plan_says_what_is_due_and_why(papers: Papers, set_clock: Callable[[datetime], None]) -> None:
    set_clock(NOW)
    home = Warehouse.at(papers.home)
    days = [DAY + timedelta(days=n) for n in range(8)]
    home.land(*((str(day), "2026-09-17T22:45:00", listing(str(day), 3)) for day in days), basis="clock")
    home.load("a run")
    facts = papers("plan", "--json", PAPERS_MAX_REQUESTS="10", PAPERS_LOOKBACK="14").facts
    assert (facts["schema_version"], facts["max_requests"], facts["at"]) == (1, 10, NOW.isoformat())
    assert facts["next_ticks"][0] == "2026-09-20T14:45:00+00:00"
    first, *_ = facts["due"]
    assert first == {
        "listing_date": "2026-09-20",
        "age_days": 0,
        "milestone_days": None,
        "due_since": "2026-09-20T00:00:00+00:00",
        "last_observed_at": None,
        "requests": 1,
        "reason": "every run observes a listing of up to 2 days",
        "is_within_budget": True,
    }
    assert [one["is_within_budget"] for one in facts["due"]] == [True] * 10 + [False] * (len(facts["due"]) - 10)
    shown = papers("plan", PAPERS_MAX_REQUESTS="10", PAPERS_LOOKBACK="14").out
    assert "it became 10 days old on 2026-09-20" in shown and "it was never observed" in shown
    assert "2026-09-17 22:45" in shown and "this run" in shown and "next run" in shown
    assert f"{len(facts['due'])} listings due at 2026-09-20 12:00 UTC, 10 within the 10 requests of one run" in shown


def test_papers_plan_plans_for_other_days(papers: Papers, set_clock: Callable[[datetime], None]) -> None:
    set_clock(NOW)
    facts = papers("plan", "--json", "--date", "2026-09-25").facts
    assert facts["at"] == "2026-09-25T12:00:00+00:00" and facts["due"][0]["listing_date"] == "2026-09-25"
    for wrong in ("tomorrow", "2099-01-01", "2020-01-01"):
        assert papers("plan", "--date", wrong, expect=2).err.startswith("Error: --date is ")
    refused = papers("plan", expect=2, PAPERS_SCHEDULE="0 0 31 4 *").err
    assert "PAPERS_SCHEDULE is '0 0 31 4 *', which names no moment" in refused
    assert not (papers.home / "raw.duckdb").exists()


@pytest.mark.slow
def test_runs_by_the_plan_publish_what_the_site_showed_and_a_rebuild_gives_the_same(papers: Papers) -> None:
    moments = [
        datetime(2026, 9, day, hour, 45, tzinfo=UTC)
        for day, hour in ((7, 2), (7, 10), (7, 22), (8, 10), (12, 22), (17, 22), (21, 14), (30, 2))
    ]
    milestones: set[tuple[date, int]] = set()
    observed: set[str] = set()
    with ReplayServer(SAMPLE) as site:
        for moment in moments:
            site.now = moment
            site.requests.clear()
            planned = papers.at(moment, "plan", "--json").facts["due"]
            facts = papers.at(moment, "run", "--json", PAPERS_ENDPOINT=site.url).facts
            assert list(facts["fetched"]) == [one["listing_date"] for one in planned if one["is_within_budget"]]
            assert not facts["not_fetched"] and not facts["refused"] and len(site.requests) <= 60
            milestones |= {(date.fromisoformat(one["listing_date"]), one["milestone_days"] or 0) for one in planned}
            observed |= set(facts["fetched"])
        shown: set[tuple[str, datetime, int]] = set()
        with RawStore.reading(papers.home / "raw.duckdb") as raw:
            loads = raw.execute("select listing_date, observed_at from raw.loads where verdict = 'accepted'").fetchall()
        for listing_date, observed_at in loads:
            for entry in site.archive.entries(listing_date, observed_at.replace(tzinfo=UTC)):
                shown.add((entry["paper"]["id"], observed_at, entry["paper"]["upvotes"]))
    query = "select paper_id, observed_at, upvotes from marts.fct_upvote_observations order by all"
    with papers.published() as connection:
        published = connection.execute(query).fetchall()
        trends = connection.execute("from marts.rpt_paper_trends order by all").fetchall()
    with dg.DagsterInstance.from_config(str(papers.home / "dagster")) as instance:
        assert instance.get_materialized_partitions(LISTINGS) == observed
    assert set(published) == shown and len(published) == len(shown)
    assert {observed_at for _, observed_at in loads} == {moment.replace(tzinfo=None) for moment in moments}
    assert {(date(2026, 9, 7), 10), (date(2026, 9, 7), 14), (date(2026, 9, 7), 21), (date(2026, 9, 8), 4)} <= milestones
    papers("rebuild")
    with papers.published() as connection:
        assert connection.execute(query).fetchall() == published
        assert connection.execute("from marts.rpt_paper_trends order by all").fetchall() == trends
