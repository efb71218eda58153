"""An oracle for the trends: every metric again in plain Python, from the definitions in docs/trends.md.

It reads two tables of facts, ``fct_upvote_observations`` and ``fct_listings``, and shares no SQL with the models.
"""

from __future__ import annotations

import json
import math
import random
import re
from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from statistics import fmean
from typing import Any

import duckdb
import pytest

from tests.conftest import ROOT, Papers

NOT_LISTED, ONCE, STALE = "no daily list had it", "one observation only", "not observed in the last 24 hours"
AGE_BANDS = (0, 6, 12, 24, 36, 48, 72, 96, 168, 336)
Row = dict[str, Any]


@dataclass(frozen=True)
class Look:
    """One observation of a paper."""

    at: datetime
    upvotes: int
    place: int | None
    comments: int | None


@dataclass
class Step:
    """From one look at a paper to the next."""

    paper: str
    start: Look
    end: Look
    expected: float = 0.0

    @property
    def gain(self) -> int:
        return self.end.upvotes - self.start.upvotes

    @property
    def hours(self) -> float:
        return hours_between(self.start.at, self.end.at)


def hours_between(earlier: datetime, later: datetime) -> float:
    return (later - earlier).total_seconds() / 3600


def midnight(day: date) -> datetime:
    return datetime(day.year, day.month, day.day)


def last_until(looks: list[Look], moment: datetime) -> Look | None:
    return next((look for look in reversed(looks) if look.at <= moment), None)


def velocity_of(looks: list[Look]) -> float | None:
    """Exponentially weighted rate with a half-life of 24 hours, seen from the last look."""
    if len(looks) < 2:
        return None

    def weight(look: Look) -> float:
        return math.exp(-math.log(2) * hours_between(look.at, looks[-1].at) / 24)

    steps = [Step("", a, b) for a, b in pairwise(looks)]
    weights = [weight(s.end) - weight(s.start) for s in steps]
    return math.fsum(s.gain / s.hours * w for s, w in zip(steps, weights, strict=True)) / math.fsum(weights)


def expect(steps: list[Step], listed: dict[str, date]) -> None:
    """Fill in what the history makes one expect of each step."""

    def age(step: Step) -> int:
        hours = hours_between(midnight(listed[step.paper]), step.start.at)
        return max((band for band in AGE_BANDS if band <= hours), default=0)

    def place(step: Step) -> str:
        if step.start.place is None:
            return "?"
        return next(
            name
            for name, last in (("top", 3), ("first", 10), ("second", 30), ("rest", 10**9))
            if step.start.place <= last
        )

    def weekday(step: Step) -> int:
        return step.start.at.weekday()

    def factors(of: Callable[[Step], Any]) -> dict[Any, float]:
        gains, expected = defaultdict(int), defaultdict(list)
        for step in steps:
            gains[of(step)] += step.gain
            expected[of(step)].append(step.expected)
        return {key: (max(gains[key], 0) + 20) / (math.fsum(expected[key]) + 20) for key in gains}

    gains, hours = defaultdict(int), defaultdict(list)
    for step in steps:
        gains[age(step)] += step.gain
        hours[age(step)].append(step.hours)
    for step in steps:
        step.expected = step.hours * max(gains[age(step)], 0) / math.fsum(hours[age(step)])
    for of in (weekday, place):
        found = factors(of)
        for step in steps:
            step.expected *= found[of(step)]


def burst_of(steps: list[Step]) -> tuple[float, datetime, datetime] | None:
    """Score, start and end of the best burst: every stretch of steps after the first is tried."""
    evidence = []
    for number, step in enumerate(steps):
        before = steps[:number]
        level = (max(sum(s.gain for s in before), 0) + 5) / (math.fsum(s.expected for s in before) + 5)
        evidence.append(step.gain * math.log(3) - 2 * step.expected * level)
    best = None
    for last in range(1, len(steps)):
        for first in range(last, 0, -1):
            score = math.fsum(evidence[first : last + 1])
            # The strongest; of equals the one that ends first, and of those the one that starts last.
            if best is None or score > best[0] + 1e-9:
                best = (score, steps[first].start.at, steps[last].end.at)
    return best


def share_below(value: int, others: list[int]) -> float:
    return sum(other < value for other in others) / (len(others) - 1) if len(others) > 1 else 0.0


