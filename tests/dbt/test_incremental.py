"""A day's build equals a full refresh row for row, and computes once what depends on a content alone.

The listings are invented by chance (seeded) and come in an order of their own: late, twice, in two formats of one
moment, rejected first and accepted later, read again, with a title whose paper shows up weeks after.
"""

from __future__ import annotations

import random
import shutil
from collections import Counter
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pytest
from dbt_builds import Build, building

from warehouse.raw.store import RawStore

#: What is built incrementally, and what is built from it and beside it.
TABLES = (
    "intermediate.int_entries_identified",
    "intermediate.int_papers_latest",
    "intermediate.int_content_keywords",
    "intermediate.int_contents_readable",
    "intermediate.int_keyword_merges",
    "intermediate.int_paper_keywords",
    "intermediate.int_papers_described",
    "intermediate.int_mentions",
    "intermediate.int_author_names",
    "intermediate.int_author_name_keys",
    "intermediate.int_author_decisions",
    "intermediate.int_steps_measured",
    "intermediate.int_papers_measured",
    "intermediate.int_paper_weeks",
    "marts.author_merges",
    "marts.bridge_paper_authors",
    "marts.dim_papers",
    "marts.fct_listings",
    "marts.fct_upvote_observations",
    "marts.fct_paper_upvotes_daily",
    "marts.related_papers",
    "marts.rpt_period_papers",
    "marts.rpt_author_trends",
    "marts.rpt_keyword_trends",
    "marts.rpt_organization_trends",
    "marts.rpt_code_trends",
    "marts.rpt_paper_trends",
    # Numbers of papers differ by nature; what they stand for does not.
    """(select papers.* exclude (paper_number), postings.term, postings.frequency
        from intermediate.int_search_papers as papers
        left join intermediate.int_search_postings as postings using (paper_number))""",
)
BUILDS = 7
START = datetime(2026, 1, 5)
NAMES = ("Mei Lin", "M. Lin", "Mina Lin", "Ada Mo", "Bo Ek", "Rosa Ibarra", "R. Ibarra", "Teo Varga", "Ulla Dahl")
#: Paper number → folded title. Two papers share a title; so a text with it is neither's, unless one is yet unknown.
TITLES = {number: f"title{number}" if number != 1 else "title0" for number in range(24)}


@pytest.fixture(scope="module")
def build() -> Iterator[Build]:
    """Builds a next file from a raw file; the project is parsed once."""
    kinds = ("author", "keyword", "organization", "paper", "code")
    selected = (*(f"+rpt_{kind}_trends" for kind in kinds), "+related_papers", "rpt_period_papers")
    with building("--exclude-resource-type", "test", "--select", *selected) as run:
        yield run


def handle_of(name: str) -> str:
    """The handle that a person has wherever it is told: two spellings may share it."""
    return name.split()[-1].casefold()


