"""Damaged files of a home: a rebuild never brings fewer accepted loads without a word, and no mail goes out twice."""

from __future__ import annotations

import random
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from gate_pieces import Warehouse, listing
from test_damaged_archive import Home

from tests.slow.attack.seeds import chance, is_over
from warehouse.digest.record import Delivery, SentRecord
from warehouse.errors import ArchiveError, GateError, HomeError
from warehouse.raw.store import RawStore

DAMAGES = 60


def flip(body: bytes, chance: random.Random) -> bytes:
    """Some bits are other ones."""
    damaged = bytearray(body)
    for _ in range(chance.choice([1, 1, 2, 8])):
        damaged[chance.randrange(len(damaged))] ^= 1 << chance.randrange(8)
    return bytes(damaged)


def cut(body: bytes, chance: random.Random) -> bytes:
    """The end is missing."""
    return body[: chance.randrange(len(body))]


def blank(body: bytes, chance: random.Random) -> bytes:
    """A block is zeros, as a disk leaves it."""
    start = chance.randrange(len(body))
    size = min(chance.choice([16, 512, 4096]), len(body) - start)
    return body[:start] + b"\0" * size + body[start + size :]


def drop_line(body: bytes, chance: random.Random) -> bytes:
    """A line is missing."""
    lines = body.splitlines(keepends=True)
    del lines[chance.randrange(len(lines))]
    return b"".join(lines)


WAYS: list[Callable[[bytes, random.Random], bytes]] = [flip, cut, blank, drop_line]


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Home:
    """A home with twelve accepted loads."""
    warehouse = Warehouse.at(tmp_path_factory.mktemp("damages") / "home")
    days = [f"2025-03-{day:02d}" for day in range(1, 13)]
    loads = warehouse.land(*((day, f"{day} 22:00:00", listing(day, 2)) for day in days))
    warehouse.load("a run")
    with RawStore.open(warehouse.settings.raw_database) as raw:
        raw.set_verdicts([(load, "accepted", "gate", None) for load in loads])
    return Home(warehouse, loads)


def test_a_damaged_archive_loses_nothing_in_silence(template: Home, tmp_path: Path, tried: Any) -> None:
    random, done = chance("archive"), 0
    while done < DAMAGES and not is_over():
        home = Home(Warehouse.at(tmp_path / f"home{done}"), template.loads)
        shutil.copytree(template.warehouse.settings.home, home.warehouse.settings.home)
        files = [path for path in home.warehouse.settings.landing.rglob("*") if path.is_file()]
        target = home.journal if random.random() < 0.6 else random.choice(files)
        way = random.choice(WAYS)
        target.write_bytes(way(target.read_bytes(), random))
        try:
            home.rebuild()
        except (GateError, ArchiveError) as error:
            assert "papers doctor --archive" in str(error) or "newer version" in str(error)
        kept = home.warehouse.rows("select load_id from raw.loads where verdict <> 'rejected'")
        assert {load for (load,) in kept} == set(home.loads), (way, target)
        shutil.rmtree(home.warehouse.settings.home)
        done += 1
    tried(done)


def test_a_damaged_record_of_deliveries_sends_no_mail_twice(tmp_path: Path, tried: Any) -> None:
    random, path = chance("record"), tmp_path / "sent.jsonl"
    deliveries = [Delivery("daily", "2026-11-23", f"reader{number}@example.org") for number in range(8)]
    record = SentRecord(path)
    for delivery in deliveries:
        record.write(delivery, "sending", "<1>")
        record.write(delivery, "sent", "<1>")
    whole = path.read_bytes()
    ends = [place for place, byte in enumerate(whole) if byte == 10]
    for _ in range(20 * DAMAGES):
        way = random.choice(WAYS[:3])
        # A file that ends early says nothing of what came later: only what is before the last two lines is damaged.
        damaged = way(whole[: ends[-3]], random) + (b"" if way is cut else whole[ends[-3] :])
        path.write_bytes(damaged)
        try:
            again = SentRecord(path)
        except HomeError:
            continue
        told = deliveries if way is not cut else deliveries[: damaged.count(b"\n") // 2]
        assert all(again.state(delivery) in ("sending", "sent") for delivery in told), way
    tried(20 * DAMAGES)
