"""Any calendar day: weekends, the turn of the year, ISO week 53, 29 February, the nights of New York's time changes."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import dagster as dg
import duckdb
import pytest
from gate_pieces import Warehouse, listing
from test_trend_oracle import differences, read_facts, table, trends

from orchestration.assets.landing import ListingsConfig
from orchestration.partitions import LISTING_DATES
from orchestration.runs import demo
from sources.daily_papers.submission import from_new_york
from sources.daily_papers.text_dates import read_page_date
from sources.http import retry_after
from sources.replay import ReplayServer
from tests.conftest import Papers
from tests.worlds.large import OBSERVATION_TIME, newest_last_date, next_weekday
from tests.worlds.shapes import capture_name
from warehouse.clock import utc_now
from warehouse.digest.rendering import issue_key
from warehouse.errors import InputError
from warehouse.landing.fetching import client_of, observed_since, trailing_dates
from warehouse.landing.importing import parse_day, read_manifest
from warehouse.publication.queries import load_queries
from warehouse.raw.observations import read_plan
from warehouse.report import words
from warehouse.report.boards import _is_open
from warehouse.report.charts import keyword_chart
from warehouse.settings import Settings

SetClock = Callable[[datetime], None]
MOMENTS = {
    "Saturday": datetime(2026, 11, 28, 12, tzinfo=UTC),
    "Sunday": datetime(2026, 11, 29, 23, 59, 59, tzinfo=UTC),
    "Monday": datetime(2026, 11, 30, tzinfo=UTC),
    "31 December, in week 53": datetime(2026, 12, 31, 23, 30, tzinfo=UTC),
    "1 January, in week 53 too": datetime(2027, 1, 1, 0, 10, tzinfo=UTC),
    "1 January, a Monday": datetime(2029, 1, 1, 12, tzinfo=UTC),
    "29 February": datetime(2028, 2, 29, 12, tzinfo=UTC),
    "1 March of a leap year": datetime(2028, 3, 1, 12, tzinfo=UTC),
    "before the spring change": datetime(2026, 3, 8, 6, 59, 59, tzinfo=UTC),
    "after the spring change": datetime(2026, 3, 8, 7, tzinfo=UTC),
    "before the autumn change": datetime(2026, 11, 1, 5, 59, 59, tzinfo=UTC),
    "after the autumn change": datetime(2026, 11, 1, 6, tzinfo=UTC),
}
any_day = pytest.mark.parametrize("now", MOMENTS.values(), ids=MOMENTS)


# --- Which dates are asked for


@any_day
def test_a_first_run_observes_the_days_up_to_today_all_of_which_are_partitions(
    now: datetime, set_clock: SetClock, tmp_path: Path
) -> None:
    set_clock(now)
    due = {listing.listing_date for listing in read_plan(replace(Settings(), home=tmp_path, lookback=7), now)}
    assert due == {now.date() - timedelta(days=n) for n in range(7)}
    with dg.partition_loading_context(effective_dt=now):
        assert {str(day) for day in due} <= set(LISTING_DATES.get_partition_keys())


@pytest.mark.parametrize(
    ("last", "first"),
    [
        (date(2027, 1, 1), date(2026, 12, 26)),
        (date(2028, 3, 1), date(2028, 2, 24)),
        (date(2027, 3, 1), date(2027, 2, 23)),
        (date(2026, 3, 8), date(2026, 3, 2)),
        (date(2026, 11, 1), date(2026, 10, 26)),
    ],
)
def test_trailing_dates_are_calendar_days(last: date, first: date) -> None:
    assert trailing_dates(last, 7) == (first, last)


@any_day
def test_today_is_a_listing_date_and_tomorrow_is_not_yet(now: datetime, set_clock: SetClock) -> None:
    set_clock(now)
    today, tomorrow = now.date(), now.date() + timedelta(days=1)
    assert parse_day(str(today), "--date") == today
    with pytest.raises(InputError, match="lies in the future"):
        parse_day(str(tomorrow), "--date")
    assert ListingsConfig(lookback=2).dates([], Settings()) == [today - timedelta(days=1), today]


@any_day
def test_a_manifest_accepts_moments_up_to_now(now: datetime, set_clock: SetClock, tmp_path: Path) -> None:
    set_clock(now)
    manifest = tmp_path / "manifest.tsv"

    def written(day: date, moment: datetime) -> Path:
        manifest.write_text(f"file\tlisting_date\tobserved_at\na.json\t{day}\t{moment.isoformat()}\n")
        return manifest

    (known,) = read_manifest(written(now.date(), now)).values()
    assert (known.listing_date, known.observed_at) == (now.date(), now)
    for day, moment in ((now.date(), now + timedelta(hours=1)), (now.date() + timedelta(days=1), now)):
        with pytest.raises(InputError, match=r"line 2: .* lies in the future"):
            read_manifest(written(day, moment))


# --- The moment of an observation


@any_day
def test_a_listing_observed_now_is_in_the_journal_of_today(now: datetime, set_clock: SetClock, tmp_path: Path) -> None:
    set_clock(now)
    home = Warehouse.at(tmp_path / "home")
    home.land((str(now.date()), f"{now:%Y-%m-%dT%H:%M:%S}", b"[]"), basis="clock")
    assert observed_since(home.landing, now) == {now.date()}
    assert observed_since(home.landing, now + timedelta(seconds=1)) == set()
    assert [path.stem for path in (home.settings.landing / "journal").iterdir()] == [str(now.date())]


def test_the_client_observes_at_the_time_of_the_warehouse(set_clock: SetClock) -> None:
    set_clock(MOMENTS["29 February"])
    assert client_of(Settings())._now() == MOMENTS["29 February"] == utc_now()


@any_day
def test_a_server_that_names_a_moment_is_waited_for_until_then(now: datetime) -> None:
    names = f"{now + timedelta(seconds=90):%a, %d %b %Y %H:%M:%S} GMT"
    assert retry_after({"Retry-After": names}, now) == 90


@pytest.mark.parametrize(
    ("printed", "captured", "meant"),
    [
        ("Dec 31", MOMENTS["31 December, in week 53"], date(2026, 12, 31)),
        ("Jan 1", MOMENTS["31 December, in week 53"], date(2027, 1, 1)),
        ("Jan 2", MOMENTS["31 December, in week 53"], date(2026, 1, 2)),
        ("Dec 31", MOMENTS["1 January, in week 53 too"], date(2026, 12, 31)),
        ("Jan 2", MOMENTS["1 January, in week 53 too"], date(2027, 1, 2)),
        ("Jan 3", MOMENTS["1 January, in week 53 too"], date(2026, 1, 3)),
        ("Feb 29", MOMENTS["29 February"], date(2028, 2, 29)),
        ("Mar 1", MOMENTS["29 February"], date(2028, 3, 1)),
        ("Feb 29", MOMENTS["29 February"] - timedelta(days=1), date(2028, 2, 29)),
        ("Mar 8", MOMENTS["before the spring change"], date(2026, 3, 8)),
    ],
)
def test_a_date_without_a_year_is_the_latest_that_is_not_in_the_future(
    printed: str, captured: datetime, meant: date
) -> None:
    page_date = read_page_date(printed)
    assert page_date is not None and page_date.on(captured) == meant


@pytest.mark.parametrize(
    ("spring", "autumn"),
    [
        (date(2024, 3, 10), date(2024, 11, 3)),
        (date(2025, 3, 9), date(2025, 11, 2)),
        (date(2026, 3, 8), date(2026, 11, 1)),
        (date(2027, 3, 14), date(2027, 11, 7)),
        (date(2028, 3, 12), date(2028, 11, 5)),
    ],
)
def test_new_york_is_five_hours_behind_utc_and_four_between_its_changes(spring: date, autumn: date) -> None:
    def utc(day: date, hour: int, minute: int = 0) -> datetime:
        return datetime(day.year, day.month, day.day, hour, minute, tzinfo=UTC)

    assert from_new_york(utc(spring, 1, 59)) == utc(spring, 6, 59)
    assert from_new_york(utc(spring, 3)) == utc(spring, 7)
    assert from_new_york(utc(autumn, 0, 59)) == utc(autumn, 4, 59)
    # From 01:00 to 02:00 New York's clocks show each time twice; the first is meant.
    assert from_new_york(utc(autumn, 1, 30)) == utc(autumn, 5, 30)
    assert from_new_york(utc(autumn, 2)) == utc(autumn, 7)


# --- Weeks


@pytest.mark.parametrize(
    ("as_of", "issue"),
    [
        (datetime(2026, 12, 27, 23, 59), "2026-W52"),
        (datetime(2026, 12, 28), "2026-W53"),
        (datetime(2026, 12, 31, 23, 30), "2026-W53"),
        (datetime(2027, 1, 1, 0, 10), "2026-W53"),
        (datetime(2027, 1, 3, 23, 59), "2026-W53"),
        (datetime(2027, 1, 4), "2027-W01"),
        (datetime(2024, 12, 30), "2025-W01"),
        (datetime(2028, 2, 29), "2028-W09"),
    ],
)
def test_a_weekly_issue_is_named_by_the_year_of_its_iso_week(as_of: datetime, issue: str) -> None:
    assert issue_key("7d", as_of) == issue


def test_a_week_on_the_report_is_open_until_its_sunday_is_over() -> None:
    with duckdb.connect() as connection:
        for as_of, is_open in (("2027-01-03 23:59:59", True), ("2027-01-04 00:00:00", False)):
            connection.execute(f"create or replace table rpt_paper_trends as select timestamp '{as_of}' as as_of")
            assert _is_open(connection, date(2026, 12, 28)) is is_open


def test_a_chart_marks_mondays_through_the_turn_of_the_year() -> None:
    weeks = [date(2026, 11, 30) + timedelta(days=7 * n) for n in range(10)]
    svg = keyword_chart([("agent", week, 1) for week in weeks], ["agent"])
    labels = re.findall(r"<text[^>]*>(\d+ [A-Z][a-z]{2} \d{4})</text>", svg)
    assert labels == [words.day(weeks[n]) for n in (0, 4, 9)]
    assert [f"week of {words.day(week)}" in svg for week in weeks] == [True] * 10


@pytest.fixture
def marts() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as connection:
        connection.execute("create schema marts")
        yield connection


def test_a_keyword_of_the_first_days_of_a_quarter_is_new_though_its_week_began_before(
    marts: duckdb.DuckDBPyConnection,
) -> None:
    marts.execute("create table marts.dim_papers as select date '2027-01-08' as last_listed_on")
    marts.execute(
        """create table marts.dim_keywords as from (values
            ('old', date '2026-12-31', 1), ('new', date '2027-01-01', 1), ('later', date '2027-01-07', 1)
        ) as t (keyword, first_listed_on, listed_count), (select 1 as upvotes)"""
    )
    rows = marts.execute(load_queries()["keywords_new_this_quarter"].sql).fetchall()
    assert {keyword: week for keyword, week, _ in rows} == {"new": date(2026, 12, 28), "later": date(2027, 1, 4)}


# --- Whole runs


def _write_listing(folder: Path, day: date, observed_at: datetime, upvotes: int) -> None:
    """A capture of a listing of two papers: one with ``upvotes`` and the keyword ``all``, one with none of either."""
    listed = json.loads(listing(str(day), 2, upvotes))
    listed[0]["paper"] |= {"id": f"{day:%y%m.%d}001", "ai_keywords": ["all"], "ai_summary": "Invented."}
    listed[1]["paper"] |= {"id": f"{day:%y%m.%d}002", "upvotes": 0}
    (folder / capture_name(day, observed_at, "json")).write_text(json.dumps(listed))


@pytest.mark.slow
@pytest.mark.parametrize("name", ["Saturday", "1 January, in week 53 too", "29 February"])
def test_a_run_publishes_the_listing_of_that_day(name: str, papers: Papers, tmp_path: Path) -> None:
    now = MOMENTS[name]
    _write_listing(tmp_path, now.date(), now, 3)
    with ReplayServer(tmp_path, now=now) as site:
        facts = papers.at(now, "run", "--lookback", "3", "--json", PAPERS_ENDPOINT=site.url).facts
    assert not facts["not_fetched"] and not facts["refused"]
    assert papers.value("select max(listing_date) from marts.fct_listings") == now.date()
    assert papers.value("select max(observed_at) from marts.fct_upvote_observations") == now.replace(tzinfo=None)


@pytest.mark.slow
def test_runs_through_the_turn_of_the_year_keep_week_53_whole(papers: Papers, tmp_path: Path) -> None:
    # One paper with the keyword is listed each day and has 1 upvote at first, then 1 more each day.
    evenings = [datetime(2026, 12, 29, 22, tzinfo=UTC) + timedelta(days=n) for n in range(7)]
    evening = {moment.date(): moment for moment in evenings}
    for day in evening:
        for later in (d for d in evening if d >= day):
            _write_listing(tmp_path, day, evening[later], 1 + (later - day).days)
    with ReplayServer(tmp_path) as site:
        for day in (date(2026, 12, 31), date(2027, 1, 1), date(2027, 1, 3), date(2027, 1, 4)):
            site.now = evening[day]
            papers.at(evening[day], "run", "--lookback", "7", PAPERS_ENDPOINT=site.url)
    with papers.published() as connection:
        weeks = connection.execute(
            "select week, papers_listed, upvotes_gained from marts.rpt_keyword_trends where keyword = 'all' order by 1"
        ).fetchall()
        told = trends(*read_facts(connection))
        papers_now = table(connection, "select * from marts.rpt_paper_trends", ["paper_id"])
        assert [differences(row, told[paper]) for (paper,), row in papers_now.items()] == [[]] * 14
    # Tuesday to Sunday are in week 53. Until Sunday the papers of Tuesday to Thursday, first observed on Thursday,
    # gained 3 each and Friday's 2; those of Saturday and Sunday were observed once. On Monday each of the six gained 1.
    assert weeks == [(date(2026, 12, 28), 6, 3 + 3 + 3 + 2), (date(2027, 1, 4), 1, 6)]


# --- The demo and the measurements


@pytest.mark.parametrize("behind", [MOMENTS["before the spring change"], datetime(2020, 1, 1, tzinfo=UTC)])
def test_the_demo_has_its_own_time_where_the_clock_is_behind_it(behind: datetime, set_clock: SetClock) -> None:
    set_clock(behind)
    last = demo._moments()[-1]
    with demo._clock_not_before(last):
        assert utc_now() == last
        assert LISTING_DATES.get_last_partition_key() == str(last.date())
    assert utc_now() == behind


@any_day
def test_the_demo_leaves_a_clock_alone_that_is_ahead_of_it(now: datetime, set_clock: SetClock) -> None:
    set_clock(now)
    with demo._clock_not_before(now - timedelta(days=1)):
        assert utc_now() == now


@any_day
def test_the_new_day_of_a_measured_world_is_the_newest_weekday_and_can_be_observed_now(now: datetime) -> None:
    today = now.date()
    last_date = newest_last_date(today)
    new_date = next_weekday(last_date)
    assert last_date < new_date <= today
    assert last_date.weekday() < 5 and new_date.weekday() < 5
    assert (today - new_date).days == max(0, today.weekday() - 4)
    assert datetime.combine(last_date, OBSERVATION_TIME, tzinfo=UTC) < now
