"""Homes of the large world, to measure on: seeded, invented from end to end, real-shaped, of any size.

    python -m tests.worlds raw --papers 60000 --observations-per-paper 7 --home /tmp/home
    python -m tests.worlds archive --papers 20000 --observations-per-paper 12 --home /tmp/home

``raw`` writes ``raw.duckdb`` directly, set by set, because the payloads of 50 million observations would be some
300 GB of JSON. Its loads are accepted; the lists of the last eight days are landed as payloads and read by the
product's own loader, so that a run which observes them again meets contents that it knows. Build and publish it with

    papers import HOME/known --home HOME      (a file that is known already; everything that waits is built)

or measure "one more day" with ``HOME/next``: the new day's list and the six dates before it as they will be seen,
served by ``python -m sources.replay HOME/next`` to ``PAPERS_ENDPOINT=… papers run --date DAY --home HOME`` (``DAY`` is
printed, and the newest date in that folder).

``archive`` lands every observation as API JSON, 5.8 kB an entry; ``papers rebuild --home HOME`` reads it all. ``next``
is written too.

What is made: lists of 45 to 85 papers each weekday and none at weekends, each observed on K successive days at
20 UTC. Papers are numbered backwards from the new day, so a larger world has the same newest days. One million papers
are 59 years of lists; the present site's lists are not that old, but what costs is their number. See ``large`` for
the proportions. What a raw warehouse simplifies: positions in a list don't change between observations.
"""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Any

import duckdb
import msgspec
import polars as pl

from orchestration.gates.batch_rules import BATCH
from orchestration.gates.mart_rules import MARTS
from tests.worlds import shapes
from tests.worlds.large import LOOKBACK, World, first_observation_of, newest_last_date
from tests.worlds.records import Account, Claim
from warehouse.clock import utc_now
from warehouse.landing.archive import Landing
from warehouse.landing.captures import Capture, PayloadRef
from warehouse.landing.folder import FolderLanding
from warehouse.raw.loader import load_landed
from warehouse.raw.store import RawStore

SEED = 20261125
#: Calendar days of lists that a raw warehouse gets through landing and loading; the lookback and a day more.
LANDED_DAYS = 8
#: Captures that are landed together.
BATCH_SIZE = 200
_URL = "https://papers.example.org/api/daily_papers?date={day}&limit=100&p=0"
_RUN = "generated-{day}"


@dataclass(frozen=True)
class Generated:
    """A home that was made: where the new day's answers are, and which day it is."""

    home: Path
    next_folder: Path
    new_date: date
    papers: int


def generate(
    home: Path,
    *,
    kind: str,
    papers: int,
    observations: int,
    last_date: date | None = None,
    seed: int = SEED,
    memory: str = "5GB",
    say: Callable[[str], None] = lambda _: None,
) -> Generated:
    """Make a home of ``kind`` raw or archive with ``papers`` papers, each listing observed on ``observations`` days.

    ``last_date``: the day of the last observations, by default the weekday before the newest one, so that the new
    day is today or, at a weekend, Friday, and can be observed now. The home must not exist.
    """
    home.mkdir(parents=True)
    last = last_date or newest_last_date(utc_now().date())
    with _scratch(home, memory) as connection:
        world = World(connection, papers=papers, observations=observations, last_date=last, seed=seed)
        say(f"{papers} papers on lists from {world.first_date} to {world.last_date}")
        if kind == "archive":
            land(world, FolderLanding(home / "landing"), world.first_date)
        else:
            _write_raw(world, home, say)
        write_next(world, home / "next")
        _write_known(world, home / "known")
    return Generated(home, home / "next", world.new_date, papers)


def land(world: World, landing: Landing, first_date: date) -> None:
    """Land every observation of the listings from ``first_date`` on, in order of time, as daily runs would."""
    entries = Entries(world)
    pending = []
    for run_day, listing_date, observed_at in observations_of(world, first_date):
        pending.append((listing_date, observed_at, entries.payload(listing_date, observed_at)))
        if len(pending) == BATCH_SIZE:
            _land(landing, pending)
            pending = []
            entries.forget(run_day - timedelta(days=world.observations))
    _land(landing, pending)