def trends(looks_of: dict[str, list[Look]], listed: dict[str, date]) -> dict[str, Row]:
    """Every column of ``rpt_paper_trends`` by paper."""
    now = max(looks[-1].at for looks in looks_of.values())
    steps_of = {p: [Step(p, a, b) for a, b in pairwise(ls)] for p, ls in looks_of.items()}
    expect([step for paper, steps in steps_of.items() if paper in listed for step in steps], listed)
    totals = {paper: looks[-1].upvotes for paper, looks in looks_of.items()}
    cohorts = defaultdict(list)
    for paper, total in totals.items():
        if paper in listed:
            cohorts[listed[paper]].append(total)
    rows: dict[str, Row] = {}
    for paper, looks in looks_of.items():
        row = _history(looks, now)
        row |= _scores(totals[paper], listed.get(paper), now)
        row |= _attention(looks, steps_of[paper], paper in listed)
        row |= _cohort(totals[paper], cohorts[listed[paper]] if paper in listed else None)
        row["upvote_rank"] = 1 + sum(other > totals[paper] for other in totals.values())
        row["first_listed_on"] = listed.get(paper)
        row["comments"] = next((look.comments for look in reversed(looks) if look.comments is not None), None)
        rows[paper] = row
    moving = [p for p in rows if rows[p]["velocity"] is not None]
    moving.sort(key=lambda p: (-round(rows[p]["velocity"], 9), -totals[p], listed.get(p, date.max), p))
    for paper, row in rows.items():
        row["velocity_rank"] = moving.index(paper) + 1 if paper in moving else None
    return rows


def _history(looks: list[Look], now: datetime) -> Row:
    first, last = looks[0], looks[-1]
    day = timedelta(hours=24)
    day_base = last_until(looks, now - day)
    day_gain, week_gain = gain_of_window("24h", looks, now), gain_of_window("7d", looks, now)
    today = last.at > now - day
    earlier = velocity_of([look for look in looks if look.at <= now - day])
    base = day_base or first
    velocity = velocity_of(looks) if today else None
    no_velocity = STALE if not today else ONCE if len(looks) == 1 else None
    half = next(look for look in looks if 2 * look.upvotes >= last.upvotes)
    before_half = looks[looks.index(half) - 1]
    half_reason = "no upvotes" if last.upvotes == 0 else "half was reached before the first observation"
    by_day: dict[date, int] = defaultdict(int)
    for a, b in pairwise(looks):
        by_day[b.at.date()] += b.upvotes - a.upvotes
    seen_on = {look.at.date() for look in looks}
    rising = sorted((-gain, day_) for day_, gain in by_day.items() if gain > 0)
    return {
        "as_of": now,
        "upvotes": last.upvotes,
        "observation_count": len(looks),
        "first_observed_at": first.at,
        "last_observed_at": last.at,
        "observed_hours": hours_between(first.at, last.at),
        "gain_observed": last.upvotes - first.upvotes if len(looks) > 1 else None,
        "gain_observed_missing_reason": ONCE if len(looks) == 1 else None,
        **day_gain,
        **week_gain,
        "velocity": velocity,
        "velocity_missing_reason": no_velocity,
        "rate_24h": (last.upvotes - base.upvotes) / hours_between(base.at, last.at) if no_velocity is None else None,
        "rate_24h_missing_reason": no_velocity,
        "acceleration": (velocity - earlier) / hours_between(day_base.at, last.at)
        if velocity is not None and earlier is not None and day_base
        else None,
        "acceleration_missing_reason": no_velocity
        or ("fewer than two observations until 24 hours ago" if earlier is None else None),
        "half_life_hours": hours_between(first.at, half.at) if half is not first else None,
        "half_life_resolution_hours": hours_between(before_half.at, half.at) if half is not first else None,
        "half_life_missing_reason": None if half is not first else ONCE if len(looks) == 1 else half_reason,
        "peak_day": rising[0][1] if rising else None,
        "peak_day_gain": -rising[0][0] if rising else None,
        "peak_day_unobserved_days": unobserved_days_before(rising[0][1], seen_on) if rising else None,
        "peak_day_missing_reason": ONCE if len(looks) == 1 else None if rising else "no day gained",
    }


def unobserved_days_before(day: date, seen_on: set[date]) -> int:
    """How many days in a row before a day nobody looked; the first look may be of the day itself."""
    return (day - max((other for other in seen_on if other < day), default=day - timedelta(days=1))).days - 1


