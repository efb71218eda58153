"""Breakouts on a labelled set: 500 invented papers, 60 of them with a planted burst, through the very SQL."""

import math
import random
import shutil
from datetime import date, datetime, timedelta
from pathlib import Path

import duckdb
import polars as pl
import pytest
from dbt_outcome import DbtSession

PAPERS, BURSTS = 500, 60
START = date(2026, 1, 5)
#: Looks at a paper, in hours after its list's 00:00: three on the first day, then two a day for a week.
LOOKS = [8.0, 14.0, 20.0, *(24.0 * day + hour for day in range(1, 8) for hour in (8.0, 20.0))]

#: Paper → its flag and the start of its breakout.
Judged = dict[str, tuple[bool, datetime | None]]


def _poisson(chance: random.Random, mean: float) -> int:
    """Knuth's method in steps of 500, which stay clear of underflow."""
    count = 0
    while mean > 500:
        count += _poisson(chance, 500.0)
        mean -= 500.0
    limit, product = math.exp(-mean), chance.random()
    while product > limit:
        count += 1
        product *= chance.random()
    return count


def _rate(popularity: float, age: float) -> float:
    """Upvotes per hour of an ordinary paper: fast on the first day, halved every 24 hours."""
    return popularity * 2.0 ** (-age / 24.0)


def _paper(chance: random.Random, burst: tuple[float, float, float] | None) -> list[tuple[float, int]]:
    """(hours after the list's 00:00, upvotes). ``burst`` is when it begins, how long it lasts, upvotes per hour."""
    popularity = chance.lognormvariate(0.0, 0.8)
    upvotes = _poisson(chance, 3 * popularity)
    seen, before = [], LOOKS[0]
    for look in LOOKS:
        # The true process runs in quarter hours; a look only reads the counter.
        for quarter in range(int(4 * before), int(4 * look)):
            age = quarter / 4
            mean = _rate(popularity, age) / 4
            if burst and burst[0] <= age < burst[0] + burst[1]:
                mean += burst[2] / 4
            upvotes += _poisson(chance, mean)
        # Now and then somebody takes a vote back, and a look comes some minutes late.
        upvotes -= chance.random() < 0.02 and upvotes > 0
        seen.append((look + chance.random() / 4, upvotes))
        before = look
    return seen


@pytest.fixture(scope="module")
def judged(dbt_session: DbtSession, tmp_path_factory: pytest.TempPathFactory) -> Judged:
    """Paper → what ``trends_as_of`` says about it, with the labels in the paper ids."""
    chance = random.Random(20260105)
    planted = set(chance.sample(range(PAPERS), BURSTS))
    observations, listings = [], []
    for number in range(PAPERS):
        listed = START + timedelta(days=number % 20)
        burst = None
        if number in planted:
            burst = (chance.uniform(30.0, 120.0), chance.uniform(12.0, 30.0), chance.uniform(2.0, 8.0))
        midnight = datetime.combine(listed, datetime.min.time())
        paper = f"burst-{number}-{(midnight + timedelta(hours=burst[0])).isoformat()}" if burst else f"plain-{number}"
        seen = _paper(chance, burst)
        observations += [(paper, midnight + timedelta(hours=hour), count, 1 + number // 20) for hour, count in seen]
        listings.append((listed, paper, midnight + timedelta(hours=seen[0][0])))
    database = Path(shutil.copy(dbt_session.database, tmp_path_factory.mktemp("breakouts") / "labelled.duckdb"))
    with duckdb.connect(str(database)) as connection:
        for table, columns, found in (
            ("fct_upvote_observations", ["paper_id", "observed_at", "upvotes", "position"], observations),
            ("fct_listings", ["listing_date", "paper_id", "first_observed_at"], listings),
        ):
            connection.register("invented", pl.DataFrame(found, schema=columns, orient="row"))
            connection.execute(f"insert into marts.{table} by name from invented")
        rows = connection.execute(
            "select paper_id, is_breakout, breakout_started_at from marts.trends_as_of(timestamp '2027-01-01')"
        ).fetchall()
    return {paper: (flag, started) for paper, flag, started in rows}


def test_planted_bursts_are_found_and_little_else(judged: Judged) -> None:
    found = {paper for paper, (flag, _) in judged.items() if flag}
    true = {paper for paper in judged if paper.startswith("burst")}
    assert (len(judged), len(true)) == (PAPERS, BURSTS)
    recall, precision = len(found & true) / len(true), len(found & true) / len(found)
    assert recall >= 0.9 and precision >= 0.9, (recall, precision)


def test_a_burst_starts_at_the_look_before_it(judged: Judged) -> None:
    late = []
    for paper, (flag, started) in judged.items():
        if paper.startswith("burst") and flag:
            assert started is not None
            late.append((started - datetime.fromisoformat(paper.split("-", 2)[2])).total_seconds() / 3600)
    # A look before it began, at most one look's distance and the next: looks are 12 hours apart.
    near = [hours for hours in late if -13 <= hours <= 13]
    assert len(near) >= 0.9 * len(late), sorted(late)
