"""Clustering never puts two mentions together that must stay apart, however strong the evidence is."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from warehouse.resolution.cluster_groups import Groups

STRONG = 20.0
Pairs = Sequence[tuple[int, int]]


def clusters(
    mentions: int, strong: Pairs, *, apart: Pairs = (), accounts: dict[int, int] | None = None, by_mean: bool
) -> set[frozenset[int]]:
    """The clusters of mentions of one name after joining the ``strong`` pairs. ``apart``: pairs on one paper."""
    account = np.full(mentions, -1)
    for mention, number in (accounts or {}).items():
        account[mention] = number
    name = np.zeros(mentions, int)
    related = (np.array([0]), np.array([0]), np.array([0.0]))
    x, y = (np.array([pair[end] for pair in apart], int) for end in (0, 1))
    groups = Groups(name, account, related, (x, y))
    x, y = (np.array([pair[end] for pair in strong], int) for end in (0, 1))
    odds = np.array([STRONG - 0.1 * number for number in range(len(strong))])
    if by_mean:
        groups.join_by_mean([(x, y, odds, np.zeros(len(strong)))], 0.5)
    else:
        groups.join_best_first(x, y, odds)
    return {frozenset(np.flatnonzero(groups.group == group).tolist()) for group in set(groups.group.tolist())}


@pytest.mark.parametrize("by_mean", [False, True])
def test_strong_pairs_are_joined(by_mean: bool) -> None:
    assert clusters(3, [(0, 1), (1, 2), (0, 2)], by_mean=by_mean) == {frozenset({0, 1, 2})}


@pytest.mark.parametrize("by_mean", [False, True])
def test_mentions_of_one_paper_stay_apart(by_mean: bool) -> None:
    assert clusters(2, [(0, 1)], apart=[(0, 1)], by_mean=by_mean) == {frozenset({0}), frozenset({1})}


@pytest.mark.parametrize("by_mean", [False, True])
def test_a_cluster_gets_no_mention_that_must_stay_apart_from_a_member(by_mean: bool) -> None:
    # 0 and 1 go together first; 2 is on one paper with 0, so it may not follow 1.
    found = clusters(3, [(0, 1), (1, 2)], apart=[(0, 2)], by_mean=by_mean)
    assert found == {frozenset({0, 1}), frozenset({2})}


@pytest.mark.parametrize("by_mean", [False, True])
def test_two_clusters_with_members_of_one_paper_are_not_joined(by_mean: bool) -> None:
    found = clusters(4, [(0, 1), (2, 3), (1, 3)], apart=[(0, 2)], by_mean=by_mean)
    assert found == {frozenset({0, 1}), frozenset({2, 3})}


@pytest.mark.parametrize("by_mean", [False, True])
def test_mentions_of_two_accounts_stay_apart(by_mean: bool) -> None:
    found = clusters(3, [(0, 1), (1, 2), (0, 2)], accounts={0: 7, 2: 8}, by_mean=by_mean)
    assert found == {frozenset({0, 1}), frozenset({2})}
