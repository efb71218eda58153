"""The landing archive and the hand-over on a server of S3: the same tables, whatever the archive lies on."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from s3_server import SECRET, S3Server, serving

from tests.conftest import SAMPLE, Papers

LANDING, HANDOVER = "s3://papers/landing", "s3://papers/handover"


@pytest.fixture(scope="module")
def s3(tmp_path_factory: pytest.TempPathFactory) -> Iterator[S3Server]:
    with serving(tmp_path_factory.mktemp("s3")) as server:
        yield server


@pytest.fixture(scope="module")
def listings() -> list[Path]:
    """Three days of the sample."""
    return sorted(path for path in SAMPLE.rglob("*.json*") if path.is_file())[:24]


@pytest.fixture(scope="module")
def stored(s3: S3Server, new_home: Callable[[str], Papers], listings: list[Path]) -> Papers:
    """A home whose archive lies on the store, and that hands over to it."""
    papers = new_home("stored")
    papers("import", *listings, **s3.environment, PAPERS_LANDING=LANDING, PAPERS_HANDOVER=HANDOVER)
    return papers


def test_tables_are_the_same_as_from_a_folder(
    s3: S3Server, stored: Papers, new_home: Callable[[str], Papers], listings: list[Path]
) -> None:
    local = new_home("local")
    local("import", *listings)
    landed_at = "select * exclude (landed_at) from ops_loads order by all"
    assert json.loads(stored("sql", landed_at, "--json").out) == json.loads(local("sql", landed_at, "--json").out)
    ours, theirs = stored.tables(), local.tables()
    assert {n: r for n, r in ours.items() if n != "ops_loads"} == {n: r for n, r in theirs.items() if n != "ops_loads"}
    assert not (stored.home / "landing").exists()
    assert any(name.startswith("landing/payloads/") for name in s3.names("papers"))


def test_another_machine_builds_the_same_from_the_store_and_hands_over_the_same(
    s3: S3Server, stored: Papers, new_home: Callable[[str], Papers]
) -> None:
    before = {name for name in s3.names("papers") if name.startswith("handover/data/")}
    other = new_home("other")
    other("rebuild", **s3.environment, PAPERS_LANDING=LANDING, PAPERS_HANDOVER=HANDOVER)
    assert other.tables() == stored.tables()
    new = {name for name in s3.names("papers") if name.startswith("handover/data/")} - before
    assert all(name.startswith("handover/data/gate_results/") for name in new)
    checked = other("handover", "--to", HANDOVER, "--check", "--json", **s3.environment).facts["checked"]
    assert checked["loads"] == stored.value("select count(*) from marts.ops_loads where verdict = 'accepted'")


def test_importing_again_lands_nothing(s3: S3Server, stored: Papers, listings: list[Path]) -> None:
    before = s3.names("papers")
    done = stored("import", *listings, **s3.environment, PAPERS_LANDING=LANDING)
    assert "Nothing new" in done.out
    assert s3.names("papers") == before


@pytest.mark.parametrize(
    ("landing", "environment", "code", "sentence"),
    [
        ("s3://nowhere/landing", {}, 2, "no such bucket"),
        (LANDING, {"AWS_SECRET_ACCESS_KEY": "wrong"}, 2, "refused access"),
        (LANDING, {"AWS_ENDPOINT_URL": "http://127.0.0.1:9"}, 3, "can't be reached"),
        ("gs://papers/landing", {}, 2, "client that is not installed"),
        ("nothing://papers/landing", {}, 2, "names no supported object store"),
    ],
)
def test_what_a_user_can_get_wrong_is_one_sentence(
    s3: S3Server,
    papers: Papers,
    listings: list[Path],
    landing: str,
    environment: dict[str, str],
    code: int,
    sentence: str,
) -> None:
    done = papers("import", listings[0], expect=code, PAPERS_LANDING=landing, **{**s3.environment, **environment})
    assert sentence in done.err
    assert len(done.err.strip().splitlines()) == 1
    assert SECRET not in done.err + done.out
    assert not (papers.home / "papers.duckdb").exists()


def test_a_store_that_is_away_costs_no_load_its_place(s3: S3Server, stored: Papers) -> None:
    before = stored.tables()
    away = {**s3.environment, "AWS_ENDPOINT_URL": "http://127.0.0.1:9", "PAPERS_LANDING": LANDING}
    assert "can't be reached" in stored("rebuild", expect=3, **away).err
    assert stored.tables() == before
