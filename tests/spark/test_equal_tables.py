"""Every public table is the same on DuckDB and on Spark: built whole, then a day later, then observed again."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import duckdb
import pytest
from engines import Both, of_spark

from tests.conftest import Papers

#: Steps of a history, by what they are for.
WHOLE, DAY_LATER, OBSERVED_AGAIN = 0, 1, 2


@pytest.mark.parametrize("step", [WHOLE, DAY_LATER, OBSERVED_AGAIN])
def test_real_listings_are_the_same_on_both_engines(real: Both, build_with_duckdb: Any, step: int) -> None:
    assert real.take(step, build_with_duckdb) == {}
    if step == OBSERVED_AGAIN:
        assert len(of_spark(real.session)["fct_upvote_observations"]) > 6_000


def test_the_parquet_of_a_release_is_the_same_on_both_engines(session: Any, demo: Papers, tmp_path: Path) -> None:
    folder = Path(json.loads(demo("release", tmp_path, "--json").out)["release"])
    with duckdb.connect() as connection:
        for file in sorted((folder / "data").iterdir()):
            columns = connection.execute(f"describe from read_parquet('{file}')").fetchall()
            sums = [
                f"sum(cast({name} as double)), count({name})"
                for name, kind, *_ in columns
                if kind in ("BIGINT", "INTEGER", "DOUBLE")
            ]
            session.read.parquet(str(file)).createOrReplaceTempView("released")
            found = session.sql(f"select {', '.join(['count(*)', *sums])} from released").collect()[0]
            wanted = connection.execute(f"select {', '.join(['count(*)', *sums])} from read_parquet('{file}')")
            assert list(found) == pytest.approx(list(wanted.fetchall()[0])), file.stem


# Last: what it leaves in the catalog is what test_faults.py builds on, which saves a build.
@pytest.mark.parametrize("step", [WHOLE, DAY_LATER, OBSERVED_AGAIN])
def test_sample_is_the_same_on_both_engines(sample: Both, build_with_duckdb: Any, step: int) -> None:
    assert sample.take(step, build_with_duckdb) == {}
