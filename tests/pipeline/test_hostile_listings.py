"""Damaged and hostile listings: stored as data, bounded, counted, escaped wherever they are shown."""

from __future__ import annotations

import csv
import gzip
import io
import json
import random
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest
from gate_pieces import Warehouse, body, entry, listing

from orchestration.commands import console
from tests.conftest import SAMPLE
from tests.dbt.dbt_builds import building
from tests.mutations import damage
from warehouse.landing.importing import Known, Manifest, find_files, import_files
from warehouse.publication.publish import prepare_next


def mutated(seed: int, payloads: list[bytes]) -> bytes:
    """A real-shaped payload with one to six kinds of damage."""
    chance = random.Random(seed)
    payload = chance.choice(payloads)
    if seed % 11 == 0:
        return payload[: chance.randrange(len(payload))]
    if seed % 11 == 1:
        damaged = bytearray(payload)
        for _ in range(chance.randint(1, 9)):
            damaged[chance.randrange(len(damaged))] = chance.randrange(256)
        return bytes(damaged)
    records = json.loads(payload)
    damage(records, chance, chance.randint(1, 6))
    return json.dumps(records).encode()


@pytest.mark.parametrize("mutations", [44, pytest.param(220, marks=pytest.mark.slow)])
def test_damaged_listings_lose_no_record_and_no_rejected_one_reaches_a_mart(tmp_path: Path, mutations: int) -> None:
    home = Warehouse.at(tmp_path / "home")
    originals = [gzip.decompress(f.read_bytes()) for f in sorted(SAMPLE.glob("2026-09-*.json.gz"))[::9]]
    payloads = [p for p in originals if len(p) > 100]
    listings = []
    for seed in range(mutations):
        damaged = mutated(seed, payloads)
        # Two thirds under the date that most of the entries have, the others swapped with another day's file.
        day = "2026-09-09" if seed % 3 == 0 else next(iter(dates_in(damaged)), "2026-09-09")
        listings.append((day, f"2026-10-01T{seed // 60:02d}:{seed % 60:02d}:00", damaged))
    sent = dict(zip(home.land(*listings), (damaged for _, _, damaged in listings), strict=True))
    gate = home.check()
    states = {
        load: (received, entries, refused, verdict)
        for load, received, entries, refused, verdict in home.rows(
            "select load_id, received, entries, refused, verdict from raw.loads"
        )
    }
    assert len(states) == mutations and gate.checked
    places: dict[str, list[int | None]] = {load: [] for load in sent}
    for load, position in home.rows(
        "select load_id, position from raw.entries union all select load_id, position from raw.quarantine"
    ):
        places[load].append(position)
    for load, damaged in sent.items():
        received, entries, refused, verdict = states[load]
        assert verdict in ("accepted", "rejected")
        if places[load] == [None]:
            assert (verdict, received) == ("rejected", 0), "refused whole, once"
            continue
        assert received == entries + refused == len(json.loads(damaged.decode("utf-8", "replace")))
        assert sorted(places[load]) == list(range(1, received + 1)), "each record once, in raw or in quarantine"
    verdicts = {state[3] for state in states.values()}
    assert verdicts == {"accepted", "rejected"}
    prepare_next(home.settings)
    tests = ("--exclude-resource-type", "test", "--exclude-resource-type", "unit_test")
    with building(command=("build", *tests)) as build:
        build(home.settings.raw_database, home.settings.next_database)
    with duckdb.connect(str(home.settings.next_database), read_only=True) as connection:
        shown = {r[0] for r in connection.execute("select load_id from marts.fct_upvote_observations").fetchall()}
        moments = connection.execute("select distinct observed_at from marts.fct_upvote_observations").fetchall()
        accepted = connection.execute("select observed_at from marts.ops_loads where verdict = 'accepted'").fetchall()
    assert shown and all(states[load][3] == "accepted" for load in shown)
    assert set(moments) <= set(accepted)


def dates_in(payload: bytes) -> Iterator[str]:
    marker = b'"submittedOnDailyAt": "'
    if marker in payload:
        yield payload.split(marker, 1)[1][:10].decode("ascii", "replace")


