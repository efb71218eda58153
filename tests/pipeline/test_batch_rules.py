"""The rules of the batch gate: what each rejects, what only warns, and what passes without a warning."""

from __future__ import annotations

import random
import re
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from gate_pieces import Warehouse, body, entry, listing

from orchestration.gates.accept import accept_load, parse_load_again
from orchestration.gates.batch_rules import BATCH
from orchestration.gates.verdicts import GateOutcome
from sources.daily_papers.client import DailyPapersClient
from sources.faults import WRONG_SHAPES, Fault
from sources.http import HttpClient, HttpLimits
from sources.replay import ReplayServer
from tests.conftest import given_listings
from warehouse.clock import utc_now
from warehouse.errors import InputError
from warehouse.landing.fetching import fetch_listings
from warehouse.landing.importing import Known, Manifest, find_files, import_files
from warehouse.publication.status import CANARY_RULES


@pytest.fixture
def home(tmp_path: Path) -> Warehouse:
    return Warehouse.at(tmp_path / "home")


def tuesdays(first: str, count: int, sizes: list[int] | None = None) -> list[tuple[str, str, bytes]]:
    """Finished listings of ``count`` Tuesdays from ``first`` on, observed at 23 UTC."""
    days = [(date.fromisoformat(first) + timedelta(days=7 * n)).isoformat() for n in range(count)]
    return [(day, f"{day}T23:00:00", listing(day, sizes[n] if sizes else 20)) for n, day in enumerate(days)]


def test_empty_weekends_and_lulls_pass_and_an_empty_tuesday_with_history_does_not(home: Warehouse) -> None:
    history = home.land(*tuesdays("2025-02-04", 5))
    saturday, tuesday, early, christmas, thanksgiving = home.land(
        ("2025-03-08", "2025-03-09T09:00:00", b"[]"),
        ("2025-03-11", "2025-03-12T09:00:00", b"[]"),
        ("2025-03-18", "2025-03-18T01:00:00", b"[]"),
        ("2025-12-25", "2025-12-26T09:00:00", b"[]"),
        ("2025-11-27", "2025-11-28T09:00:00", b"[]"),
    )
    home.check()
    assert set(home.rejected()) == {tuesday}
    assert "weekday_not_empty" in home.rejected()[tuesday]
    warned = home.warned()
    assert saturday not in warned and early not in warned
    assert "no_empty_list_without_a_word" in warned[christmas] & warned[thanksgiving]
    assert not any(load in warned for load in history)


def test_an_empty_tuesday_accepted_by_a_person_passes_and_is_on_record_after_a_rebuild_too(home: Warehouse) -> None:
    (tuesday, *_) = home.land(("2025-03-11", "2025-03-12T09:00:00", b"[]"), *tuesdays("2025-02-04", 5))
    home.check()
    accept_load(home.settings, tuesday, "the site was down for a day")
    assert home.rejected() == {}
    home.settings.raw_database.unlink()
    home.check()
    assert home.rejected() == {}
    assert home.rows(f"select verdict_by, verdict_reason from raw.loads where load_id = '{tuesday}'") == [
        ("person", "the site was down for a day")
    ]


def test_weekdays_that_are_mostly_empty_by_now_only_warn(home: Warehouse) -> None:
    loads = home.land(*((day, f"{day}T23:30:00", b"[]") for day in ("2025-02-04", "2025-02-11", "2025-02-18")))
    late = [("2025-02-25", "2025-02-26T09:00:00", b"[]")]
    home.check()
    assert home.rejected() == {}, "observed on their own day, they may still grow"
    (load,) = home.land(*late)
    home.check("next")
    assert home.rejected() == {}
    assert "no_empty_list_without_a_word" in home.warned()[load]
    assert len(loads) == 3


