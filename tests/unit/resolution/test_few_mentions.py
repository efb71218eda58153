"""A warehouse begins small: one list, one paper, nobody alike."""

from __future__ import annotations

import pytest

from warehouse.resolution.corpus import Corpus, Mention, Paper
from warehouse.resolution.resolver import resolve


@pytest.mark.parametrize(
    "names",
    [[], ["Ada Tidewick"], ["Ada Tidewick", "Bo Marrow"], ["Ada Tidewick", "Ada Tidewick"], ["N. N.", "團隊", "X"]],
)
def test_few_mentions_are_placed_like_many(names: list[str]) -> None:
    papers = [Paper(authors=(name,), title=f"Paper {at}") for at, name in enumerate(names)]
    mentions = [Mention(f"{at}#1", at, 1, name) for at, name in enumerate(names)]
    decided = resolve(Corpus(papers, mentions))
    assert [decision.mention_id for decision in decided] == [mention.mention_id for mention in mentions]


def test_a_paper_whose_authors_are_all_different_leaves_them_apart() -> None:
    names = ("Ada Tidewick", "Bo Marrow", "Cy Lanternfish")
    paper = Paper(authors=names, title="One paper")
    decided = resolve(Corpus([paper], [Mention(f"p#{n}", 0, n, name) for n, name in enumerate(names, start=1)]))
    assert len({decision.cluster for decision in decided}) == 3