def gain_of_window(name: str, looks: list[Look], now: datetime) -> Row:
    """The gain from the earlier look nearest to the start of the window, at most a tenth of it away."""
    last, words = looks[-1], {"24h": "24 hours", "7d": "7 days"}[name]
    span = timedelta(hours={"24h": 24, "7d": 168}[name])
    near = [(abs(look.at - (now - span)), look.at, look.upvotes) for look in looks[:-1]]
    near = sorted(found for found in near if 10 * found[0] <= span)
    if last.at <= now - span:
        reason = f"not observed in the last {words}"
    elif near:
        reason = None
    elif looks[0].at > now - span:
        reason = f"first observed less than {words} ago"
    else:
        reason = f"not observed {words} ago, give or take 10 %"
    return {
        f"gain_{name}": last.upvotes - near[0][2] if reason is None else None,
        f"gain_{name}_hours": hours_between(near[0][1], last.at) if reason is None else None,
        f"gain_{name}_missing_reason": reason,
    }


def _scores(upvotes: int, listed: date | None, now: datetime) -> Row:
    row: Row = dict.fromkeys(
        ("age_hours", "hacker_news_score", "hacker_news_simple_score", "hacker_news_raw_score", "reddit_hot_score")
    )
    row["hacker_news_score_missing_reason"] = row["age_missing_reason"] = NOT_LISTED
    if listed is None:
        return row
    row["age_missing_reason"] = None
    age = row["age_hours"] = hours_between(midnight(listed), now)
    unix = (midnight(listed) - datetime(1970, 1, 1)).total_seconds()
    sign = (upvotes > 0) - (upvotes < 0)
    row["reddit_hot_score"] = sign * math.log10(max(abs(upvotes), 1)) + (unix - 1134028003) / 45000
    row["hacker_news_score_missing_reason"] = "the day of its list has not begun" if age < 0 else None
    if age >= 0:
        gravity = (age + 2) ** 1.8
        points = upvotes - 1
        row["hacker_news_score"] = (points**0.8 if points > 0 else points) / gravity
        row["hacker_news_simple_score"] = points / gravity
        row["hacker_news_raw_score"] = upvotes**0.8 / gravity
    return row


def _attention(looks: list[Look], steps: list[Step], is_listed: bool) -> Row:
    row: Row = dict.fromkeys(("expected_upvotes", "attention_rate", "breakout_score", "is_breakout"))
    row["breakout_started_at"] = row["breakout_ended_at"] = None
    row["attention_rate_missing_reason"] = NOT_LISTED if not is_listed else None if steps else ONCE
    row["is_breakout_missing_reason"] = (
        NOT_LISTED if not is_listed else None if len(steps) > 1 else "fewer than three observations"
    )
    if is_listed and steps:
        row["expected_upvotes"] = math.fsum(step.expected for step in steps)
        row["attention_rate"] = (max(looks[-1].upvotes - looks[0].upvotes, 0) + 5) / (row["expected_upvotes"] + 5)
    burst = burst_of(steps) if is_listed else None
    if burst:
        row["breakout_score"], row["is_breakout"] = burst[0], burst[0] >= 12
        if row["is_breakout"]:
            row["breakout_started_at"], row["breakout_ended_at"] = burst[1:]
    no_burst = None if row["is_breakout"] else "no breakout"
    row["breakout_started_missing_reason"] = row["is_breakout_missing_reason"] or no_burst
    return row


def _cohort(upvotes: int, cohort: list[int] | None) -> Row:
    if cohort is None:
        return {
            "cohort_percentile": None,
            "cohort_size": None,
            "cohort_z_score": None,
            "cohort_z_score_missing_reason": NOT_LISTED,
        }
    mean = fmean(cohort)
    deviation = math.sqrt(fmean((other - mean) ** 2 for other in cohort))
    alike = None if deviation else "all papers of the cohort have equal upvotes"
    return {
        "cohort_percentile": share_below(upvotes, cohort),
        "cohort_size": len(cohort),
        "cohort_z_score": (upvotes - mean) / deviation if deviation else None,
        "cohort_z_score_missing_reason": "alone in its cohort" if len(cohort) == 1 else alike,
    }


def days(looks: list[Look]) -> dict[date, Row]:
    """The daily ledger of a paper."""
    rows: dict[date, Row] = {}
    total, day, end = looks[0].upvotes, looks[0].at.date(), looks[-1].at.date()
    while day <= end:
        seen = [look for look in looks if look.at.date() == day]
        after = seen[-1].upvotes if seen else total
        is_alone = len(seen) == 1 and seen[0] is looks[0]
        rows[day] = {
            "upvotes": after,
            "gained": None if is_alone else after - total,
            "is_observed": bool(seen),
            "observation_count": len(seen),
        }
        total, day = after, day + timedelta(days=1)
    return rows