def test_an_unusual_volume_warns_by_what_the_weekday_teaches(home: Warehouse) -> None:
    home.land(*tuesdays("2025-02-04", 7, [20, 24, 18, 22, 19, 25, 21]))
    low, high, usual, partial = home.land(
        ("2025-03-25", "2025-03-26T09:00:00", listing("2025-03-25", 2)),
        ("2025-04-01", "2025-04-02T09:00:00", listing("2025-04-01", 90)),
        ("2025-02-25", "2025-02-26T09:00:00", listing("2025-02-25", 14)),
        ("2025-03-04", "2025-03-04T01:00:00", listing("2025-03-04", 1)),
    )
    home.check()
    assert home.rejected() == {}
    warned = {load for load, rules in home.warned().items() if "volume_as_usual" in rules}
    assert warned == {low, high}
    assert usual not in warned and partial not in warned, "an early look at a growing day is no volume at all"


def test_a_reset_counter_is_rejected_and_one_paper_that_lost_votes_warns(home: Warehouse) -> None:
    day = "2025-03-11"
    first = [entry(n, day, upvotes=10 * n) for n in range(1, 9)]
    unvoted = [entry(n, day, upvotes=10 * n - 1) for n in range(1, 9)]
    one_fell = [entry(n, day, upvotes=5 if n == 8 else 10 * n) for n in range(1, 9)]
    reset = [entry(n, day, upvotes=0) for n in range(1, 9)]
    _, usual, single, zeroed = home.land(
        (day, "2025-03-12T08:00:00", body(first)),
        (day, "2025-03-12T09:00:00", body(unvoted)),
        (day, "2025-03-12T10:00:00", body(one_fell)),
        (day, "2025-03-12T11:00:00", body(reset)),
    )
    (guessed,) = home.land((day, "2026-03-12T11:00:00", body(reset)), basis="file time")
    home.check()
    assert set(home.rejected()) == {zeroed}
    assert "upvotes_not_reset" in home.rejected()[zeroed]
    assert usual not in home.warned()
    assert "upvotes_fall_explained" in home.warned()[single]
    assert "upvotes_fall_explained" not in home.warned().get(guessed, set()), "a guessed time is no evidence"


@pytest.mark.parametrize("served", ["pages", "submissions"])
def test_a_listing_served_for_another_date_is_refused(home: Warehouse, served: str) -> None:
    from html import escape

    entries = body(entry(n, "2025-03-07") for n in range(1, 5)).decode()
    if served == "pages":
        props = f'{{"dateString": "2025-03-07", "dailyPapers": {entries}}}'
        payload = f'<html><div data-target="DailyPapers" data-props="{escape(props)}"></div></html>'.encode()
    else:
        payload = entries.encode()
    (load,) = home.land(("2025-03-08", "2025-03-09T09:00:00", payload))
    assert home.check().problem
    rule = "served_date_is_asked_date" if served == "pages" else "listing_is_of_its_date"
    assert rule in home.rejected()[load]


def test_one_paper_listed_again_does_not_condemn_a_quiet_day(home: Warehouse) -> None:
    again = entry(1, "2025-03-10")
    home.land(("2025-03-11", "2025-03-11T01:00:00", body([again])))
    home.check()
    assert home.rejected() == {}


def test_the_payload_of_another_source_is_refused_whole(home: Warehouse) -> None:
    loads = home.land(
        *(("2025-03-11", f"2025-03-12T0{n}:00:00", shape) for n, shape in enumerate(WRONG_SHAPES.values()))
    )
    home.check()
    assert set(home.rejected()) == set(loads)
    assert home.rows("select count(*) from raw.entries") == [(0,)]
    codes = {row[0] for row in home.rows("select reason_code from raw.quarantine")}
    assert "wrong_source" in codes


def test_exactly_50_warns_unless_the_limit_was_asked_for(home: Warehouse) -> None:
    day = "2025-03-11"
    (capped,) = home.land((day, "2025-03-12T08:00:00", listing(day, 50)))
    (asked,) = home.land((day, "2025-03-12T09:00:00", listing(day, 50)), url="https://x.invalid/api?date=x&limit=100")
    home.check()
    assert home.rejected() == {}
    assert "not_truncated" in home.warned()[capped]
    assert asked not in home.warned()