def observations_of(world: World, first_date: date) -> Iterator[tuple[date, date, datetime]]:
    """(day of the run, listing date, moment) of every observation of the listings from ``first_date`` on, in order."""
    run_day = first_date
    while run_day <= world.last_date:
        for age in reversed(range(min(world.observations, (run_day - first_date).days + 1))):
            yield run_day, run_day - timedelta(days=age), observation_moment(world, run_day, age)
        run_day += timedelta(days=1)


def observation_moment(world: World, run_day: date, age: int) -> datetime:
    """When a run observes the listing of ``age`` days before: the oldest first, one after the other."""
    return first_observation_of(run_day) + timedelta(seconds=2 * (world.observations - 1 - age))


def write_next(world: World, folder: Path) -> None:
    """The answers to one more day's run: the new list and the dates before it, as they are on that evening."""
    folder.mkdir()
    entries = Entries(world)
    for age in range(LOOKBACK):
        listing_date = world.new_date - timedelta(days=age)
        body = entries.payload(listing_date, first_observation_of(world.new_date))
        (folder / f"{listing_date}.json").write_bytes(body)


def _write_known(world: World, folder: Path) -> None:
    """One capture that the archive has already: importing it builds what is not built, and lands nothing."""
    folder.mkdir()
    *_, (_, listing_date, observed_at) = observations_of(world, world.last_date)
    body = Entries(world).payload(listing_date, observed_at)
    (folder / shapes.capture_name(listing_date, observed_at, "json")).write_bytes(body)


class Entries:
    """Lists as the API sends them. Contents are kept by list until they are forgotten."""

    def __init__(self, world: World):
        self._world = world
        self._days = {day["listing_date"]: day for day in world.days}
        self._kept: dict[date, list[_Paper]] = {}

    def payload(self, listing_date: date, observed_at: datetime) -> bytes:
        """The JSON of one list at one moment: most upvotes first, as the site sorts."""
        entries = [entry for paper in self._papers(listing_date) if (entry := paper.at(observed_at))]
        entries.sort(key=lambda entry: -entry["paper"]["upvotes"])
        return shapes.encode(entries)

    def forget(self, before: date) -> None:
        """Drop the lists of earlier dates."""
        self._kept = {day: papers for day, papers in self._kept.items() if day >= before}

    def _papers(self, listing_date: date) -> list[_Paper]:
        if listing_date not in self._days:
            return []
        if listing_date not in self._kept:
            day = self._days[listing_date]
            for found, papers in _read_papers(self._world, day).items():
                self._kept[found] = papers
        return self._kept[listing_date]


class _Paper:
    """One paper's contents by version and its growth."""

    def __init__(self, numbers: dict[str, Any], contents: dict[int, dict[str, Any]]):
        self._numbers = numbers
        self._contents = contents

    def at(self, observed_at: datetime) -> dict[str, Any] | None:
        """The entry as the API sends it, or None before it was submitted."""
        now = self._numbers["moments"].get(observed_at)
        if now is None:
            return None
        version, upvotes, comments, stars = now
        entry = self._contents[version]
        paper = {**entry["paper"], "upvotes": upvotes}
        if stars is not None:
            paper["githubStars"] = stars
        return {**entry, "paper": paper, "numComments": comments}


#: What an observation shows of a paper; `age` in hours. One place, for the tables and for the payloads.
_SEEN = """
    version_at(age, second_age, third_age) as version,
    upvotes_at(age, final, tau, burst, burst_age, unvoted_age) as upvotes,
    comments_at(age, final, tau) as comments,
    case when stars is not null then stars_at(age, stars) end as github_stars
"""


