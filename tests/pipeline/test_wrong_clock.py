"""A run whose clock was wrong: what it published of the future does not stay."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from gate_pieces import Warehouse, listing

from tests.conftest import Papers
from warehouse.digest.selection import Filters
from warehouse.digest.sending import build_issues
from warehouse.digest.subscriptions import Subscription
from warehouse.errors import InputError
from warehouse.raw.store import RawStore
from warehouse.settings import Settings

NOW = datetime(2026, 9, 10, 23, tzinfo=UTC)


def verdicts(home: Warehouse) -> dict[str, str]:
    return dict(home.rows("select load_id, verdict from raw.loads"))


def test_an_accepted_load_of_the_future_is_checked_again(tmp_path: Path, set_clock: Callable[[datetime], None]) -> None:
    home = Warehouse.at(tmp_path)
    set_clock(NOW + timedelta(days=366))
    (early, late) = home.land(
        ("2026-09-09", "2026-09-09T22:00:00", listing("2026-09-09", 3)),
        ("2027-09-09", "2027-09-09T22:00:00", listing("2027-09-09", 3)),
    )
    assert home.check("a run of a wrong clock").problem is None
    assert verdicts(home) == {early: "accepted", late: "accepted"}
    set_clock(NOW)
    (new,) = home.land(("2026-09-10", "2026-09-10T22:00:00", listing("2026-09-10", 3)))
    gate = home.check("a run of a right clock")
    assert gate.problem is None and set(gate.rejected) == {late}
    assert verdicts(home) == {early: "accepted", late: "rejected", new: "accepted"}
    assert home.check("another run").rejected == {}, "it is checked again once"


def test_a_gate_that_rejects_all_accepted_loads_blocks(tmp_path: Path, set_clock: Callable[[datetime], None]) -> None:
    home = Warehouse.at(tmp_path)
    set_clock(NOW + timedelta(days=366))
    home.land(("2027-09-09", "2027-09-09T22:00:00", listing("2027-09-09", 3)))
    home.check()
    set_clock(NOW)
    assert "future" in (home.check("a run of a right clock").problem or "")


def test_what_a_person_accepted_stays(tmp_path: Path, set_clock: Callable[[datetime], None]) -> None:
    home = Warehouse.at(tmp_path)
    set_clock(NOW + timedelta(days=366))
    (load_id,) = home.land(("2027-09-09", "2027-09-09T22:00:00", listing("2027-09-09", 3)))
    home.check()
    with RawStore.open(home.settings.raw_database) as raw:
        raw.set_verdicts([(load_id, "accepted", "person", "it is right")])
    set_clock(NOW)
    home.check("a run of a right clock")
    assert verdicts(home) == {load_id: "accepted"}


def test_no_digest_is_issued_for_a_day_to_come(demo: Papers, set_clock: Callable[[datetime], None]) -> None:

    settings = replace(Settings(), home=demo.home)
    everything = Subscription("everything", "Rising", Filters())
    set_clock(datetime(2026, 9, 30, 12, tzinfo=UTC))
    assert build_issues(settings, [everything])[0], "later on the same day is no day to come"
    set_clock(datetime(2026, 9, 29, 23, tzinfo=UTC))
    with pytest.raises(InputError, match="in the future"):
        build_issues(settings, [everything])


@pytest.mark.slow
@pytest.mark.parametrize("way_out", ["import", "rebuild"])
def test_what_a_wrong_clock_published_is_gone_after_the_next_run(papers: Papers, tmp_path: Path, way_out: str) -> None:
    for day, moment in (("2026-09-09", "2026-09-09"), ("2026-09-09", "2027-09-09"), ("2026-09-10", "2026-09-10")):
        folder = tmp_path / moment
        folder.mkdir()
        (folder / f"{day}@{moment}T220000Z.json").write_bytes(listing(day, 3, upvotes=5 if moment < "2027" else 50))
    papers.at(NOW + timedelta(days=366), "import", tmp_path / "2026-09-09", tmp_path / "2027-09-09")
    newest = "select max(observed_at)::date::varchar from marts.fct_upvote_observations"
    assert papers.value(newest) == "2027-09-09"
    papers.at(NOW, *(("import", tmp_path / "2026-09-10") if way_out == "import" else ("rebuild",)))
    assert papers.value(newest) < "2026-10"
    assert papers.value("select max(day)::varchar from marts.fct_paper_upvotes_daily") < "2026-10"