def test_mostly_unknown_fields_are_refused_and_one_new_field_warns(home: Warehouse) -> None:
    day = "2025-03-11"
    strange = [{**entry(n, day), **{f"field{m}": m for m in range(40)}} for n in range(1, 4)]
    new = [entry(n, day, brandNew=1) for n in range(1, 4)]
    foreign, grown = home.land((day, "2025-03-12T08:00:00", body(strange)), (day, "2025-03-12T09:00:00", body(new)))
    home.check()
    assert set(home.rejected()) == {foreign}
    assert "fields_known" in home.warned()[grown]


def test_a_field_that_vanishes_or_changes_type_warns_in_its_run(home: Warehouse) -> None:
    days = [f"2025-03-{n:02d}" for n in range(3, 8)]
    home.land(*((d, f"{d}T23:00:00", body(entry(n, d, githubStars=3) for n in range(1, 7))) for d in days))
    gone, retyped = home.land(
        ("2025-03-10", "2025-03-10T23:00:00", listing("2025-03-10", 6)),
        ("2025-03-11", "2025-03-11T23:00:00", body(entry(n, "2025-03-11", githubStars="3") for n in range(1, 7))),
    )
    (again,) = home.land(("2025-03-07", "2025-03-07T22:00:00", listing("2025-03-07", 2)))
    home.check()
    assert home.rejected() == {}
    assert "fields_not_vanished" in home.warned()[gone]
    assert again not in home.warned(), "a short listing is no evidence"
    assert retyped in home.warned()


def findings(gate: GateOutcome) -> dict[str, tuple[str, ...]]:
    """Rule of severity warning → what it found."""
    return {failure.rule: failure.findings for failure in gate.failures if failure.severity == "warning"}


def observed(day: int, age_hours: int, size: int, **shares: float) -> tuple[str, str, bytes]:
    """A listing of March 2025, observed ``age_hours`` after its day began; ``shares`` of its entries have the field."""
    text = f"2025-03-{day:02d}"
    moment = datetime.fromisoformat(text) + timedelta(hours=age_hours)
    fields = [{field: "x" for field, share in shares.items() if n <= share * size} for n in range(1, size + 1)]
    return text, moment.isoformat(), body(entry(100 * day + n, text, age_hours, **f) for n, f in enumerate(fields))


def test_a_field_that_most_entries_had_and_none_has_now_warns_and_is_named(home: Warehouse) -> None:
    home.land(*(observed(day, 8, 18 + day, ai_summary=0.8, projectPage=0.2) for day in range(3, 8)))
    (quiet,) = home.land(observed(10, 8, 9, ai_summary=0.5))
    gone, still_gone = home.land(observed(11, 8, 20, projectPage=0.1), observed(12, 8, 25))
    gate = home.check()
    warned = home.warned()
    assert quiet not in warned, "few entries, of which some have the common field and none the rare one"
    assert "fields_not_vanished" in warned[gone] & warned[still_gone] and not home.rejected()
    assert findings(gate) == {"fields_not_vanished": ("paper.ai_summary",)}
    (sentence,) = gate.warning_sentences
    assert sentence.startswith("2 listings (2025-03-11, 2025-03-12): ")
    assert " (paper.ai_summary). What to do: " in sentence


def test_fields_that_come_late_are_compared_at_the_same_age(home: Warehouse) -> None:
    for day in range(3, 9):
        week_later = observed(day, 7 * 24 + 2, 23, ai_summary=1)
        home.land(observed(day, 2, 21), observed(day, 26, 22, ai_summary=0.5), week_later)
    assert not home.check().warnings
    young, old = home.land(observed(20, 3, 24), observed(19, 27, 24))
    home.check("next")
    assert set(home.warned()) == {old} and young not in home.warned()


def test_several_observations_of_one_listing_are_no_history(home: Warehouse) -> None:
    home.land(*(observed(3, hour, 20, ai_summary=0.9) for hour in range(1, 9)))
    home.land(observed(4, 9, 20))
    assert not home.check().warnings, "one listing before it is too few"


