"""Cross-validation over names, the months of listings and the evidence, on figures small enough to compute by hand."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import pytest

from warehouse.resolution.evaluation.benchmarks import first_listed
from warehouse.resolution.evaluation.interchange import Row
from warehouse.resolution.evaluation.validation import (
    ABLATIONS,
    GRID,
    choices,
    cross_validate,
    is_in_census,
    main,
    measure_unseen,
    persons_of_accounts,
    score_new,
    validate_evidence,
    validate_months,
    with_interval,
)
from warehouse.resolution.parameters import Parameters


def test_a_name_is_measured_under_the_choice_of_the_other_names() -> None:
    # The first choice is best for any three names, also for those without b; so b is measured under it.
    figures = [{"a": 0.9, "b": 0.0, "c": 0.9, "d": 0.9}, {"a": 0.1, "b": 1.0, "c": 0.1, "d": 0.1}]
    assert cross_validate(figures, folds=4).mean == pytest.approx(2.7 / 4)
    assert measure_unseen(figures, {"b"}, {"a", "c"}) == {"a": 0.1, "c": 0.1}
    assert measure_unseen([{"a": 0.5, "b": 0.2}, {"a": 0.5, "b": 0.3}], {"a"}, {"b"}) == {"b": 0.2}


def test_every_name_is_measured_once_whatever_the_number_of_folds() -> None:
    figures = [{str(number): number / 10 for number in range(7)}]
    for folds in (2, 3, 10):
        assert (cross_validate(figures, folds).names, cross_validate(figures, folds).mean) == (7, pytest.approx(0.3))


def test_the_interval_holds_the_mean_and_is_a_point_for_equal_names() -> None:
    found = with_interval({"a": 0.2, "b": 0.6, "c": 1.0})
    assert 0.2 <= found.low < found.mean < found.high <= 1.0
    same = with_interval({"a": 0.5, "b": 0.5})
    assert same.low == same.mean == same.high == 0.5


def test_the_choices_start_with_the_parameters_in_use() -> None:
    assert choices()[0] == Parameters()
    assert len(set(choices())) == len(choices()) == 3 ** len(GRID)


def test_a_name_is_in_the_census_by_its_first_and_its_last_word() -> None:
    assert [is_in_census(name) for name in ("Robert C. Moore", "Robert Quillfeather", "Moore")] == [True, False, False]


@pytest.mark.parametrize(
    ("pairs", "f1"),
    [([("p", "1"), ("p", "1")], 1.0), ([("p", "1"), ("q", "1")], 2 / 3), ([("p", "1"), ("p", "2")], 2 / 3)],
)
def test_a_new_mention_is_scored_against_all_mentions(pairs: Sequence[tuple[str, str]], f1: float) -> None:
    # One new mention: merged with a known one rightly, merged wrongly (precision 1/2), split (recall 1/2).
    assert score_new(pairs, [False, True]) == pytest.approx(f1)
    others = [("other", "3"), ("other", "4")]
    assert score_new([*pairs, *others], [False, True, False, False]) == pytest.approx(f1)


def mention(number: int, name: str, person: str | None, coauthors: Sequence[str]) -> Row:
    return Row(
        mention_id=str(number), paper_id=str(number), position=1, name=name, person=person, coauthors=list(coauthors)
    )


def test_accounts_with_one_name_and_a_shared_coauthor_are_one_person() -> None:
    rows = [
        mention(1, "Ana Brito", "ana", ["Quentin Abernathy"]),
        mention(2, "Ana  Brito", "brito", ["Q. Other", "quentin abernathy"]),
        mention(3, "Ana Brito", "ana-2", ["Ottoline Vexley"]),
        mention(4, "Ana Brito", "brito", ["Ottoline Vexley"]),
        mention(5, "Ana Brito", "namesake", ["Nobody Else"]),
        mention(6, "Bo Ek", "ek", ["Quentin Abernathy"]),
        mention(7, "Ana Brito", None, ["Nobody Else"]),
    ]
    found = persons_of_accounts(rows)
    assert found["ana"] == found["brito"] == found["ana-2"] == "ana"
    assert found["namesake"] == "namesake" and found["ek"] == "ek"


def entry(paper: str, name: str, account: str | None) -> dict[str, object]:
    author = {"name": name, "user": {"user": account}} if account else {"name": name}
    authors = [author, {"name": "Quentin Abernathy"}]
    return {"paper": {"id": paper, "title": "", "publishedAt": "2024-06-01T00:00:00.000Z", "authors": authors}}


def test_a_month_is_scored_with_what_was_listed_until_its_end(tmp_path: Path) -> None:
    (tmp_path / "api").mkdir()
    days = {
        "2024-06-03": [entry("2406.00001", "Zbigniew Quillfeather", "z")],
        "2024-07-01": [entry("2406.00001", "Zbigniew Quillfeather", "z"), entry("2407.00002", "Ana Brito", None)],
        "2024-08-01": [entry("2408.00003", "Zbigniew Quillfeather", "z"), entry("2408.00004", "Ana Brito", "ana")],
    }
    for day, entries in days.items():
        (tmp_path / "api" / f"{day}.json").write_text(json.dumps(entries))
    assert first_listed(tmp_path)["2406.00001"] == "2024-06-03"
    months = list(validate_months(tmp_path))
    assert [(month.month, month.mentions, month.f1) for month in months] == [("2024-06", 1, 1.0), ("2024-08", 2, 1.0)]


def test_each_piece_of_evidence_is_left_out_once() -> None:
    name = "Zbigniew Quillfeather"
    rows = [mention(1, name, f"{name}:1", ["Ana Brito"]), mention(2, name, f"{name}:1", ["Ana Brito"])]
    found = dict(validate_evidence(rows))
    assert len(found) == 2 + len(ABLATIONS)
    assert found["all evidence"].overall.pairwise_f1 == 1.0


def test_an_unknown_table_or_set_is_a_usage_error(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["years", str(tmp_path)]) == 2
    assert main(["names", str(tmp_path / "none.jsonl")]) == 2
    assert "can't be read" in capsys.readouterr().err
