"""The rules of author names: what is one name, what may be one person, what excludes it."""

import re

import pytest

from warehouse.resolution import names
from warehouse.resolution.names import fold, parse, relate


def _rule(one: str, other: str) -> str | None:
    relation = relate(parse(one), parse(other))
    back = relate(parse(other), parse(one))
    assert (relation and relation.rule) == (back and back.rule), "the order of the two names decides nothing"
    return relation.rule if relation else None


@pytest.mark.parametrize(
    ("listed", "folded"),
    [
        ("José  Ñandú", "jose nandu"),
        ("STRAßE Łukasz Ørsted", "strasse lukasz orsted"),
        ("O'Neil O’Neil O`Neil", "oneil oneil oneil"),
        ("Jean‐Luc Jean–Luc Jean-Luc", "jean-luc jean-luc jean-luc"),
        ("Andr\\'{e} M\\\"uller", "andre muller"),
        ('"Ada" Mo', "ada mo"),
        ("Mei Lin (林梅)", "mei lin"),
    ],
)
def test_a_name_is_folded(listed: str, folded: str) -> None:
    assert fold(listed) == folded


def test_the_name_as_listed_is_kept() -> None:
    assert parse("José  Ñandú").listed == "José  Ñandú"


def test_particles_stay_with_the_surname() -> None:
    assert parse("Ludwig van Beethoven").surname == "vanbeethoven"
    assert parse("Ludwig van Beethoven").given == ("ludwig",)


def test_dashed_given_names_stay_together_and_spaced_ones_spill() -> None:
    assert parse("Jean-Luc Godard").given == ("jeanluc",)
    assert parse("Jean Luc Godard").given == ("jean", "luc")


@pytest.mark.parametrize("listed", ["J. Smith", "J Smith", "J.K. Smith", "Smith"])
def test_lone_initials_and_single_words_give_no_full_key(listed: str) -> None:
    assert parse(listed).full_key is None


def test_a_surname_before_a_comma_is_put_last_and_a_suffix_is_not() -> None:
    assert parse("Smith, John").units == ("john", "smith")
    assert parse("John Smith, Jr.").units == ("john", "smith")


@pytest.mark.parametrize("listed", ["Qwen Team", "Kimi K2 Team", "The Open Source Research Collaboration"])
def test_teams_are_not_persons(listed: str) -> None:
    assert parse(listed).is_team
    assert not parse(listed).sound


def test_a_person_is_no_team() -> None:
    assert not parse("Mei Lin").is_team


@pytest.mark.parametrize(
    ("one", "other", "rule"),
    [
        ("Mei Lin", "mei  LIN", "same"),
        ("José García", "Jose Garcia", "same"),
        ("Xiao-Ming Li", "Xiaoming Li", "spelling"),
        ("XiaoMing Li", "Xiao Ming Li", "spelling"),
        ("MeiLin", "Mei Lin", "spelling"),
        ("Jürgen Müller", "Juergen Mueller", "spelling"),
        ("Jo Smith", "Joann Smith", "short"),
        ("Bill Gates", "William Gates", "short"),
        ("J. Smith", "John Smith", "initial"),
        ("John Q. Smith", "John Smith", "middle"),
        ("Li Wei", "Wei Li", "order"),
        ("Paloma Moreda Pozo", "Paloma Moreda", "second surname"),
        ("Jon Smith", "John Smith", None),
        ("J. Smith", "Karl Smith", None),
        ("Yu Chen", "Yuan Chen", None),
        ("John A. Smith", "John B. Smith", None),
        ("Mei Lin", "Mei Lu", None),
        ("Mei", "Mei Lin", None),
    ],
)
def test_two_names_may_be_one_person_or_exclude_it(one: str, other: str, rule: str | None) -> None:
    assert _rule(one, other) == rule


def test_the_less_two_names_agree_the_more_evidence_is_needed() -> None:
    costs = []
    for one, other in (("Ann Smith", "ANN Smith"), ("Ann Smith", "Ann B. Smith"), ("Li Wei", "Wei Li")):
        relation = relate(parse(one), parse(other))
        assert relation
        costs.append(relation.cost)
    assert costs == sorted(set(costs))


@pytest.mark.parametrize("text", ["", "-", "A.-B. c", "a- b", "-a -", "Jean-Luc  P. O", "..", "a.b", "A -b", "1st-2nd"])
def test_plain_texts_fold_the_same_the_short_way(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    assert names._SIMPLE.fullmatch("Jean-Luc P. O")
    short = fold(text)
    monkeypatch.setattr(names, "_SIMPLE", re.compile("(?!)"))
    assert fold(text) == short
