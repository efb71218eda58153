"""Every public table is the same on DuckDB and on Spark: built whole, then a day later, then observed again."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from engines import Both, duckdb_builds, of_spark

from tests.conftest import Papers

#: Steps of a history, by what they are for.
WHOLE, DAY_LATER, OBSERVED_AGAIN = 0, 1, 2


@pytest.fixture(scope="module")
def build_with_duckdb() -> Iterator[Any]:
    with duckdb_builds() as build:
        yield build


@pytest.fixture(scope="module")
def sample(demo: Papers, session: Any, tmp_path_factory: pytest.TempPathFactory) -> Both:
    return Both(session, tmp_path_factory.mktemp("sample"), demo.home / "raw.duckdb")


@pytest.fixture(scope="module")
def real(
    shared_data: Path, new_home: Callable[[str], Papers], session: Any, tmp_path_factory: pytest.TempPathFactory
) -> Both:
    listings = shared_data / "listings"
    papers = new_home("real")
    texts = sorted((listings / "text").glob("*.txt"))
    folders = [listings / name for name in ("api", "html", "repeats")]
    papers("import", *folders, *texts, "--manifest", listings / "manifest.tsv")
    return Both(session, tmp_path_factory.mktemp("real"), papers.home / "raw.duckdb")


@pytest.mark.parametrize("step", [WHOLE, DAY_LATER, OBSERVED_AGAIN])
def test_sample_is_the_same_on_both_engines(sample: Both, build_with_duckdb: Any, step: int) -> None:
    assert sample.take(step, build_with_duckdb) == {}


@pytest.mark.parametrize("step", [WHOLE, DAY_LATER, OBSERVED_AGAIN])
def test_real_listings_are_the_same_on_both_engines(real: Both, build_with_duckdb: Any, step: int) -> None:
    assert real.take(step, build_with_duckdb) == {}
    if step == OBSERVED_AGAIN:
        assert len(of_spark(real.session)["fct_upvote_observations"]) > 6_000