def _read_papers(world: World, day: dict[str, Any]) -> dict[date, list[_Paper]]:
    """The papers of one list with the values of every observation."""
    first, last = day["first_number"], day["first_number"] + day["size"] - 1
    listing_date = day["listing_date"]
    moments = [observation_moment(world, listing_date + timedelta(days=age), age) for age in range(world.observations)]
    moments.append(first_observation_of(world.new_date))
    growth: dict[int, dict[datetime, tuple[Any, ...]]] = {}
    rows = world.query(
        f"""select n, moment, {_SEEN} from (
                select *, hours(moment, submitted_at) as age from world.papers,
                    unnest($1::timestamp[]) as observations(moment)
                where n between $2 and $3 and submitted_at <= moment)""",
        [moments, first, last],
    )
    for n, moment, *seen in rows:
        growth.setdefault(n, {})[moment] = tuple(seen)
    authors: dict[tuple[int, int], list[dict[str, Any]]] = {}
    for row in world.query("from authors_between(?, ?) order by n, version, position", [first, last]):
        authors.setdefault((row[0], row[1]), []).append(_author(*row[3:]))
    contents: dict[int, dict[int, dict[str, Any]]] = {}
    cursor = world.connection.execute("from contents_between(?, ?)", [first, last])
    names = [column[0] for column in cursor.description or ()]
    for values in cursor.fetchall():
        row = dict(zip(names, values, strict=True))
        key = row["n"], row["version"]
        contents.setdefault(key[0], {})[key[1]] = _entry(row, authors.get(key, []))
    return {
        listing_date: [
            _Paper({"moments": growth.get(n, {})}, contents[n]) for n in range(first, last + 1) if n in contents
        ]
    }


def _author(row_id: str, name: str, is_claimed: bool, account_id: str, handle: str, fullname: str, status: str,
            changed_at: datetime | None) -> dict[str, Any]:  # fmt: skip
    if not is_claimed or changed_at is None:
        return shapes.author(row_id, name)
    return shapes.author(row_id, name, Claim(Account(account_id, handle, fullname), status, changed_at))


def _entry(row: dict[str, Any], authors: list[dict[str, Any]]) -> dict[str, Any]:
    """An entry without what grows: ``_Paper.at`` fills in upvotes, comments and stars."""
    submitted_at = row["submitted_at"].replace(tzinfo=UTC)
    organization = None
    if row["organization_id"]:
        organization = shapes.organization(row["organization_id"], row["organization_slug"], row["organization_name"])
    shown = shapes.Shown(
        paper_id=row["paper_id"],
        title=row["title"],
        abstract=row["abstract"],
        published_at=row["published_at"].replace(tzinfo=UTC),
        submitted_at=submitted_at,
        submitter=submitter_of(row["submitter"]),
        discussion_id=row["discussion_id"],
        authors=authors,
        upvotes=0,
        comments=0,
        is_author_participating=row["is_author_participating"],
        organization=organization,
        project_url=row["project_url"],
        repository=row["code_url"],
        ai_summary=row["ai_summary"],
        keywords=row["ai_keywords"] or (),
        thumbnail_url=row["thumbnail_url"],
    )
    return shapes.entry(shown, submitted_at)


def submitter_of(number: int) -> Account:
    """The account that submits under a number."""
    account_id = hashlib.md5(f"submitter{number}".encode()).hexdigest()[:24]
    return Account(account_id, f"reader{number}", f"Invented Reader {number}")


def _land(landing: Landing, observations: Sequence[tuple[date, datetime, bytes]]) -> None:
    with landing.writing() as batch:
        for listing_date, observed_at, body in observations:
            batch.land(
                [(_URL.format(day=listing_date), body)],
                source=_URL.format(day=listing_date),
                listing_date=listing_date,
                observed_at=observed_at.replace(tzinfo=UTC),
                observed_at_basis="clock",
            )


@contextmanager
def _scratch(home: Path, memory: str) -> Iterator[duckdb.DuckDBPyConnection]:
    """A connection whose tables and sorts go to files in ``home``, which go when it is closed."""
    folder = home / ".generating"
    folder.mkdir()
    connection = duckdb.connect(str(folder / "scratch.duckdb"))
    try:
        connection.execute("set TimeZone = 'UTC'")
        connection.execute(f"set memory_limit = '{memory}'")
        connection.execute(f"set temp_directory = '{str(folder).replace(chr(39), chr(39) * 2)}/spill'")
        yield connection
    finally:
        connection.close()
        shutil.rmtree(folder, ignore_errors=True)


