"""What was known then: the as-of macros against a warehouse built from only the loads observed until then."""

from __future__ import annotations

import math
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb
import pytest

from tests.conftest import Papers
from tests.dbt.dbt_builds import building
from warehouse.landing.folder import FolderLanding
from warehouse.publication.publish import prepare_next
from warehouse.raw.loader import load_landed
from warehouse.raw.store import RawStore, verdicts
from warehouse.settings import Settings

#: In the middle of a day's looks, at the very second of one, and after a text page came in.
MOMENTS = ["2026-09-09T19:59:56", pytest.param("2026-09-18T13:30:00", marks=pytest.mark.slow)]


def _warehouse_until(moment: str, demo: Papers, home: Path) -> Path:
    """A database built by the models from those loads of the demo that were observed until a moment."""
    settings, old = Settings(home=home), Settings(home=demo.home)
    until = datetime.fromisoformat(moment).replace(tzinfo=UTC)
    source, landing = FolderLanding(old.landing), FolderLanding(settings.landing)
    with landing.writing() as batch:
        for capture in source.captures():
            if capture.observed_at <= until:
                batch.add_capture(capture, source.read(capture))
    given = verdicts(old.raw_database)
    with RawStore.open(settings.raw_database) as raw:
        loads = load_landed(raw, landing, "as-of")
        raw.set_verdicts([(load.load_id, given[load.load_id].verdict, "test", None) for load in loads])
    prepare_next(settings)
    with building("--select", "+rpt_paper_trends", command=("run",)) as build:
        build(settings.raw_database, settings.next_database)
    return settings.next_database


def _same(a: Any, b: Any) -> bool:
    # Two engines' threads add floats in different orders.
    return math.isclose(a, b, rel_tol=1e-9, abs_tol=1e-9) if isinstance(a, float) and isinstance(b, float) else a == b


@pytest.mark.parametrize("moment", MOMENTS)
def test_as_of_equals_a_warehouse_that_saw_nothing_later(demo: Papers, tmp_path: Path, moment: str) -> None:
    then = _warehouse_until(moment, demo, tmp_path)
    trends = "select * from marts.{} order by paper_id"
    counts = "select * from marts.upvotes_as_of(timestamp '{}') order by paper_id"
    with demo.published() as connection:
        now_trends = connection.execute(trends.format(f"trends_as_of(timestamp '{moment}')")).fetchall()
        now_counts = connection.execute(counts.format(moment)).fetchall()
    with duckdb.connect(str(then), read_only=True) as connection:
        then_trends = connection.execute(trends.format("rpt_paper_trends")).fetchall()
        then_counts = connection.execute(counts.format("9999-01-01")).fetchall()
    assert now_counts and now_counts == then_counts
    assert len(now_trends) == len(then_trends) == len(now_counts)
    wrong = [
        (now, past)
        for now, past in zip(now_trends, then_trends, strict=True)
        if not all(_same(a, b) for a, b in zip(now, past, strict=True))
    ]
    assert not wrong, wrong[0]
