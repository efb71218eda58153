"""Pairs of mentions with their log odds: in memory, on disk, and the best pair of each mention."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from warehouse.resolution.arrays import Flags, Floats, Ints

#: Pairs that are read from disk at once.
MAX_READ_PAIRS = 2_000_000


@dataclass
class Pairs:
    """Pairs of mentions (their numbers) with the number of their name relation and the result of the evidence model.

    ``total``: log odds that both are one author. ``is_cannot_link``: the two must stay apart (other accounts, or one
    paper). ``is_same_paper``: both are author rows of one paper.
    """

    i: Ints
    j: Ints
    relation: Ints
    total: Floats
    is_cannot_link: Flags
    is_same_paper: Flags

    def __len__(self) -> int:
        return len(self.i)

    def select(self, wanted: Flags | Ints | slice) -> Pairs:
        """The pairs at these indexes."""
        return Pairs(*(column[wanted] for column in vars(self).values()))

    def replace(self, places: Ints, pairs: Pairs) -> None:
        """Overwrite the pairs at these indexes."""
        for name, column in vars(self).items():
            column[places] = getattr(pairs, name)

    @classmethod
    def concatenated(cls, parts: Sequence[Pairs]) -> Pairs:
        """All pairs of several parts."""
        if not parts:
            return cls.empty(0)
        return cls(*(np.concatenate(column) for column in zip(*(vars(p).values() for p in parts), strict=True)))

    @classmethod
    def empty(cls, n: int) -> Pairs:
        """``n`` places for pairs without any pair: ``i`` and ``j`` are -1."""
        no = np.zeros(n, bool)
        return cls(np.full(n, -1), np.full(n, -1), np.zeros(n, np.int64), np.zeros(n), no, no.copy())


class PairFile:
    """Pairs in a temporary file, read as often as needed: all of them, or those added under a key.

    A process forked after the pairs were added can read them too.
    """

    _ROW = np.dtype(
        [("i", "i4"), ("j", "i4"), ("relation", "i4"), ("total", "f8"), ("is_cannot_link", "?"), ("is_same_paper", "?")]
    )

    def __init__(self) -> None:
        self._file = tempfile.TemporaryFile(buffering=0)  # noqa: SIM115 - closed by __exit__
        self._rows = 0
        #: Of each part that was added with keys: the keys, and the first row of each and the end of the last.
        self._keys: list[tuple[NDArray[np.integer], Ints]] = []

    def __enter__(self) -> PairFile:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()

    def add(self, pairs: Pairs, key: NDArray[np.integer] | None = None) -> None:
        """Append pairs; ``key[k]`` is the key of pair k."""
        if key is not None:
            order = np.argsort(key, kind="stable")
            pairs = pairs.select(order)
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
        for start in range(0, self._rows, MAX_READ_PAIRS):
            yield self._read(start, min(start + MAX_READ_PAIRS, self._rows))

    def with_key(self, key: int) -> Iterator[Pairs]:
        """The pairs that were added under a key."""
        for keys, ends in self._keys:
            at = int(np.searchsorted(keys, key))
            if at < len(keys) and keys[at] == key:
                yield self._read(int(ends[at]), int(ends[at + 1]))

    def _read(self, start: int, end: int) -> Pairs:
        # Forked processes share the file offset, so every read names its own (preadv).
        rows = np.empty(end - start, self._ROW)
        left, at = rows.view(np.uint8).data, start * self._ROW.itemsize
        while left:
            read = os.preadv(self._file.fileno(), [left], at)
            if not read:
                raise EOFError("the temporary file of pairs ends early")
            left, at = left[read:], at + read
        i, j, relation = (rows[name].astype(np.int64) for name in ("i", "j", "relation"))
        flags = (rows[name].copy() for name in ("total", "is_cannot_link", "is_same_paper"))
        return Pairs(i, j, relation, *flags)


class BestPairs:
    """The best pair of each of n places, from pairs added in parts: the highest log odds, then the lowest ends."""

    def __init__(self, n: int):
        self.pairs = Pairs.empty(n)

    def add(self, pairs: Pairs, i: Ints, j: Ints) -> None:
        """Compare pairs with the best so far; ``i`` and ``j`` are the places of their ends."""
        order = np.lexsort((pairs.j, pairs.i, -pairs.total))[::-1]
        best = np.full(len(self.pairs), -1, np.int64)
        # The last write to a place wins, which is its best pair at either end.
        best[np.stack([i[order], j[order]], 1).ravel()] = np.repeat(order, 2)
        at = np.flatnonzero(best >= 0)
        new, old = pairs.select(best[at]), self.pairs.select(at)
        is_first = (new.i < old.i) | (new.i == old.i) & (new.j < old.j)
        is_better = (old.i < 0) | (new.total > old.total) | (new.total == old.total) & is_first
        self.pairs.replace(at[is_better], new.select(is_better))
