"""Python models that fork inside dbt's worker process build what one process builds."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import duckdb
import pytest

from tests.conftest import SAMPLE, warm_process
from warehouse.landing import importing
from warehouse.landing.folder import FolderLanding
from warehouse.processes import available
from warehouse.publication.publish import prepare_next
from warehouse.raw.loader import load_landed
from warehouse.raw.store import RawStore
from warehouse.settings import Settings

TABLES = ("int_author_names", "int_author_decisions")


@pytest.mark.skipif(available() < 2, reason="processes are forked on Linux, where there are two cores")
def test_models_that_share_their_work_among_forked_workers_build_the_same_rows(tmp_path: Path) -> None:
    raw = tmp_path / "raw.duckdb"
    _load_sample(Settings(home=tmp_path), raw)
    alone, alone_pools = _built(tmp_path / "alone", raw, workers=1)
    shared, pools = _built(tmp_path / "shared", raw, workers=2)
    assert (alone_pools, pools > 1) == (0, True), "both models forked"
    assert shared == alone and all(len(rows) > 20 for rows in alone.values())


def _load_sample(settings: Settings, database: Path) -> None:
    landing = FolderLanding(settings.landing)
    importing.import_files(
        landing,
        importing.find_files([SAMPLE]),
        manifest=importing.Manifest(None),
        options=importing.Known(),
        max_bytes=settings.max_payload_bytes,
    )
    with RawStore.open(database) as raw:
        load_landed(raw, landing, "test")
        raw.connection.execute("update raw.loads set verdict = 'accepted' where verdict = 'pending'")


def _built(home: Path, raw: Path, workers: int) -> tuple[dict[str, list[Any]], int]:
    settings = Settings(home=home)
    (home / "target").mkdir(parents=True)
    shutil.copyfile(raw, settings.raw_database)
    prepare_next(settings)
    command = ("build", "--select", "+int_author_decisions", "--exclude-resource-type", "test", "unit_test")
    ended = warm_process().start("tests.dbt.dbt_forks:main", str(home), workers, *command).wait()
    assert ended.code == 0, ended.err[-3000:] + ended.out[-3000:]
    with duckdb.connect(str(settings.next_database), read_only=True) as connection:
        rows = {
            table: sorted(connection.execute(f"from intermediate.{table}").fetchall(), key=repr) for table in TABLES
        }
    return rows, int((home / "pools").read_text())