def _write_raw(world: World, home: Path, say: Callable[[str], None]) -> None:
    """The raw tables and the landing journal; the last lists by the product's own way."""
    landed_from = world.last_date - timedelta(days=LANDED_DAYS - 1)
    journal = home / "landing" / "journal"
    journal.mkdir(parents=True)
    with RawStore.open(home / "raw.duckdb"):
        pass  # makes the tables
    connection = world.connection
    connection.execute(f"attach '{str(home / 'raw.duckdb').replace(chr(39), chr(39) * 2)}' as home")
    _create_observations(world, landed_from, journal)
    say("observations")
    first = connection.execute(
        "select coalesce(max(first_number + size), 0) from world.days where listing_date >= ?", [landed_from]
    ).fetchall()[0][0]
    world.register_name_keys()
    say("name keys")
    for low, high in world.ranges(100_000, first):
        connection.execute(_INSERT_CONTENTS, [low, high])
        connection.execute(_INSERT_AUTHORS, [low, high])
    say("contents and authors")
    loads = connection.execute("select count(*) from world.observations").fetchall()[0][0]
    step = max(1, 2_000_000 // (sum(day["size"] for day in world.days) // len(world.days)))
    for low in range(1, loads + 1, step):
        connection.execute(_INSERT_ENTRIES, [low, low + step - 1])
    connection.execute(_INSERT_LOADS)
    say("entries and loads")
    connection.execute("detach home")
    landing = FolderLanding(home / "landing")
    land(world, landing, landed_from)
    with RawStore.open(home / "raw.duckdb") as raw:
        load_landed(raw, landing, _RUN.format(day=world.last_date))
    connection.execute(f"attach '{str(home / 'raw.duckdb').replace(chr(39), chr(39) * 2)}' as home")
    connection.execute(_INSERT_FIELDS)
    _insert_gate_results(world)
    connection.execute("checkpoint home")
    connection.execute("detach home")
    say("fields and gate results")


def _create_observations(world: World, until: date, journal: Path) -> None:
    """``world.observations``: one row per capture of lists before ``until``, with its line in the journal."""
    rows = []
    lines: dict[str, list[bytes]] = {}
    sizes = {day["listing_date"]: day["size"] for day in world.days}
    numbers = {day["listing_date"]: day["day_number"] for day in world.days}
    for run_day, listing_date, observed_at in observations_of(world, world.first_date):
        if listing_date >= until:
            continue
        digest = hashlib.sha256(f"{listing_date} {observed_at}".encode()).hexdigest()
        landed_at = observed_at + timedelta(seconds=1)
        size = 5_800 * sizes.get(listing_date, 0) + 2
        number = numbers.get(listing_date)
        moments = run_day, listing_date, observed_at, landed_at
        rows.append((len(rows) + 1, digest[:16], number, *moments, digest, size))
        url = _URL.format(day=listing_date)
        capture = Capture(
            load_id=digest[:16],
            landed_at=landed_at.replace(tzinfo=UTC),
            source=url,
            listing_date=listing_date,
            observed_at=observed_at.replace(tzinfo=UTC),
            observed_at_basis="clock",
            payloads=(PayloadRef(digest, size, url),),
        )
        lines.setdefault(run_day.isoformat(), []).append(msgspec.json.encode(capture) + b"\n")
    for day, written in lines.items():
        (journal / f"{day}.jsonl").write_bytes(b"".join(written))
    schema = {
        "load_number": pl.Int64, "load_id": pl.String, "day_number": pl.Int64, "run_day": pl.Date,
        "listing_date": pl.Date, "observed_at": pl.Datetime("us"), "landed_at": pl.Datetime("us"),
        "digest": pl.String, "payload_bytes": pl.Int64,
    }  # fmt: skip
    world.connection.register("new_frame", pl.DataFrame(rows, schema=schema, orient="row").to_arrow())
    world.connection.execute("create or replace table world.observations as from new_frame")
    world.connection.unregister("new_frame")


_CONTENT_ID = "hex('content' || paper_id || '/' || version, 16)"
#: As warehouse/keys.py folds the letters that titles and organizations here have; a test compares the two.
_TITLE_KEY = "lower(regexp_replace(strip_accents({}), '[^0-9A-Za-z]', '', 'g'))"

_INSERT_CONTENTS = f"""
    insert into home.raw.entry_contents by name
    select
        {_CONTENT_ID} as content_id, paper_id, title, {_TITLE_KEY.format("title")} as title_key, abstract, published_at,
        cast(published_at as date) as published_on, submitted_at, author_count, organization_id, organization_slug,
        organization_name, {_TITLE_KEY.format("organization_slug")} as organization_slug_key,
        {_TITLE_KEY.format("organization_name")} as organization_name_key,
        hex('submitter' || submitter, 24) as submitter_account_id, 'reader' || submitter as submitter_handle,
        'Invented Reader ' || submitter as submitter_name, code_url, project_url, ai_summary,
        coalesce(ai_keywords, []) as ai_keywords, discussion_id, thumbnail_url, is_author_participating
    from contents_between($1, $2) as contents
    inner join (
        select n, cast(count(*) as int) as author_count from world.mentions where n between $1 and $2 group by n
    ) as teams on contents.n = teams.n
    order by contents.n desc, version
"""
_INSERT_AUTHORS = f"""
    insert into home.raw.entry_authors by name
    select
        {_CONTENT_ID} as content_id, position as author_position, authors.name, name_key, author_row_id, account_id,
        account_handle, account_name, status, status_changed_at, false as is_hidden
    from authors_between($1, $2) as authors
    inner join world.papers as papers on authors.n = papers.n
    inner join world.name_keys as keys on authors.name = keys.name
    order by authors.n desc, version, position
"""
_INSERT_ENTRIES = f"""
    insert into home.raw.entries by name
    select
        load_id, position, {_CONTENT_ID} as content_id, paper_id, title_key, upvotes, comments, github_stars
    from (
        select load_number, load_id, paper_id, position, title_key, {_SEEN}
        from (
            select
                *,
                row_number() over (partition by day_number order by final desc, n) as position,
                {_TITLE_KEY.format("title_of(n)")} as title_key
            from world.papers
            where day_number in (select day_number from world.observations where load_number between $1 and $2)
        ) as papers
        inner join (from world.observations where load_number between $1 and $2) as observations
            on papers.day_number = observations.day_number,
        lateral (select hours(observed_at, submitted_at) as age) as ages
        where submitted_at <= observed_at
    ) as seen
    order by load_number, position
"""
_INSERT_LOADS = """
    insert into home.raw.loads by name
    select
        observations.load_id, load_number, 'api_json' as format, 'daily' as kind, 'daily' as capture_kind,
        'https://papers.example.org/api/daily_papers?date=' || listing_date || '&limit=100&p=0' as source, listing_date,
        observed_at, 'clock' as observed_at_basis, landed_at, 1 as payload_count, payload_bytes,
        digest as payload_sha256, coalesce(counted, 0) as received, coalesce(counted, 0) as entries, 0 as refused,
        'accepted' as verdict, 'gate' as verdict_by, 'generated-' || run_day as loaded_in
    from world.observations as observations
    left join (select load_id, count(*) as counted from home.raw.entries group by load_id) as entries
        on observations.load_id = entries.load_id
    order by observations.load_number
"""
#: What the product's loader saw in the last lists, for every list before them.
_INSERT_FIELDS = """
    insert into home.raw.fields_seen by name
    select
        observations.load_id, path, types, cast(round(loads.entries * present_share) as bigint) as present,
        cast(round(loads.entries * parents_share) as bigint) as parents, is_known
    from world.observations as observations
    inner join home.raw.loads as loads on observations.load_id = loads.load_id,
    (
        select
            path, types, is_known, sum(present) / sum(entries) as present_share,
            sum(parents) / sum(entries) as parents_share
        from home.raw.fields_seen inner join home.raw.loads using (load_id)
        group by path, types, is_known
    ) as typical
    where loads.entries > 0
    order by loads.load_number, path
"""


def _insert_gate_results(world: World) -> None:
    """Both gates passed on every day of the past: one row per rule and run."""
    rules = [
        (suite.name, rule.name, rule.severity, rule.reason, rule.remedy)
        for suite in (BATCH, MARTS)
        for rule in suite.rules
    ]
    schema = dict.fromkeys(("gate", "expectation", "severity", "reason", "remedy"), pl.String)
    world.connection.register("rules", pl.DataFrame(rules, schema=schema, orient="row").to_arrow())
    world.connection.execute(
        """insert into home.raw.gate_results by name
           select
               'generated-' || run_day as run_id, gate, run_day + $1 as checked_at, expectation, severity,
               true as passed, '0' as observed, 0 as unexpected, reason, remedy,
               'generated-' || run_day || '/' || gate || '.html' as data_docs
           from (select distinct run_day from world.observations), rules
           order by run_day, gate""",
        [time(20, 1)],
    )
    world.connection.unregister("rules")
