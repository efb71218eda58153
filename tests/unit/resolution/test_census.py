"""The census table: what it holds, how it is read and written, and what it changes."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from warehouse.resolution.census import FACTS, MIN_PER_MILLION, TABLE, census_names, main, write_table
from warehouse.resolution.corpus import Corpus, Mention, Paper
from warehouse.resolution.names import parse, relate
from warehouse.resolution.resolver import resolve
from warehouse.resolution.statistics import Statistics, reference


def chance(one: str, other: str) -> float:
    relation = relate(parse(one), parse(other))
    assert relation
    return census_names().chance(relation)


def test_the_table_has_its_source_date_and_licence_and_words_alone() -> None:
    facts = json.loads(TABLE.read_text(encoding="utf-8"))
    assert {key: facts[key] for key in FACTS} == FACTS
    for part, examples in {"given_names": {"mary", "robert"}, "surnames": {"smith", "nguyen"}}.items():
        assert examples <= facts[part].keys()
        assert all(name.isascii() and name.isalpha() and name.islower() for name in facts[part])
        assert min(facts[part].values()) >= MIN_PER_MILLION


def test_the_chance_is_the_product_of_the_shares_of_given_name_and_surname() -> None:
    names = census_names()
    smith = names.surnames["smith"]
    assert chance("Robert Smith", "robert smith") == pytest.approx(names.given["robert"] * smith)
    assert chance("R. Smith", "Robert Smith") == pytest.approx(names.prefixes["r"] * smith)
    assert chance("Chris Smith", "Christopher Smith") == pytest.approx(names.prefixes["chris"] * smith)
    assert names.prefixes["r"] > names.prefixes["rob"] > names.given["robert"]


@pytest.mark.parametrize("name", ["Robert Quillfeather", "Zbigniew Smith", "Robert", "Smith Robert de la Quillfeather"])
def test_a_name_with_a_word_that_the_census_has_not_has_no_expected_namesake(name: str) -> None:
    assert chance(name, name) == 0.0


def test_the_census_adds_to_the_counts_of_the_listings() -> None:
    common, rare = (relate(parse(name), parse(name)) for name in ("Robert Moore", "Zbigniew Quillfeather"))
    assert common and rare
    nothing = Statistics(names=1e9)
    assert nothing.chance(common) == pytest.approx(census_names().chance(common))
    assert nothing.chance(rare) == pytest.approx(0.0)
    assert reference().chance(common) > 10 * reference().chance(rare)


def test_a_common_name_needs_evidence_and_a_rare_one_does_not() -> None:
    def clusters(name: str) -> int:
        papers = [Paper(("Quentin Abernathy", name)), Paper((name, "Ottoline Vexley", "Ana Brito"))]
        mentions = [Mention("a", 0, 2, name), Mention("b", 1, 1, name)]
        return len({decision.cluster for decision in resolve(Corpus(papers, mentions))})

    assert clusters("Robert Moore") == 2
    assert clusters("Zbigniew Quillfeather") == 1


def test_a_table_is_written_from_the_files_of_the_census(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "dist.male.first").write_text("PAT 1.000 1.000 1\nJOEL 0.500 1.500 2\n")
    (tmp_path / "dist.female.first").write_text("PAT 3.000 3.000 1\nZOE 0.001 3.001 2\n")
    (tmp_path / "dist.all.last").write_text("SMITH 1.006 1.006 1\n")
    table = tmp_path / "census_names.json"
    assert write_table(tmp_path, table) == 3
    facts = json.loads(table.read_text(encoding="utf-8"))
    assert (facts["given_names"], facts["surnames"]) == ({"jol": 2500, "pat": 20000}, {"smith": 10060})
    assert main([str(tmp_path / "nowhere")]) == 2
    assert "Nothing is written" in capsys.readouterr().err