HOSTILE = {
    "title": "<script>alert(1)</script><img src=x onerror=alert(2)>",
    "summary": '=HYPERLINK("http://elsewhere.invalid","x")',
    "discussionId": "../../../etc/passwd",
    "githubRepo": "javascript:alert(3)",
    "authors": [
        {"_id": "a1", "name": "Robert'); drop table raw.loads; --", "hidden": False},
        {"_id": "a2", "name": "\x1b[31mRed\x1b]0;owned\x07", "hidden": False},
        {"_id": "a3", "name": "=cmd|' /C calc'!A0", "hidden": False},
    ],
}


def test_hostile_texts_are_stored_as_they_are_and_shown_escaped(tmp_path: Path) -> None:
    home = Warehouse.at(tmp_path / "home")
    day = "2025-03-11"
    hostile = entry(1, day, **HOSTILE)
    hostile["title"] = HOSTILE["title"]
    bad_id = entry(2, day, id="../../2503.00002")
    (load,) = home.land((day, "2025-03-12T08:00:00", body([hostile, bad_id, entry(3, "2025-03-08")])))
    gate = home.check()
    assert home.rows("select title from raw.entry_contents where title like '<script>%'") == [(HOSTILE["title"],)]
    assert {row[0] for row in home.rows("select name from raw.entry_authors")} >= {
        author["name"] for author in HOSTILE["authors"]
    }
    assert home.rows("select load_id, position from raw.quarantine") == [(load, 2)]
    page = (home.settings.data_docs / gate.page).read_text() if gate.page else ""
    assert page and "<script" not in page and "onerror" not in page
    assert not list(tmp_path.rglob("*2503.00002*"))


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@x", "\t=1", " =1", "\r\n+x"])
def test_a_text_that_a_spreadsheet_would_run_is_quoted(text: str) -> None:
    out = io.StringIO()
    csv.writer(out).writerow([console.csv_cell(text)])
    assert next(csv.reader(io.StringIO(out.getvalue())))[0].startswith("'")
    assert console.csv_cell(-1) == -1 and console.csv_cell("a=1") == "a=1" and console.csv_cell(None) is None


def test_terminal_escapes_never_reach_the_terminal() -> None:
    assert "\x1b" not in console.plain("\x1b[31mRed\x1b]0;owned\x07") and "\x07" not in console.plain("\x07")
    assert "\u202e" not in console.plain("\u202eevil")


def test_size_and_depth_are_bounded(tmp_path: Path) -> None:
    home = Warehouse.at(tmp_path / "home")
    folder = tmp_path / "files"
    folder.mkdir()
    day = "2025-03-11"
    (folder / "2025-03-11@2025-03-12T010000Z.json").write_bytes(gzip.compress(b" " * 2**28, 1))
    (folder / "2025-03-11@2025-03-12T020000Z.json").write_bytes(body([entry(1, day, summary="x" * 100 * 2**20)]))
    (folder / "2025-03-11@2025-03-12T030000Z.json").write_bytes(b"[" * 100_000)
    (folder / "2025-03-11@2025-03-12T040000Z.json").write_bytes(
        body([entry(1, day), entry(2, day)])[:-1] + b', {"paper":' + b"[" * 300 + b"]" * 300 + b"}]"
    )
    (folder / "2025-03-11@2025-03-12T050000Z.json").write_bytes(listing(day, 3))
    (tmp_path / "outside.json").write_bytes(listing(day, 4))
    (folder / "2025-03-11@2025-03-12T060000Z.json").symlink_to(tmp_path / "outside.json")
    results = import_files(
        home.landing,
        find_files([folder]),
        manifest=Manifest(None),
        options=Known(),
        max_bytes=home.settings.max_payload_bytes,
    )
    assert [bool(result.problem) for result in results] == [True, True, False, False, False]
    assert all("larger than" in result.problem for result in results if result.problem)
    home.check()
    assert home.rows("select received, entries, refused, verdict from raw.loads order by observed_at") == [
        (0, 0, 0, "rejected"),
        (3, 2, 1, "accepted"),
        (3, 3, 0, "accepted"),
    ]
    assert max(f.stat().st_size for f in home.settings.home.rglob("*") if f.is_file()) < 2**24
