"""What is read in several processes is what one reads, row by row and in the same order."""

from __future__ import annotations

import json
import os
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.worlds.sample import ARCHIVE
from warehouse.landing.archive import Landing
from warehouse.landing.folder import FolderLanding
from warehouse.landing.importing import Known, Manifest, find_files, import_files
from warehouse.processes import available
from warehouse.raw import loader
from warehouse.raw.loader import load_landed
from warehouse.raw.reader import LoadResult, Reader
from warehouse.raw.schema import TABLES
from warehouse.raw.store import RawStore

MOMENT = datetime(2026, 9, 1, 8, tzinfo=UTC)


@pytest.fixture(scope="module")
def landing(tmp_path_factory: pytest.TempPathFactory) -> Landing:
    """The sample, and what tells no date: a payload that is no listing, another of other bytes than were landed."""
    landing = FolderLanding(tmp_path_factory.mktemp("landing"))
    import_files(
        landing,
        find_files([ARCHIVE]),
        manifest=Manifest(ARCHIVE / "manifest.tsv"),
        options=Known(),
        max_bytes=1 << 26,
    )
    with landing.writing() as batch:
        for number, body in enumerate((b"no listing", b"[0]", b"[1]", b"[]")):
            batch.land(
                [("https://example.org/x", body)],
                source="x",
                listing_date=date(2026, 9, 1) if number > 1 else None,
                observed_at=MOMENT + timedelta(hours=number),
                observed_at_basis="manifest",
            )
    damaged = [capture for capture in landing.captures() if capture.source == "x"][2]
    sha256 = damaged.payloads[0].sha256
    (Path(landing.root) / "payloads" / sha256[:2] / f"{sha256}.gz").write_bytes(b"torn")
    return landing


def _loaded(folder: Path, landing: Landing) -> tuple[list[LoadResult], list[LoadResult], dict[str, list[Any]]]:
    reported: list[LoadResult] = []
    with RawStore.open(folder / "raw.duckdb") as raw:
        results = load_landed(raw, landing, "a run", reported.append)
        tables = {name: raw.connection.execute(f"select * from raw.{name} order by all").fetchall() for name in TABLES}
    return results, reported, tables


@pytest.mark.skipif(available() < 2, reason="processes are forked on Linux, where there are two cores")
def test_several_processes_read_the_same_as_one(
    tmp_path: Path, landing: Landing, monkeypatch: pytest.MonkeyPatch
) -> None:
    alone, reported_alone, rows = _loaded(tmp_path / "alone", landing)
    assert {load.verdict for load in alone} == {"pending", "rejected"}
    assert len(rows["entries"]) > len(rows["entry_contents"]) > 100
    monkeypatch.setattr(loader, "MIN_FORK_BYTES", 0)
    monkeypatch.setattr(loader, "MAX_CHUNK_LOADS", 7)
    monkeypatch.setattr(loader, "available", lambda: 3)
    monkeypatch.setattr(Reader, "add", _elsewhere(Reader.add))
    shared, reported, its_rows = _loaded(tmp_path / "shared", landing)
    assert shared == reported == alone == reported_alone
    assert [load.load_id for load in shared] == [capture.load_id for capture in landing.captures()]
    assert its_rows == rows


def _elsewhere(add: Any) -> Any:
    """A reader's ``add`` that fails in the process that asks."""
    here = os.getpid()

    def added(*arguments: Any) -> Any:
        assert os.getpid() != here
        return add(*arguments)

    return added


def test_an_archive_that_cannot_be_forked_is_read_in_this_process(
    tmp_path: Path, landing: Landing, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(loader, "MIN_FORK_BYTES", 0)
    monkeypatch.setattr(loader, "available", lambda: pytest.fail("one process must read it"))
    monkeypatch.setattr(FolderLanding, "can_fork", False)
    results, _, _ = _loaded(tmp_path, landing)
    assert len(results) == len(list(landing.captures()))


def test_a_listing_of_many_days_is_not_taken_for_that_of_one(tmp_path: Path) -> None:
    records = [
        {
            "paper": {
                "id": f"2609.0000{day}",
                "title": "A Paper",
                "authors": [],
                "publishedAt": "2026-09-01T00:00:00Z",
                "submittedOnDailyAt": f"2026-09-0{day}T01:00:00Z",
                "upvotes": 3,
            },
            "numComments": 0,
        }
        for day in range(1, 9)
    ]
    landing = FolderLanding(tmp_path / "landing")
    with landing.writing() as batch:
        for body in (records, records[:1]):
            batch.land(
                [("x", json.dumps(body).encode())],
                source="x",
                listing_date=None,
                observed_at=MOMENT,
                observed_at_basis="manifest",
            )
    many, one = _loaded(tmp_path, landing)[0]
    assert many.reason and many.reason.startswith("unknown_listing_date") and "8 days" in many.reason
    assert one.listing_date == date(2026, 9, 1)
