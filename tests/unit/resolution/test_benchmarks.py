"""The published accuracy, measured again: on the set that ships, and on the real ones where they are."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from tests.conftest import ROOT, Papers
from warehouse.errors import InputError
from warehouse.resolution.evaluation.benchmarks import READERS, main, read_set
from warehouse.resolution.evaluation.quality import SETS, drops, measure, published, table

FIGURES = published()
#: What the project promises (docs/resolution.md), whatever was published before.
PROMISED = {
    ("listings, accounts hidden", "b3_f1"): 0.986,
    ("listings, accounts hidden", "pairwise_f1"): 0.955,
    ("listings, accounts hidden", "pairwise_precision"): 0.935,
    ("listings, accounts visible", "pairwise_precision"): 0.99,
    ("AMiner", "macro_pairwise_f1"): 0.80,
    ("ACL name variants", "b3_f1"): 0.93,
    ("ACL name variants", "b3_precision"): 0.99,
}


def _holds(folder: Path, name: str) -> None:
    now = measure(folder, name)
    assert list(drops(now, FIGURES)) == []
    for row in now:
        was = FIGURES[row.labelled_set, row.measure]
        assert (row.mentions, row.persons, row.baseline) == (was.mentions, was.persons, was.baseline)
        assert row.value >= PROMISED.get((row.labelled_set, row.measure), 0.0), row


@pytest.mark.timeout(180)
@pytest.mark.parametrize("name", [name for name in SETS if name != "invented"])
def test_the_published_accuracy_holds(shared_data: Path, name: str) -> None:
    _holds(shared_data, name)


def test_the_published_accuracy_holds_on_the_set_that_ships(tmp_path: Path) -> None:
    _holds(tmp_path, "invented")


def test_a_drop_is_told_and_a_rise_is_not() -> None:
    row = FIGURES["AMiner", "macro_pairwise_f1"]
    fallen, risen = (replace(row, value=row.value + change) for change in (-0.006, 0.1))
    assert len(list(drops([fallen], FIGURES))) == 1
    assert list(drops([risen, replace(row, value=row.value - 0.004)], FIGURES)) == []


def test_every_set_is_published_and_the_tables_show_what_is_published() -> None:
    assert {name for name, _ in FIGURES} == set(SETS)
    for document in ("README.md", "docs/resolution.md"):
        assert table(FIGURES) in (ROOT / document).read_text(encoding="utf-8"), document


def test_the_mart_holds_what_is_published(demo: Papers) -> None:
    with demo.published() as connection:
        rows = connection.execute(
            "select labelled_set, measure, value, baseline from marts.rpt_resolution_quality"
        ).fetchall()
    assert sorted(rows) == sorted((r.labelled_set, r.measure, r.value, r.baseline) for r in FIGURES.values())


# -- the readers and the command on sets made here ----------------------------------------------------------------

AMINER = """<person><FullName>Ann Other</FullName>
<publication><title>One &amp; two</title><year>2001</year><authors>Bo Ek,A. Other</authors><jconf>J</jconf><id>7</id>
<label>0</label><organization>null</organization></publication>
<publication><title>Broken < title</title><year>null</year><authors>Ann Other</authors><id>8</id><label>1</label>
</publication>"""


def test_aminer_is_read_though_it_is_no_xml(tmp_path: Path) -> None:
    (tmp_path / "Ann Other.xml").write_text(AMINER)
    first, second = READERS["aminer110"](tmp_path)
    assert (first.name, first.position, first.coauthors) == ("A. Other", 2, ["Bo Ek"])
    assert (first.title, first.year, first.organization, first.venue) == ("One & two", 2001, None, "J")
    assert (first.person, second.person, second.year) == ("Ann Other:0", "Ann Other:1", None)


def test_variants_are_mentions_of_one_person(tmp_path: Path) -> None:
    file = tmp_path / "variants.json"
    file.write_text(json.dumps([{"canonical": {"first": "Ann", "last": "Ek"}, "variants": [{"last": "Ek"}]}]))
    assert [(row.name, row.person) for row in READERS["acl"](file)] == [("Ann Ek", "acl:0"), ("Ek", "acl:0")]


def test_a_set_that_is_none_is_a_usage_error(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["acl", str(tmp_path / "nowhere.json"), str(tmp_path / "out")]) == 2
    assert main(["nothing", "a", "b"]) == 2
    assert main(["aminer110", str(tmp_path), str(tmp_path / "out")]) == 2


def test_evaluate_prints_scores_and_writes_a_prediction_for_every_mention(papers: Papers, tmp_path: Path) -> None:
    rows = [
        {"mention_id": "1", "paper_id": "p", "position": 1, "name": "Zbigniew Quillfeather", "person": "z"},
        {"mention_id": "2", "paper_id": "q", "position": 1, "name": "Zbigniew Quillfeather", "person": "z"},
        {"mention_id": "3", "paper_id": "q", "position": 2, "name": "Ana Brito"},
    ]
    file, out = tmp_path / "set.jsonl", tmp_path / "out.jsonl"
    file.write_text("\n".join(map(json.dumps, rows)))
    facts = papers("evaluate", file, "--predictions", out, "--json").facts
    assert (facts["mentions"], facts["resolved_mentions"], facts["overall"]["b3_f1"]) == (2, 3, 1.0)
    predicted = {row["mention_id"]: row["author_id"] for row in map(json.loads, out.read_text().splitlines())}
    assert set(predicted) == {"1", "2", "3"}
    assert predicted["1"] == predicted["2"] != predicted["3"]
    assert "pairwise" in papers("evaluate", file, "--hide-accounts").out
    assert "can't be read" in papers("evaluate", tmp_path / "none.jsonl", expect=2).err


@pytest.mark.parametrize(("name", "text"), [("acl.json", '{"not": "a list of people"}'), ("acl.json", "[")])
def test_a_file_that_is_no_labelled_set_is_refused_in_a_sentence(tmp_path: Path, name: str, text: str) -> None:
    (tmp_path / name).write_text(text)
    with pytest.raises(InputError, match="is no acl set"):
        read_set(tmp_path / name)


def test_a_folder_without_a_labelled_set_is_refused_in_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="holds no mention"):
        read_set(tmp_path)
