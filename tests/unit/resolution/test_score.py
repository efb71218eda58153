"""The scores against cases small enough to work out by hand, and the interchange format that is scored."""

import json
from pathlib import Path

import pytest

from warehouse.errors import InputError
from warehouse.resolution.evaluation.interchange import Row, block_of, read, scored
from warehouse.resolution.evaluation.score import evaluate, score


def test_a_perfect_answer_scores_one() -> None:
    got = score([("x", "1"), ("x", "1"), ("y", "2")])
    assert (got.b3_f1, got.pairwise_f1) == (1.0, 1.0)


def test_one_wrong_merge() -> None:
    # x = {a, b}, y = {c}; all three put together
    got = score([("x", "1"), ("x", "1"), ("y", "1")])
    assert got.b3_precision == pytest.approx((2 / 3 + 2 / 3 + 1 / 3) / 3)
    assert got.b3_recall == 1.0
    assert got.pairwise_precision == pytest.approx(1 / 3)
    assert got.pairwise_recall == 1.0
    assert got.pairwise_f1 == pytest.approx(0.5)


def test_one_wrong_split() -> None:
    # x = {a, b, c}, cut into {a, b} and {c}
    got = score([("x", "1"), ("x", "1"), ("x", "2")])
    assert got.b3_precision == 1.0
    assert got.b3_recall == pytest.approx((2 / 3 + 2 / 3 + 1 / 3) / 3)
    assert got.pairwise_precision == 1.0
    assert got.pairwise_recall == pytest.approx(1 / 3)


def test_example_of_bagga_and_baldwin() -> None:
    # Truth 1-5, 6-7, 8-12; the first answer of the paper joins the last two: precision .76, recall 1.
    truth = ["a"] * 5 + ["b"] * 2 + ["c"] * 5
    got = score(list(zip(truth, ["1"] * 5 + ["2"] * 7, strict=True)))
    assert got.b3_precision == pytest.approx(0.762, abs=0.0005)
    assert got.b3_recall == 1.0
    # The second joins the first and the last: precision .58.
    got = score(list(zip(truth, ["1"] * 5 + ["2"] * 2 + ["1"] * 5, strict=True)))
    assert got.b3_precision == pytest.approx(0.583, abs=0.0005)


def test_nobody_together_anywhere_is_right() -> None:
    got = score([("x", "1"), ("y", "2")])
    assert (got.pairwise_precision, got.pairwise_recall, got.b3_f1) == (1.0, 1.0, 1.0)


def test_the_macro_mean_weighs_blocks_and_not_mentions() -> None:
    right = [("big", "x", "1")] * 10
    wrong = [("small", "y", "2"), ("small", "z", "2")]
    got = evaluate(right + wrong)
    assert (got.mentions, got.persons, got.clusters, got.blocks) == (12, 3, 2, 2)
    assert got.macro.pairwise_precision == pytest.approx(0.5)
    assert got.overall.pairwise_precision == pytest.approx(45 / 46)


def test_a_block_is_the_name_before_the_label_else_the_folded_name() -> None:
    assert (
        block_of(Row(mention_id="1", paper_id="p", position=1, name="A. Gupta", person="Ajay Gupta:3")) == "Ajay Gupta"
    )
    assert block_of(Row(mention_id="1", paper_id="p", position=1, name="Ajay  GUPTA", person="agupta")) == "ajay gupta"


def test_mentions_without_a_person_are_not_scored() -> None:
    rows = [
        Row(mention_id="1", paper_id="p", position=1, name="Mei Lin", person="m"),
        Row(mention_id="2", paper_id="p", position=2, name="Ada Mo"),
    ]
    assert list(scored(rows, {"1": "a", "2": "b"})) == [("mei lin", "m", "a")]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('{"mention_id": "1", "paper_id": "p", "position": 1, "name": "A"}\n{"mention_id": 2}', "line 2"),
        ("\n", "no mention"),
        ('{"mention_id": "1", "paper_id": "p", "position": 1, "name": "A"}\n' * 2, "twice"),
        ("no json", "line 1"),
    ],
)
def test_a_bad_file_is_named_with_its_line(tmp_path: Path, text: str, said: str) -> None:
    file = tmp_path / "set.jsonl"
    file.write_text(text)
    with pytest.raises(InputError, match=said):
        read(file)


def test_a_file_may_say_null_or_nothing(tmp_path: Path) -> None:
    file = tmp_path / "set.jsonl"
    full = {"mention_id": "1", "paper_id": None, "position": None, "name": "A", "coauthors": None, "person": 7}
    file.write_text(
        json.dumps(full) + '\n\n{"mention_id": "2", "paper_id": "p", "position": 1, "name": "B", "more": 1}'
    )
    assert [(row.name, row.person) for row in read(file)] == [("A", 7), ("B", None)]
