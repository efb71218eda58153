"""The generated worlds are the same for the same seed, and what the product itself would make of their payloads."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import duckdb
import pytest

from orchestration.gates.verdicts import batch_gate
from sources.daily_papers.api_json import parse_api_json
from tests.pipeline.gate_pieces import Here
from tests.worlds import sample
from tests.worlds.large_home import Generated, generate
from warehouse.database import open_database
from warehouse.keys import name_key, title_key
from warehouse.landing.folder import FolderLanding
from warehouse.raw.loader import load_landed
from warehouse.raw.store import RawStore
from warehouse.settings import Settings

LAST = date(2026, 9, 18)
#: What is compared of each table: all but what names a moment of this machine or an id of the content.
COMPARED = {
    "entries": "paper_id, observed_at, title_key, upvotes, comments, github_stars",
    "entry_contents": "* exclude (content_id, extra)",
    "entry_authors": "* exclude (content_id), "
    "(select paper_id from raw.entry_contents as c where c.content_id = a.content_id)",
}


Make = Callable[..., Generated]


@pytest.fixture(scope="module")
def make(tmp_path_factory: pytest.TempPathFactory) -> Make:
    def made(kind: str, papers: int = 500, observations: int = 3, **more: Any) -> Generated:
        home = tmp_path_factory.mktemp("world") / "home"
        return generate(home, kind=kind, papers=papers, observations=observations, last_date=LAST, **more)

    return made


@pytest.fixture(scope="module")
def raw(make: Make) -> Generated:
    return make("raw")


@contextmanager
def opened(home: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    with open_database(home / "raw.duckdb", read_only=True) as connection:
        yield connection


def rows(home: Path, table: str) -> list[tuple[Any, ...]]:
    observed = "(select load_id, observed_at from raw.loads)"
    joined = f"entries as a inner join {observed} using (load_id)" if table == "entries" else f"{table} as a"
    with opened(home) as connection:
        return sorted(connection.execute(f"select {COMPARED[table]} from raw.{joined}").fetchall(), key=repr)


def test_a_seed_determines_every_row(make: Make) -> None:
    made, again, other = make("raw", papers=300), make("raw", papers=300), make("raw", papers=300, seed=7)
    for table in COMPARED:
        assert rows(again.home, table) == rows(made.home, table), table
        assert rows(other.home, table) != rows(made.home, table), table
    assert [p.read_bytes() for p in sorted(again.next_folder.iterdir())] == [
        p.read_bytes() for p in sorted(made.next_folder.iterdir())
    ]


def test_raw_tables_hold_what_the_loader_makes_of_the_archive(make: Make, raw: Generated) -> None:
    archive = make("archive")
    with RawStore.open(archive.home / "raw.duckdb") as store:
        loads = load_landed(store, FolderLanding(archive.home / "landing"), "test")
    assert loads and not any(load.refused or load.reason for load in loads)
    for table in COMPARED:
        assert rows(raw.home, table) == rows(archive.home, table), table


def test_keys_are_those_of_the_product(raw: Generated) -> None:
    with opened(raw.home) as connection:
        contents = connection.execute(
            """select title, title_key, organization_name, organization_name_key, organization_slug,
                   organization_slug_key from raw.entry_contents"""
        ).fetchall()
        names = connection.execute("select distinct name, name_key from raw.entry_authors").fetchall()
    for (*pairs,) in contents:
        for text, key in zip(pairs[::2], pairs[1::2], strict=True):
            assert key == (None if text is None else title_key(text))
    assert [name for name, key in names if key != name_key(name)] == []


def test_a_small_world_is_the_newest_part_of_a_large_one(make: Make, raw: Generated) -> None:
    small = make("raw", papers=200)
    assert set(rows(small.home, "entries")) < set(rows(raw.home, "entries"))
    assert (small.next_folder / f"{small.new_date}.json").read_bytes() == (
        raw.next_folder / f"{raw.new_date}.json"
    ).read_bytes()


def test_one_more_day_is_as_the_source_sends_it(raw: Generated) -> None:
    listing = parse_api_json([(raw.next_folder / f"{raw.new_date}.json").read_bytes()], raw.new_date)
    assert len(listing.entries) > 30 and not listing.refusals
    assert all(seen.is_known for seen in listing.fields) and not any(entry.extra for entry in listing.entries)
    assert all(entry.submitted_at and entry.submitted_at.date() == raw.new_date for entry in listing.entries)


def _paths(value: Any, above: str = "") -> set[str]:
    """The field paths of a payload's entries."""
    if isinstance(value, list):
        return {path for item in value for path in _paths(item, above)}
    if isinstance(value, dict):
        return {path for key, item in value.items() for path in (f"{above}.{key}", *_paths(item, f"{above}.{key}"))}
    return set()


def test_the_large_world_sends_entries_of_the_shape_of_the_sample(raw: Generated) -> None:
    large = _paths(json.loads((raw.next_folder / f"{raw.new_date}.json").read_bytes()))
    small = {
        path for capture in sample.api_captures(sample.build_world()) for path in _paths(json.loads(capture.payload))
    }
    assert large <= small
    # What only the sample sends: fields that not every paper has, and what drifts in its month.
    assert {path.rsplit(".", 1)[-1] for path in small - large} == {
        *("mediaUrls", "githubRepoAddedBy", "ai_summary_model", "reproductionReports"),
        *("name", "id"),  # of an account
    }


def test_the_batch_gate_accepts_the_landed_lists(raw: Generated) -> None:
    gate = batch_gate(replace(Settings(), home=raw.home), Here(), "test")  # type: ignore[arg-type]
    assert gate.checked and gate.accepted == gate.checked and not gate.problem and not gate.warnings


def test_upvotes_grow_and_saturate_and_names_collide_unevenly(make: Make) -> None:
    world = make("raw", papers=1_500, observations=7)
    with opened(world.home) as connection:
        ((median, tail),) = connection.execute(
            "select median(upvotes), quantile_cont(upvotes, 0.99) from raw.entries"
        ).fetchall()
        ((falls, steps),) = connection.execute(
            """select count(*) filter (step < 0), count(*) from (
                   select upvotes - lag(upvotes) over (partition by entries.paper_id order by observed_at) as step
                   from raw.entries inner join raw.loads using (load_id)) where step is not null"""
        ).fetchall()
        ((authors, mean),) = connection.execute(
            "select median(author_count), avg(author_count) from raw.entry_contents"
        ).fetchall()
        ((rows_, names, claimed),) = connection.execute(
            "select count(*), count(distinct name), count(account_id) / count(*) from raw.entry_authors"
        ).fetchall()
        ((owned,),) = connection.execute("select count(organization_id) / count(*) from raw.entry_contents").fetchall()
    assert 3 <= median <= 10 and 40 <= tail <= 200
    assert 0 < falls < 0.01 * steps
    assert authors == 7 and 9 < mean < 11.5
    assert 0.04 < claimed < 0.17 and 0.4 < owned < 0.6
    assert 0.3 * rows_ < names < 0.8 * rows_