class World:
    """Raw tables that grow and change by chance."""

    def __init__(self, raw: RawStore, seed: int):
        self.raw = raw
        self.chance, self.chance_of_authors = random.Random(seed), random.Random(seed + 1)
        self.chance_of_fields = random.Random(seed + 2)
        self.happened: Counter[str] = Counter()
        self.loads = 0
        #: Papers that the lists have shown; a text may be about one that they have not.
        self.listed: set[int] = set()
        #: Names whose handle was seen with its account.
        self.told: set[str] = set()
        for number in range(60):
            self.raw.append(
                "entry_contents",
                [
                    {
                        "content_id": f"c{number}",
                        "title": f"A title about agents, the {number % 7}th",
                        "title_key": TITLES[number % 24],
                        "code_url": self.chance.choice([None, "https://github.com/some/where"]),
                        "organization_slug": self.chance.choice([None, "a-lab"]),
                        "submitted_at": START.replace(hour=self.chance_of_fields.choice([0, 0, 5])),
                        "ai_keywords": self.chance.sample(["Diffusion Models", "agents", "LLMs", "diffusion-model"], 2),
                    }
                ],
            )

            names = self.chance_of_authors.sample(NAMES, self.chance_of_authors.randint(1, 4))
            handles = [self.chance_of_authors.choice([None, None, handle_of(name)]) for name in names]
            self.add_authors(f"c{number}", list(zip(names, handles, strict=True)))

    def add_authors(
        self, content_id: str, authors: list[tuple[str, str | None]], account_id: str | None = None
    ) -> None:
        """Author rows of a content. Of accounts mostly the handle alone is told."""
        self.raw.append(
            "entry_authors",
            [
                {
                    "content_id": content_id,
                    "author_position": position,
                    "name": name,
                    "name_key": name.casefold(),
                    "author_row_id": self.chance_of_authors.choice([None, f"{content_id}-{position}"]),
                    "account_handle": handle,
                    "account_id": account_id,
                }
                for position, (name, handle) in enumerate(authors, start=1)
            ],
        )

    def grow(self) -> None:
        """What a day brings: some loads, and at times a second thought about earlier ones."""
        if (name := self.chance_of_authors.choice(NAMES)) not in self.told:
            self.told.add(name)
            self.add_authors(f"only-tells-{name}", [(name, handle_of(name))], account_id=f"id of {name}")
            self.happened["the account of a handle is told"] += 1
        for _ in range(self.chance.randint(2, 4)):
            self.add_load()
        for act, verdict, becomes in (
            ("accepted later", "rejected", "accepted"),
            ("rejected later", "accepted", "rejected"),
        ):
            if self.chance.random() < 0.6 and (load_id := self.any_load(verdict)):
                self.raw.set_verdicts([(load_id, becomes, "person", None)])
                self.happened[act] += 1
        if self.chance.random() < 0.6 and (load_id := self.any_load("accepted")):
            self.raw.connection.execute("delete from raw.entries where load_id = ?", [load_id])
            kind = self.raw.connection.execute("select kind from raw.loads where load_id = ?", [load_id]).fetchall()
            self.add_entries(load_id, kind[0][0])
            self.happened["read again"] += 1

    def any_load(self, verdict: str) -> str | None:
        found = self.raw.connection.execute(
            "select load_id from raw.loads where verdict = ? order by load_id", [verdict]
        ).fetchall()
        return str(self.chance.choice(found)[0]) if found else None

    def add_load(self) -> None:
        self.loads += 1
        load_id = f"l{self.loads:03}"
        known = self.raw.connection.execute("select observed_at from raw.loads order by load_id").fetchall()
        observed_at = START + timedelta(hours=self.chance.randint(0, 30 * 24))
        if known and self.chance.random() < 0.25:
            observed_at = self.chance.choice(known)[0]
            self.happened["of the same moment"] += 1
        elif known and observed_at < max(known)[0]:
            self.happened["late"] += 1
        source = self.chance.choice(["api_json", "api_json", "page_html", "page_text"])
        kind = "search" if source == "page_text" else "daily"
        self.raw.append(
            "loads",
            [
                {
                    "load_id": load_id,
                    "load_number": self.loads,
                    "format": source,
                    "kind": kind,
                    "capture_kind": "daily",
                    "source": "invented",
                    "listing_date": None if kind == "search" else (observed_at - timedelta(days=1)).date(),
                    "observed_at": observed_at,
                    "observed_at_basis": "manifest",
                    "landed_at": START + timedelta(days=40, minutes=self.loads),
                    **dict.fromkeys(("payload_count", "payload_bytes", "received", "entries", "refused"), 1),
                    "payload_sha256": "",
                    "verdict": self.chance.choice(["accepted"] * 4 + ["rejected"]),
                    "loaded_in": "test",
                }
            ],
        )
        if kind == "daily" and self.chance_of_fields.random() < 0.3:
            paths = self.chance_of_fields.sample(["paper.githubRepo", "paper.ai_keywords", "organization"], 2)
            counts = {"types": "str", "present": 1, "parents": 1, "is_known": True}
            self.raw.append("fields_seen", [{"load_id": load_id, "path": path, **counts} for path in paths])
            self.happened["fields that others lack"] += 1
        self.add_entries(load_id, kind)

    def add_entries(self, load_id: str, kind: str) -> None:
        numbers = [self.chance.randrange(24) for _ in range(self.chance.randint(0, 5))]  # one may come twice
        if kind == "search":
            self.happened["a title before its paper"] += len(set(numbers) - self.listed)
        else:
            self.listed.update(numbers)
        self.raw.append(
            "entries",
            [
                {
                    "load_id": load_id,
                    "position": position,
                    "content_id": f"c{self.chance.randrange(60)}",
                    "paper_id": None if kind == "search" else f"2601.{number:05}",
                    "title_key": TITLES[number],
                    "upvotes": self.chance.choice([None, 0, *range(1, 30)]),
                    "comments": self.chance.choice([None, 0, 2]),
                    "github_stars": self.chance.choice([None, 5]),
                }
                for position, number in enumerate(numbers, start=1)
            ],
        )


def rows(database: Path) -> dict[str, list[tuple[Any, ...]]]:
    with duckdb.connect(str(database), read_only=True) as connection:
        return {table: sorted(connection.execute(f"from {table}").fetchall(), key=repr) for table in TABLES}