def test_listings_that_often_have_the_same_greatest_length_are_capped(home: Warehouse) -> None:
    sizes = {3: 31, 4: 40, 5: 28, 6: 40, 7: 33, 10: 40, 11: 39, 12: 41}
    loads = dict(zip(sizes, home.land(*(observed(day, 8, size) for day, size in sizes.items())), strict=True))
    gate = home.check()
    assert set(home.warned()) == {loads[10]}
    assert findings(gate) == {"not_truncated": ("40 entries, as on 2 dates before and never more",)}


def test_what_the_client_could_not_read_to_its_end_warns_in_the_gate(
    home: Warehouse, tmp_path: Path, set_clock: Callable[[datetime], None]
) -> None:
    class LaterPagesFail(Fault):
        def strikes(self, route: str, listing_date: date | None, page: int = 0, limit: int | None = None) -> bool:
            return page > 0 or route == "page"

    day = date(2025, 3, 11)
    set_clock(datetime(2025, 3, 12, 8, tzinfo=UTC))
    (tmp_path / "site").mkdir()
    (tmp_path / "site" / "2025-03-11.json").write_bytes(listing("2025-03-11", 129))
    with ReplayServer(tmp_path / "site", faults=[LaterPagesFail("error")]) as site:
        http = HttpClient(limits=HttpLimits(min_interval=0, backoff=0.001, attempts=1))
        fetch_listings(home.landing, DailyPapersClient(site.url, http, now=utc_now), [day])
    gate = home.check()
    assert gate.accepted == 1 and list(findings(gate)) == ["not_truncated"]
    assert findings(gate)["not_truncated"][0].startswith("the listing may be cut after 100 papers: ")


def test_the_status_names_rules_that_exist_and_never_reject_but_for_a_foreign_source() -> None:
    severities = {name: BATCH.rule(name).severity for name in CANARY_RULES}
    assert [name for name, severity in severities.items() if severity == "error"] == ["fields_mostly_known"]


def test_a_listing_observed_on_its_own_day_is_accepted_on_any_calendar_day(
    home: Warehouse, set_clock: Callable[[datetime], None]
) -> None:
    moments = (
        *("2026-03-08T06:59:59", "2026-03-08T07:00:00"),  # New York's time changes
        *("2026-11-01T05:59:59", "2026-11-01T06:00:00"),
        *("2026-11-28T12:00:00", "2026-11-29T23:59:59", "2026-11-30T00:00:00"),  # Saturday, Sunday, Monday
        *("2026-12-31T23:30:00", "2027-01-01T00:10:00"),  # both in ISO week 53
        *("2028-02-29T12:00:00", "2028-03-01T12:00:00"),
    )
    for moment in moments:
        set_clock(datetime.fromisoformat(moment).replace(tzinfo=UTC))
        home.land((moment[:10], moment, listing(moment[:10], 12)), basis="clock")
    assert home.check().accepted == len(moments) and not home.rejected()


def test_the_same_bytes_seen_later_already_warn_and_the_future_is_refused(home: Warehouse) -> None:
    day = "2025-03-11"
    _, earlier, future = home.land(
        (day, "2025-03-12T08:00:00", listing(day, 6)),
        (day, "2025-03-12T07:00:00", listing(day, 6)),
        (day, "2999-01-01T00:00:00", listing(day, 7)),
    )
    home.check()
    assert set(home.rejected()) == {future}
    assert "observed_in_order" in home.warned()[earlier]


def test_a_bad_entry_does_not_cost_the_others(home: Warehouse) -> None:
    day = "2025-03-11"
    good = [entry(n, day) for n in range(1, 11)]
    bad = entry(99, day, upvotes="many")
    (load,) = home.land((day, "2025-03-12T08:00:00", body([*good, bad])))
    home.check()
    assert home.rejected() == {}
    assert home.rows("select count(*) from raw.entries") == [(10,)]
    assert home.rows("select reason_code, field_path, position from raw.quarantine") == [
        ("bad_value", "paper.upvotes", 11)
    ]
    assert "few_records_refused" in home.warned()[load]


