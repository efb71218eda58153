"""Every public table is the same on DuckDB and on Spark: built whole, then a day later, then observed again."""

from __future__ import annotations

from typing import Any

import pytest
from engines import Both, of_spark

#: Steps of a history, by what they are for.
WHOLE, DAY_LATER, OBSERVED_AGAIN = 0, 1, 2


@pytest.mark.parametrize("step", [WHOLE, DAY_LATER, OBSERVED_AGAIN])
def test_real_listings_are_the_same_on_both_engines(real: Both, build_with_duckdb: Any, step: int) -> None:
    assert real.take(step, build_with_duckdb) == {}
    if step == OBSERVED_AGAIN:
        assert len(of_spark(real.session)["fct_upvote_observations"]) > 6_000


# Last: what it leaves in the catalog is what test_faults.py builds on, which saves a build.
@pytest.mark.parametrize("step", [WHOLE, DAY_LATER, OBSERVED_AGAIN])
def test_sample_is_the_same_on_both_engines(sample: Both, build_with_duckdb: Any, step: int) -> None:
    assert sample.take(step, build_with_duckdb) == {}