@pytest.fixture(scope="module", params=[2, pytest.param(BUILDS, marks=pytest.mark.slow)])
def grown(build: Build, tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest) -> tuple[Path, Path]:
    """Raw tables and what day by day builds made of them; each build was compared with a full refresh."""
    folder = tmp_path_factory.mktemp("incremental")
    raw, daily, refreshed = folder / "raw.duckdb", folder / "next.duckdb", folder / "refreshed" / "next.duckdb"
    refreshed.parent.mkdir()
    happened: Counter[str] = Counter()
    for day in range(request.param):
        with RawStore.open(raw) as store:
            if day == 0:
                world = World(store, seed=20260105)
            world.raw = store
            world.grow()
        build(raw, daily)
        shutil.copyfile(daily, refreshed)
        build(raw, refreshed, "--full-refresh")
        found, expected = rows(daily), rows(refreshed)
        assert {t for t in TABLES if found[t] != expected[t]} == set(), f"build {day}: {world.happened}"
        happened = world.happened
    if request.param == BUILDS:
        assert min(happened.values()) >= 1 and len(happened) == 8, f"every disturbance came up: {happened}"
        # The invented names are nine, and one organization has a row for each week.
        few = {"intermediate.int_author_names": len(NAMES), "marts.rpt_organization_trends": 4}
        assert {t: len(r) for t, r in found.items() if len(r) <= 10} == few, "the comparisons were about something"
        assert any(row[0].startswith("title:") for row in found["marts.fct_upvote_observations"])
        listed = {value for row in found["marts.dim_papers"] for value in row if isinstance(value, str)}
        assert {"known", "none", "not_provided", "cut to the day by the source"} <= listed
    return raw, daily


def test_builds_day_by_day_equal_a_full_refresh_row_for_row(grown: tuple[Path, Path]) -> None:
    _, daily = grown
    assert all(rows(daily).values()), "no table is empty; the builds were compared when they were made"


def test_a_build_leaves_the_rows_of_known_contents_and_texts_alone(
    grown: tuple[Path, Path], build: Build, tmp_path: Path
) -> None:
    raw, marked = tmp_path / "raw.duckdb", tmp_path / "next.duckdb"
    shutil.copyfile(grown[0], raw), shutil.copyfile(grown[1], marked)
    marks = {
        "int_contents_readable": ("display_title", "'marked'"),
        "int_content_keywords": ("spelling", "'marked ' || spelling"),
        "int_author_names": ("coauthor_key", "'marked'"),
        "int_author_name_keys": ("family_key", "'marked ' || family_key"),
    }
    with duckdb.connect(str(marked)) as connection:
        for table, (column, mark) in marks.items():
            connection.execute(f"update intermediate.{table} set {column} = {mark}")
        counts = {table: connection.execute(f"select count(*) from intermediate.{table}").fetchall() for table in marks}
    with duckdb.connect(str(raw)) as connection:
        connection.execute(
            """insert into raw.raw.entry_contents by name
               select * replace ('new' as content_id, ['New keyword'] as ai_keywords)
               from raw.raw.entry_contents where content_id = 'c0'"""
        )
    build(raw, marked)
    with duckdb.connect(str(marked), read_only=True) as connection:
        for table, (column, _) in marks.items():
            kept = f"select count(*) from intermediate.{table} where {column} like 'marked%'"
            assert connection.execute(kept).fetchall() == counts[table], table
        for table in ("int_contents_readable", "int_content_keywords"):
            added = f"select count(*) from intermediate.{table} where content_id = 'new'"
            assert connection.execute(added).fetchall() == [(1,)], table


def test_a_paper_whose_text_changed_is_found_by_the_new_text_alone(
    grown: tuple[Path, Path], build: Build, tmp_path: Path
) -> None:
    raw, changed = tmp_path / "raw.duckdb", tmp_path / "next.duckdb"
    shutil.copyfile(grown[0], raw), shutil.copyfile(grown[1], changed)
    indexed = """
        select count(distinct paper_number) from intermediate.int_search_postings
        where paper_number in (select paper_number from intermediate.int_search_papers)"""
    numbered = "select paper_id, paper_number from intermediate.int_search_papers order by all"
    with duckdb.connect(str(changed), read_only=True) as connection:
        before = connection.execute(indexed).fetchall()
        numbers = connection.execute(numbered).fetchall()
    with duckdb.connect(str(raw)) as connection:
        connection.execute("update raw.raw.entry_authors set name = 'Someone Else' where name = 'Mei Lin'")
    build(raw, changed)
    with duckdb.connect(str(changed), read_only=True) as connection:
        after = connection.execute(numbered).fetchall()
        renumbered = {paper for paper, _ in set(after) - set(numbers)}
        renamed = connection.execute(
            "select list(distinct paper_id) from intermediate.int_mentions where name_as_listed = 'Someone Else'"
        ).fetchall()[0][0]
        assert renumbered == set(renamed) and 0 < len(renumbered) < len(after)
        assert min(number for paper, number in after if paper in renumbered) > max(n for _, n in numbers)
        assert connection.execute(indexed).fetchall() == before, "each paper by its present text"
