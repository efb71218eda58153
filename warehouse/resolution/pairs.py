"""Pairs of mentions with what they weigh: in memory, on disk, and what they connect."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Flags = NDArray[np.bool_]

#: Pairs that are read from disk at once, or connected at once.
BLOCK = 2_000_000


@dataclass
class Pairs:
    """Pairs of mentions (their numbers) with the relation of their names, and once weighed, what came of it."""

    i: Ints
    j: Ints
    rel: Ints
    total: Floats
    clash: Flags
    same_paper: Flags

    def __len__(self) -> int:
        return len(self.i)

    def where(self, wanted: Flags | Ints | slice) -> Pairs:
        """Some of them."""
        return Pairs(*(column[wanted] for column in vars(self).values()))

    def put(self, places: Ints, pairs: Pairs) -> None:
        """Put pairs into places."""
        for name, column in vars(self).items():
            column[places] = getattr(pairs, name)

    @classmethod
    def joined(cls, parts: Sequence[Pairs]) -> Pairs:
        """All pairs of several parts."""
        if not parts:
            return cls.none(0)
        return cls(*(np.concatenate(column) for column in zip(*(vars(p).values() for p in parts), strict=True)))

    @classmethod
    def none(cls, n: int) -> Pairs:
        """So many places for pairs, without any (``i`` is -1)."""
        no = np.zeros(n, bool)
        return cls(np.full(n, -1), np.full(n, -1), np.zeros(n, np.int64), np.zeros(n), no, no.copy())


class Spool:
    """Pairs that wait on disk, to be read as often as it takes: all of them, or those that were added under a key."""

    _ROW = np.dtype([("i", "i4"), ("j", "i4"), ("rel", "i4"), ("total", "f8"), ("clash", "?"), ("same_paper", "?")])

    def __init__(self) -> None:
        self._file = tempfile.TemporaryFile(buffering=0)  # noqa: SIM115 - closed by __exit__
        self._rows = 0
        #: Of each part that came with keys: the keys, and the first row of each and the one after its last.
        self._keys: list[tuple[NDArray[np.integer], Ints]] = []

    def __enter__(self) -> Spool:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()

    def add(self, pairs: Pairs, key: NDArray[np.integer] | None = None) -> None:
        if key is not None:
            order = np.argsort(key, kind="stable")
            pairs = pairs.where(order)
            keys, first = np.unique(key[order], return_index=True)
            self._keys.append((keys, self._rows + np.append(first, len(pairs))))
        rows = np.empty(len(pairs), self._ROW)
        for name, column in vars(pairs).items():
            rows[name] = column
        left = rows.view(np.uint8).data
        while left:
            left = left[self._file.write(left) or 0 :]
        self._rows += len(pairs)

    def __iter__(self) -> Iterator[Pairs]:
        for begin in range(0, self._rows, BLOCK):
            yield self._read(begin, min(begin + BLOCK, self._rows))

    def of(self, key: int) -> Iterator[Pairs]:
        """The pairs that were added under a key."""
        for keys, ends in self._keys:
            at = int(np.searchsorted(keys, key))
            if at < len(keys) and keys[at] == key:
                yield self._read(int(ends[at]), int(ends[at + 1]))

    def _read(self, begin: int, end: int) -> Pairs:
        # Forked processes have the place in the file in common, so none is used.
        told = np.empty(end - begin, self._ROW)
        left, at = told.view(np.uint8).data, begin * self._ROW.itemsize
        while left:
            read = os.preadv(self._file.fileno(), [left], at)
            if not read:
                raise EOFError("the pairs that wait on disk end early")
            left, at = left[read:], at + read
        i, j, rel = (told[name].astype(np.int64) for name in ("i", "j", "rel"))
        return Pairs(i, j, rel, told["total"].copy(), told["clash"].copy(), told["same_paper"].copy())


class Links:
    """Which of n places are connected, told of their links a part at a time."""

    def __init__(self, n: int):
        self._label: NDArray[np.int32] = np.arange(n, dtype=np.int32)
        self._count = n
        self._held: list[tuple[Ints, Ints]] = []
        self._size = 0

    def add(self, i: Ints, j: Ints) -> None:
        self._held.append((i, j))
        self._size += len(i)
        if self._size > BLOCK:
            self._connect()

    def labels(self) -> NDArray[np.int32]:
        """A number for each place, the same for those that are connected."""
        self._connect()
        return self._label

    def _connect(self) -> None:
        if not self._size:
            return
        i, j = (self._label[np.concatenate(side)] for side in zip(*self._held, strict=True))
        self._held, self._size = [], 0
        joined = components(self._count, i, j)
        self._count = int(joined.max()) + 1
        self._label = joined[self._label]


class Best:
    """Of each of n places the best pair that it is an end of, told a part at a time: the one with the highest log odds,
    of such the one with the lowest ends."""

    def __init__(self, n: int):
        self.pairs = Pairs.none(n)

    def add(self, pairs: Pairs, i: Ints, j: Ints) -> None:
        """``i``, ``j``: the places of the ends of these pairs."""
        order = np.lexsort((pairs.j, pairs.i, -pairs.total))[::-1]
        best = np.full(len(self.pairs), -1, np.int64)
        # The last written stays: the best of each, whichever end it stands on.
        best[np.stack([i[order], j[order]], 1).ravel()] = np.repeat(order, 2)
        at = np.flatnonzero(best >= 0)
        new, old = pairs.where(best[at]), self.pairs.where(at)
        first = (new.i < old.i) | (new.i == old.i) & (new.j < old.j)
        better = (old.i < 0) | (new.total > old.total) | (new.total == old.total) & first
        self.pairs.put(at[better], new.where(better))


def components(n: int, i: NDArray[np.integer], j: NDArray[np.integer]) -> NDArray[np.int32]:
    """The connected components of n places, as a number for each."""
    graph = sp.csr_matrix((np.ones(len(i), np.int8), (i, j)), shape=(n, n))
    _, component = sp.csgraph.connected_components(graph, directed=False)
    return component  # type: ignore[no-any-return]


def first_of(label: NDArray[np.integer], places: Ints) -> Ints:
    """For each place the first of the places with the same label."""
    _, first, back = np.unique(label[places], return_index=True, return_inverse=True)
    out: Ints = places[first[back.ravel()]]
    return out


def parts(size: Ints, most: int) -> Iterator[slice]:
    """Slices whose sizes add up to about ``most``."""
    ends = np.cumsum(size)
    begin = 0
    while begin < len(size):
        done = ends[begin - 1] if begin else 0
        end = max(begin + 1, int(np.searchsorted(ends, done + most, "right")))
        yield slice(begin, end)
        begin = end
