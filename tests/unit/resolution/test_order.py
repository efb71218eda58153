"""Surname first or last is told by a paper's names together, not by one name."""

from warehouse.resolution.evaluation.interchange import Row, corpus_of
from warehouse.resolution.names import parse
from warehouse.resolution.order import lean, turned_names
from warehouse.resolution.statistics import reference

BACKWARD = ["Wang Xiaoming", "Zhang Yifan", "Liu Zhiyuan", "Chen Jiaqi", "Yang Lin"]


def _turned(names: list[str]) -> dict[str, str]:
    known = reference()
    return turned_names(names, {name: lean(parse(name), known) for name in names})


def test_a_paper_that_lists_surnames_first_is_turned_as_a_whole() -> None:
    turned = _turned(BACKWARD)
    assert turned["Wang Xiaoming"] == "Xiaoming Wang"
    assert turned["Yang Lin"] == "Lin Yang", "which alone tells nothing"


def test_one_name_or_two_turn_no_paper() -> None:
    assert _turned(BACKWARD[:2]) == {}
    assert _turned([*BACKWARD[:3], "Yifan Zhang", "Xiaoming Wang"]) == {}


def test_who_clearly_stands_the_usual_way_round_stays_so() -> None:
    assert "Zhiyuan Chen" not in _turned([*BACKWARD, "Zhiyuan Chen"])
    assert _turned([" ".join(reversed(name.split())) for name in BACKWARD]) == {}


def test_names_of_three_words_and_of_teams_are_left_as_they_are() -> None:
    assert set(_turned([*BACKWARD, "The Qwen Team", "Wang Xiao Ming"])) <= set(BACKWARD)


def test_a_turned_mention_meets_its_person_under_the_usual_name() -> None:
    rows = [
        Row(mention_id=f"p#{i}", paper_id="p", position=i, name=name, coauthors=BACKWARD)
        for i, name in enumerate(BACKWARD, start=1)
    ]
    corpus = corpus_of(rows)
    assert corpus.mentions[0].name == "Xiaoming Wang"
    assert set(corpus.papers[0].authors) == {m.name for m in corpus.mentions}
