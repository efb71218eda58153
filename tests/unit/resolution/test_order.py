"""All names of a paper together show whether it lists surnames first."""

from warehouse.resolution.evaluation.interchange import Row, corpus_of
from warehouse.resolution.names import parse
from warehouse.resolution.order import order_log_odds, reordered_names
from warehouse.resolution.statistics import reference

BACKWARD = ["Wang Xiaoming", "Zhang Yifan", "Liu Zhiyuan", "Chen Jiaqi", "Yang Lin"]


def _reordered(names: list[str]) -> dict[str, str]:
    known = reference()
    return reordered_names(names, {name: order_log_odds(parse(name), known) for name in names})


def test_a_paper_that_lists_surnames_first_is_reordered_as_a_whole() -> None:
    reordered = _reordered(BACKWARD)
    assert reordered["Wang Xiaoming"] == "Xiaoming Wang"
    assert reordered["Yang Lin"] == "Lin Yang", "which alone shows no order"


def test_one_name_or_two_reorder_no_paper() -> None:
    assert _reordered(BACKWARD[:2]) == {}
    assert _reordered([*BACKWARD[:3], "Yifan Zhang", "Xiaoming Wang"]) == {}


def test_a_name_that_clearly_has_its_given_name_first_is_left_as_listed() -> None:
    assert "Zhiyuan Chen" not in _reordered([*BACKWARD, "Zhiyuan Chen"])
    assert _reordered([" ".join(reversed(name.split())) for name in BACKWARD]) == {}


def test_names_of_three_words_and_of_teams_are_left_as_they_are() -> None:
    assert set(_reordered([*BACKWARD, "The Qwen Team", "Wang Xiao Ming"])) <= set(BACKWARD)


def test_a_reordered_mention_has_the_usual_name() -> None:
    rows = [
        Row(mention_id=f"p#{i}", paper_id="p", position=i, name=name, coauthors=BACKWARD)
        for i, name in enumerate(BACKWARD, start=1)
    ]
    corpus = corpus_of(rows)
    assert corpus.mentions[0].name == "Xiaoming Wang"
    assert set(corpus.papers[0].authors) == {m.name for m in corpus.mentions}