def read_facts(connection: duckdb.DuckDBPyConnection) -> tuple[dict[str, list[Look]], dict[str, date]]:
    looks: dict[str, list[Look]] = defaultdict(list)
    rows = connection.execute(
        "select paper_id, observed_at, upvotes, position, comments from marts.fct_upvote_observations"
    )
    for paper, at, upvotes, place, comments in rows.fetchall():
        if upvotes is not None:
            looks[paper].append(Look(at, upvotes, place, comments))
    listed: dict[str, date] = {}
    for paper, day in connection.execute("select paper_id, listing_date from marts.fct_listings").fetchall():
        listed[paper] = min(day, listed.get(paper, day))
    return {paper: sorted(seen, key=lambda look: look.at) for paper, seen in looks.items()}, listed


def differences(real: Row, told: Row) -> list[str]:
    """Columns in which two rows differ, floats by more than 1e-9 of their size (or of 1)."""

    def same(a: Any, b: Any) -> bool:
        if isinstance(a, float) and isinstance(b, int | float):
            return math.isclose(a, b, rel_tol=1e-9, abs_tol=1e-9)
        return bool(a == b)

    return [f"{name}: {real[name]!r}, oracle {told[name]!r}" for name in told if not same(real[name], told[name])]


def table(connection: duckdb.DuckDBPyConnection, query: str, keys: Iterable[str]) -> dict[Any, Row]:
    result = connection.execute(query)
    names = [column[0] for column in result.description or ()]
    rows = [dict(zip(names, row, strict=True)) for row in result.fetchall()]
    return {tuple(row.pop(key) for key in keys): row for row in rows}


@pytest.fixture(scope="module")
def real_home(shared_data: Path, new_home: Callable[[str], Papers]) -> Papers:
    """The given daily pages and repeated fetches."""
    papers = new_home("html_and_repeats")
    listings = shared_data / "listings"
    papers("import", listings / "html", listings / "repeats", "--manifest", listings / "manifest.tsv")
    return papers


@pytest.fixture(params=["sample", pytest.param("html and repeats", marks=pytest.mark.slow)])
def home(request: pytest.FixtureRequest) -> Papers:
    papers: Papers = request.getfixturevalue("demo" if request.param == "sample" else "real_home")
    return papers


def test_the_oracle_agrees_with_every_trend_metric(home: Papers) -> None:
    with home.published() as connection:
        told = trends(*read_facts(connection))
        real = table(connection, "select * from marts.rpt_paper_trends", ["paper_id"])
    assert {paper for (paper,) in real} == set(told)
    assert all(set(row) == set(told[paper]) for (paper,), row in real.items()), "a column has no oracle"
    wrong = {paper: found for (paper,), row in real.items() if (found := differences(row, told[paper]))}
    assert not wrong, f"{len(wrong)} papers, first {next(iter(wrong.items()))}"


@pytest.mark.parametrize("seed", range(3))
def test_the_oracle_agrees_on_invented_observations_around_the_windows(demo: Papers, seed: int) -> None:
    """Observations that miss the start of a window by minutes, or lie at the very edge of its tolerance."""
    chance = random.Random(seed)
    now = datetime(2026, 3, 1, 20)
    ages = [*(24 + x for x in (-3, -2.4, -0.5, 0, 0.5, 2.4, 3)), *(168 + x for x in (-17, -16.8, -0.5, 0, 16.8, 17))]
    observations, listings = [], []
    for number in range(120):
        moments = {now - timedelta(hours=age, seconds=chance.choice([-1, 0, 1])) for age in chance.sample(ages, 3)}
        moments |= {now - timedelta(minutes=chance.randrange(20_000)) for _ in range(chance.randrange(3))}
        if number == 0 or chance.random() < 0.5:
            moments.add(now)
        if chance.random() < 0.1:
            moments = {chance.choice(sorted(moments))}
        upvotes = chance.randrange(5)
        for moment in sorted(moments):
            upvotes = max(upvotes + chance.choice([-1, 0, 0, 1, 3, 20]), 0)
            observations.append((f"p{number}", moment, upvotes, chance.randrange(1, 60)))
        if number % 10:
            listings.append((f"p{number}", min(moments).date() - timedelta(days=chance.randrange(3)), min(moments)))
    with demo.published() as published:
        (macro,) = published.execute(
            "select macro_definition from duckdb_functions() where function_name = 'trends_as_of'"
        ).fetchall()[0]
        (file_id,) = published.execute("select marts.file_id()").fetchall()[0]
    with duckdb.connect() as connection:
        connection.execute("create schema marts")
        connection.execute(f"create macro marts.file_id() as '{file_id}'")
        connection.execute(
            "create table marts.fct_upvote_observations (paper_id varchar, observed_at timestamp, upvotes bigint, "
            "position integer, comments bigint)"
        )
        connection.execute(
            "create table marts.fct_listings (paper_id varchar, listing_date date, first_observed_at timestamp)"
        )
        connection.executemany("insert into marts.fct_upvote_observations values (?, ?, ?, ?, null)", observations)
        connection.executemany("insert into marts.fct_listings values (?, ?, ?)", listings)
        connection.execute(f"create macro marts.trends_as_of(ts) as table {macro}")
        told = trends(*read_facts(connection))
        real = table(connection, "select * from marts.trends_as_of(timestamp '9999-01-01')", ["paper_id"])
    assert {paper for (paper,) in real} == set(told)
    wrong = {paper: found for (paper,), row in real.items() if (found := differences(row, told[paper]))}
    assert not wrong, f"{len(wrong)} papers, first {next(iter(wrong.items()))}"
    for name in ("gain_24h", "gain_7d"):
        assert len({row[f"{name}_missing_reason"] for row in told.values()}) == 4, "every reason and a gain come up"