def test_a_load_can_be_read_again_and_the_act_is_on_record(home: Warehouse, monkeypatch: pytest.MonkeyPatch) -> None:
    day = "2025-03-11"
    (load,) = home.land((day, "2025-03-12T08:00:00", listing(day, 4)))
    with monkeypatch.context() as broken:
        broken.setattr("sources.daily_papers.formats.parse", _refuse)
        home.check()
    assert "parser" in home.rejected()[load]
    parse_load_again(home.settings, load, "the parser was mended")
    assert home.rows("select verdict, entries from raw.loads") == [("pending", 4)]
    assert home.rows("select count(*) from raw.quarantine") == [(0,)]
    assert home.check("second").accepted == 1
    parse_load_again(home.settings, load, "once more")
    assert home.rows("select count(*) from raw.entries") == [(4,)]
    acts = home.rows("select load_id, observed, reason from raw.gate_results where gate = 'person' order by checked_at")
    assert [(act[0], act[2]) for act in acts] == [(load, "the parser was mended"), (load, "once more")]
    assert "parser" in acts[0][1] and acts[1][1] == "accepted"
    with pytest.raises(InputError, match="no load"):
        parse_load_again(home.settings, "nonsense", "")


def _refuse(*_: object, **__: object) -> None:
    from sources.errors import FormatError

    raise FormatError("The parser is broken.", reason_code="not_json")


def test_real_listings_pass_with_few_warnings_in_date_order_and_in_random_order(
    shared_data: Path, tmp_path: Path
) -> None:
    refused_by_shape = {"not_a_list", "not_entries"}
    files = find_files(given_listings(shared_data))
    manifest = Manifest(shared_data / "listings" / "manifest.tsv")
    shuffled = random.Random(3).sample(files, len(files))
    for order, batches in {"date": [sorted(files, key=lambda f: f.name)], "random": _chunks(shuffled, 4)}.items():
        home = Warehouse.at(tmp_path / order)
        for number, batch in enumerate(batches):
            import_files(home.landing, batch, manifest=manifest, options=Known(), max_bytes=2**26)
            gate = home.check(f"run {number}")
            assert gate.rejected == {} and gate.problem is None
        assert {reason.split(":")[0] for reason in home.rejected().values()} <= refused_by_shape
        assert home.rows("select count(*) from raw.loads where verdict = 'accepted'") == [(416,)]
        assert len(home.warned()) < 12, "a warning that is always there is read by nobody"


def _chunks(files: list[Path], count: int) -> list[list[Path]]:
    return [files[start::count] for start in range(count)]


def test_a_batch_checked_in_parts_gets_the_verdicts_of_one_checked_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    listings = [
        *tuesdays("2025-02-04", 6),
        ("2025-02-18", "2025-02-19T23:00:00", listing("2025-02-18", 20, upvotes=1)),  # most papers lost votes
        ("2025-03-18", "2025-03-19T09:00:00", b"[]"),  # an empty weekday, told by the Tuesdays of all parts
        ("2025-03-12", "2025-03-12T23:00:00", listing("2025-03-10", 20)),  # another date's list
        ("2025-03-13", "2025-03-13T23:00:00", body({**entry(n, "2025-03-13"), "new": n} for n in range(1, 9))),
    ]
    whole, parts = Warehouse.at(tmp_path / "whole"), Warehouse.at(tmp_path / "parts")
    ids = whole.land(*listings)
    assert parts.land(*listings) == ids
    in_one = whole.check()
    monkeypatch.setattr("orchestration.gates.verdicts.FRAME_ENTRIES", 25)
    in_parts = parts.check()
    assert in_one.rejected == in_parts.rejected and set(in_parts.rejected) == {ids[6], ids[7], ids[8]}
    assert in_one.warnings == in_parts.warnings and in_one.failures == in_parts.failures
    assert (in_one.checked, in_one.accepted) == (in_parts.checked, in_parts.accepted) == (10, 7)
    assert whole.warned() == parts.warned()
    page = (parts.settings.data_docs / str(in_parts.page)).read_text()
    assert len(re.findall(r"cut_reason\s+</h5>", page)) > 1 and page.count("</html>") == 1


