"""Pairs added a part at a time give the same result as all at once."""

from __future__ import annotations

import numpy as np
import pytest

from warehouse.resolution import arrays, weighted_pairs
from warehouse.resolution.arrays import ConnectedPlaces
from warehouse.resolution.weighted_pairs import BestPairs, PairFile, Pairs


def made(seed: int, n: int = 200, places: int = 40) -> Pairs:
    """Pairs with many equal weights."""
    chance = np.random.default_rng(seed)
    i = chance.integers(0, places - 1, n)
    j = i + 1 + chance.integers(0, places - 1 - i)
    total = chance.integers(-3, 4, n) / 2
    return Pairs(i, j, chance.integers(0, 9, n), total, total < 0, i == 0)


def parts(pairs: Pairs) -> list[Pairs]:
    return [pairs.select(slice(begin, begin + 30)) for begin in range(0, len(pairs), 30)]


def rows(pairs: Pairs) -> list[tuple[object, ...]]:
    return list(zip(*(column.tolist() for column in vars(pairs).values()), strict=True))


@pytest.mark.parametrize("seed", range(3))
def test_the_best_pair_of_each_place_is_the_first_by_log_odds_then_by_its_ends(seed: int) -> None:
    pairs = made(seed)
    best = BestPairs(40)
    for part in parts(pairs):
        best.add(part, part.i, part.j)
    ordered = sorted(zip(-pairs.total, pairs.i, pairs.j, strict=True))
    for place in range(40):
        mine = [(int(i), int(j), -float(odds)) for odds, i, j in ordered if place in (i, j)]
        expected = mine[0] if mine else (-1, -1, 0.0)
        assert (int(best.pairs.i[place]), int(best.pairs.j[place]), float(best.pairs.total[place])) == expected


@pytest.mark.parametrize("block", [1, 70, 10**6])
def test_links_connect_in_any_order(block: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(arrays, "MAX_HELD_LINKS", block)
    links = ConnectedPlaces(7)
    for i, j in ((5, 6), (0, 2), (4, 5), (2, 2)):
        links.add(np.array([i]), np.array([j]))
    label = links.labels().tolist()
    groups = sorted(sorted(k for k in range(7) if label[k] == one) for one in set(label))
    assert groups == [[0, 2], [1], [3], [4, 5, 6]]
    links.add(np.array([6]), np.array([0]))
    assert len(set(links.labels().tolist())) == 3


@pytest.mark.parametrize("block", [7, 10**6])
def test_pairs_are_read_from_disk_as_written_repeatedly(block: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(weighted_pairs, "MAX_READ_PAIRS", block)
    pairs = made(1)
    with PairFile() as file:
        assert not list(file)
        for part in parts(pairs):
            file.add(part)
        for _ in range(2):
            assert rows(Pairs.concatenated(list(file))) == rows(pairs)


def test_pairs_are_read_from_disk_by_key_in_the_order_of_their_parts() -> None:
    pairs = made(2)
    with PairFile() as file:
        for part in parts(pairs):
            file.add(part, part.relation)
        for key in range(10):
            assert rows(Pairs.concatenated(list(file.with_key(key)))) == rows(pairs.select(pairs.relation == key))
