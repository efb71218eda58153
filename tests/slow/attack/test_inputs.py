"""Hostile listings, one by one and together: each becomes a load with a verdict, and none stops the others."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from gate_pieces import Warehouse, entry
from test_breaking_loads import (  # noqa: F401
    landing,
    test_a_load_that_exhausts_memory_is_rejected,
    test_a_load_that_kills_the_loader_is_rejected_by_the_next_run,
    test_rows_that_fit_no_table_reject_one_load,
)
from test_hostile_listings import test_hostile_texts_are_stored_as_they_are_and_shown_escaped  # noqa: F401

from tests.mutations import damage
from tests.slow.attack.seeds import chance

LISTINGS = 400
#: Values that once ended a run, or could.
EXTREMES: list[Any] = [
    *("0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00", "+292277026596-12-04T15:30:08Z", "2026-02-30", "now"),
    *(2**31 - 1, 2**63, -(2**63) - 1, 10**400, 1e308, -0.0, "9" * 5000, "\ud800", "\u0000", "=?utf-8?q?=0D=0A?="),
    *(None, [], {}, [[[]]], True, "x" * 100_000),
]


def test_damaged_listings_each_get_a_verdict(tmp_path: Path, tried: Any) -> None:
    random, day = chance("inputs"), "2025-03-10"
    bodies = []
    for number in range(LISTINGS):
        records = [entry(1 + number % 50, day), entry(51, day)]
        if number % 2:
            damage(records, random, random.randint(1, 6))
        else:
            place = random.choice([records[0], records[0]["paper"], records[0]["paper"]["authors"][0]])
            place[random.choice([*place, "new"])] = random.choice(EXTREMES)
        bodies.append(json.dumps(records).encode())
    home = Warehouse.at(tmp_path / "home")
    moments = (f"2025-03-10 {hour:02d}:{minute:02d}:00" for hour in range(12, 24) for minute in range(60))
    loads = home.land(*((day, moment, body) for moment, body in zip(moments, bodies, strict=False)))
    home.check()
    verdicts = dict(home.rows("select load_id, verdict from raw.loads"))
    assert set(verdicts) == set(loads) and set(verdicts.values()) <= {"accepted", "rejected"}
    assert home.rows("select count(*) from raw.quarantine where reason_code = 'breaks_the_loader'") == [(0,)]
    tried(len(loads))