def test_fields_that_can_not_be_read_cost_a_listing_nothing_but_a_warning(home: Warehouse) -> None:
    days = [f"2025-03-{n:02d}" for n in range(3, 8)]
    home.land(*((d, f"{d}T23:00:00", body(entry(n, d) for n in range(1, 7))) for d in days))
    day = "2025-03-10"
    odd = [entry(n, day, publishedAt="2025-03-10") for n in range(1, 7)]
    null = [{**entry(n, day, authors=None, title=None, publishedAt=None), "numComments": None} for n in range(1, 7)]
    cut, nulls = home.land((day, f"{day}T22:00:00", body(odd)), (day, f"{day}T23:00:00", body(null)))
    home.check()
    assert home.rejected() == {}
    assert "fields_keep_their_type" in home.warned()[cut] and "fields_keep_their_type" in home.warned()[nulls]
    assert home.rows(f"select count(*), count(comments) from raw.entries where load_id = '{nulls}'") == [(6, 0)]


def test_an_absurd_entry_is_quarantined_and_the_good_ones_stay(home: Warehouse) -> None:
    day = "2025-03-11"
    good = [entry(n, day) for n in range(1, 41)]
    home.land((day, "2025-03-12T08:00:00", body([*good, entry(99, day, upvotes=2**31 - 1)])))
    home.check()
    assert home.rejected() == {}
    assert home.rows("select count(*) from raw.entries") == [(40,)]
    assert home.rows("select reason_code, field_path from raw.quarantine") == [("bad_value", "paper.upvotes")]


def test_papers_without_an_arxiv_id_of_today_pass_the_gate(home: Warehouse) -> None:
    day = "2025-03-11"
    ids = ["math.GT/0309136", "67b9f1d2c3a4e5f607182930", "2406.105", "https://arxiv.org/abs/2503.00102v2"]
    home.land((day, "2025-03-12T08:00:00", body(entry(n, day, id=one) for n, one in enumerate(ids))))
    home.check()
    assert home.rejected() == {}
    assert sorted(row[0] for row in home.rows("select paper_id from raw.entries")) == [
        "2406.00105",
        "2503.00102",
        "hf:67b9f1d2c3a4e5f607182930",
        "math.GT/0309136",
    ]


def test_refused_records_beyond_a_hundred_are_one_row_with_their_number(home: Warehouse) -> None:
    day = "2025-03-11"
    bad = [entry(1000 + n, day, upvotes="many") for n in range(150)]
    home.land((day, "2025-03-12T08:00:00", body([*(entry(n, day) for n in range(1, 201)), *bad])))
    home.check()
    assert home.rejected() == {}
    assert home.rows("select received, entries, refused from raw.loads") == [(350, 200, 150)]
    assert home.rows("select reason_code, count(*) from raw.quarantine group by all order by all") == [
        ("bad_value", 100),
        ("more_refused", 1),
    ]


def test_a_warning_reads_as_a_sentence_with_dates_and_a_remedy_and_without_ids(tmp_path: Path) -> None:
    home = Warehouse.at(tmp_path)
    unknown = [entry(n, "2026-09-09", n, surprise=True) for n in range(1, 7)]
    (load_id,) = home.land(("2026-09-09", "2026-09-09T22:00:00", body([*unknown, {"no": "paper"}])))
    gate = home.check()
    assert gate.problem is None and len(gate.warning_sentences) == 2
    for sentence in gate.warning_sentences:
        assert sentence.startswith("The listing of 2026-09-09: ") and " What to do: " in sentence
        assert load_id not in sentence and "=" not in sentence and not any(w in sentence for w in gate.warnings)
    facts = {failure.rule: failure.facts for failure in gate.failures}
    assert facts["few_records_refused"]["load_ids"] == [load_id]
    assert facts["few_records_refused"]["listings"] == ["2026-09-09"]
    assert all(load_id in failure.details and failure.rule in failure.details for failure in gate.failures)


def test_a_block_names_the_listing_and_the_reason_and_no_rule(tmp_path: Path) -> None:
    home = Warehouse.at(tmp_path)
    home.land(("2026-09-09", "2026-09-10T22:00:00", b"[]"))
    problem = home.check().problem
    assert problem and "the listing of 2026-09-09" in problem and "What to do: " in problem
    assert "weekday_not_empty" not in problem
