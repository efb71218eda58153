"""Array functions that resolution shares: runs of numbers, distinct values, connected places."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Flags = NDArray[np.bool_]

#: Links that ``ConnectedPlaces`` holds before it connects them.
MAX_HELD_LINKS = 2_000_000


def runs(start: Ints, size: Ints) -> Ints:
    """``size[k]`` whole numbers from ``start[k]`` on, for each k: ``runs([5, 9], [2, 3])`` is 5 6 9 10 11."""
    return np.repeat(start - (np.cumsum(size) - size), size) + np.arange(size.sum())


def distinct(values: Ints) -> Ints:
    """The distinct values, ascending. ``np.unique`` hashes them, which takes twenty times as long."""
    ordered = np.sort(values)
    is_new = np.ones(len(ordered), bool)
    is_new[1:] = ordered[1:] != ordered[:-1]
    return ordered[is_new]


def distinct_pairs(a: Ints, b: Ints) -> tuple[Ints, Ints, Ints]:
    """The distinct pairs of a[k] and b[k], numbers below 2^31, as two columns, and the index of each k's pair."""
    pairs, inverse = np.unique(a << 31 | b, return_inverse=True)
    return pairs >> 31, pairs & (1 << 31) - 1, inverse


def slices_by_size(size: Ints, max_size: int) -> Iterator[slice]:
    """Consecutive slices whose sizes add up to about ``max_size``; a larger element has a slice of its own."""
    ends = np.cumsum(size)
    start = 0
    while start < len(size):
        done = ends[start - 1] if start else 0
        end = max(start + 1, int(np.searchsorted(ends, done + max_size, "right")))
        yield slice(start, end)
        start = end


def components(n: int, i: NDArray[np.integer], j: NDArray[np.integer]) -> NDArray[np.int32]:
    """The connected components of n places with links i[k], j[k]: a component number for each place."""
    graph = sp.csr_matrix((np.ones(len(i), np.int8), (i, j)), shape=(n, n))
    _, component = sp.csgraph.connected_components(graph, directed=False)
    return component  # type: ignore[no-any-return]


def first_with_same_label(label: NDArray[np.integer], places: Ints) -> Ints:
    """For each of some places the first of them with the same label."""
    _, first, inverse = np.unique(label[places], return_index=True, return_inverse=True)
    out: Ints = places[first[inverse.ravel()]]
    return out


class ConnectedPlaces:
    """The connected components of n places whose links are added a part at a time, in bounded memory."""

    def __init__(self, n: int):
        self._label: NDArray[np.int32] = np.arange(n, dtype=np.int32)
        self._count = n
        self._held: list[tuple[Ints, Ints]] = []
        self._held_count = 0

    def add(self, i: Ints, j: Ints) -> None:
        """Add links between places i[k] and j[k]."""
        self._held.append((i, j))
        self._held_count += len(i)
        if self._held_count > MAX_HELD_LINKS:
            self._connect()

    def labels(self) -> NDArray[np.int32]:
        """A component number for each place."""
        self._connect()
        return self._label

    def _connect(self) -> None:
        if not self._held_count:
            return
        i, j = (self._label[np.concatenate(side)] for side in zip(*self._held, strict=True))
        self._held, self._held_count = [], 0
        joined = components(self._count, i, j)
        self._count = int(joined.max()) + 1
        self._label = joined[self._label]