def test_the_oracle_agrees_with_the_daily_ledger(home: Papers) -> None:
    with home.published() as connection:
        looks, _ = read_facts(connection)
        real = table(connection, "select * from marts.fct_paper_upvotes_daily", ["paper_id", "day"])
    told = {(paper, day): row for paper, seen in looks.items() for day, row in days(seen).items()}
    assert set(real) == set(told)
    assert [key for key, row in real.items() if differences(row, told[key])] == []


def test_daily_gains_add_up_to_last_minus_first(home: Papers) -> None:
    with home.published() as connection:
        looks, _ = read_facts(connection)
        sums = dict(
            connection.execute("select paper_id, sum(gained) from marts.fct_paper_upvotes_daily group by 1").fetchall()
        )
    assert sums == {p: seen[-1].upvotes - seen[0].upvotes if len(seen) > 1 else None for p, seen in looks.items()}
    assert any(sums.values()) and None in sums.values()


def reasons_by_column() -> dict[str, str]:
    """Column of the paper trends that may be null → column that says why, as its description names it."""
    manifest = json.loads((ROOT / "dbt_project" / "target" / "manifest.json").read_text())
    found = {}
    for column in manifest["nodes"]["model.daily_papers.rpt_paper_trends"]["columns"].values():
        named = re.findall(r"`(\w+_missing_reason)`", column["description"])
        if named and not column["name"].endswith("_missing_reason"):
            (found[column["name"]],) = named
    return found


@pytest.mark.parametrize("moment", ["9999-01-01", "2026-09-09 19:59:56", "2026-09-02 09:00:00"])
def test_what_is_null_has_a_reason_and_what_has_a_reason_is_null(home: Papers, moment: str) -> None:
    with home.published() as connection:
        rows = table(connection, f"select * from marts.trends_as_of(timestamp '{moment}')", ["paper_id"]).values()
    reasons = reasons_by_column()
    assert rows and set(reasons.values()) == {name for name in next(iter(rows)) if name.endswith("_missing_reason")}
    for name in next(iter(rows)):
        if name in reasons:
            wrong = [row for row in rows if (row[name] is None) != (row[reasons[name]] is not None)]
        elif not name.endswith("_missing_reason"):
            wrong = [row for row in rows if row[name] is None]
        else:
            wrong = []
        assert not wrong, f"{name}: {wrong[0]}"


def test_missing_history_comes_up_in_the_sample(demo: Papers) -> None:
    """Else the test above would be about little. What is about lists that the sample lacks has dbt unit tests."""
    reasons = set(reasons_by_column().values())
    reasons -= {"age_missing_reason", "hacker_news_score_missing_reason", "cohort_z_score_missing_reason"}
    with demo.published() as connection:
        then = "marts.trends_as_of(timestamp '2026-09-09 19:59:56')"
        counts = ", ".join(f"count({reason})" for reason in reasons)
        found = connection.execute(f"select {counts} from (from {then} union all from marts.rpt_paper_trends)")
        assert all(found.fetchall()[0])
