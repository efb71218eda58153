"""Sparse incidence of items (co-authors, words) in rows (papers, organizations), and what two rows share."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import scipy.sparse as sp

from warehouse.resolution.arrays import Floats, Ints, distinct_pairs, runs
from warehouse.resolution.corpus import Sets

#: Binary digits behind the point of a weight.
WEIGHT_BITS = 32


class Incidence:
    """Which row holds which items, with a weight for each item.

    Weights are rounded to ``WEIGHT_BITS`` binary digits, so that sums are exact in any order.
    """

    def __init__(self, sets: Sets, weights: Sequence[float] | None = None):
        self.items = sets.items
        #: Items of each row.
        self.size = np.diff(sets.ends)
        self.weights = np.ones(max(1, len(sets.items)))
        if weights is not None:
            self.weights[: len(sets.items)] = np.round(np.asarray(weights) * 2.0**WEIGHT_BITS) / 2.0**WEIGHT_BITS
        shape = (len(sets.ends) - 1, max(1, len(sets.items)))
        self.matrix = sp.csr_matrix((np.ones(len(sets.columns)), sets.columns, sets.ends), shape=shape)

    def overlap(self, a: Ints, b: Ints) -> tuple[Ints, Floats]:
        """The number of items that rows a[k] and b[k] share, and the sum of their weights."""
        if not len(a) or not self.matrix.nnz:
            return np.zeros(len(a), np.int64), np.zeros(len(a))
        both = self.matrix[a].multiply(self.matrix[b]).tocsr()
        both.data = self.weights[both.indices]
        return np.diff(both.indptr).astype(np.int64), np.asarray(both.sum(1)).ravel()

    def products(self, x: Ints, y: Ints) -> tuple[Ints, Floats]:
        """The overlap of each row in x with each in y: two tables of len(x) rows and len(y) columns."""
        if not self.matrix.nnz:
            return np.zeros((len(x), len(y)), np.int64), np.zeros((len(x), len(y)))
        columns, ends = zip(*(self._columns(rows) for rows in (x, y)), strict=True)
        items, local = np.unique(np.concatenate(columns), return_inverse=True)
        shapes = ((len(rows), len(items)) for rows in (x, y))
        one, other = (
            sp.csr_matrix((np.ones(len(column)), column, end), shape=shape)
            for column, end, shape in zip(np.split(local, [len(columns[0])]), ends, shapes, strict=True)
        )
        transposed = other.T.tocsr()
        count = (one @ transposed).toarray()
        transposed.data = np.repeat(self.weights[items], np.diff(transposed.indptr))
        return count.astype(np.int64), (one @ transposed).toarray()

    def _columns(self, rows: Ints) -> tuple[Ints, Ints]:
        """The items of some rows, one row after the other, and where each ends."""
        first = self.matrix.indptr[rows].astype(np.int64)
        size = self.matrix.indptr[rows + 1] - first
        return self.matrix.indices[runs(first, size)], np.concatenate([[0], np.cumsum(size)])

    def contains(self, rows: Ints, items: Ints) -> Ints:
        """1 where row rows[k] holds item items[k], else 0."""
        if not len(rows):
            return np.zeros(0, np.int64)
        one = sp.csr_matrix(
            (np.ones(len(items)), items, np.arange(len(items) + 1)), shape=(len(items), self.matrix.shape[1])
        )
        found: Ints = np.diff(self.matrix[rows].multiply(one).tocsr().indptr).astype(np.int64)
        return found


#: The number of items that both sides of each pair share in an incidence, and the sum of their weights.
Overlap = Callable[[Incidence], tuple[Ints, Floats]]


def overlap_of(row_i: Ints, row_j: Ints) -> Overlap:
    """The overlap of rows row_i[k] and row_j[k]; each distinct pair of rows is compared once."""
    one, other, inverse = distinct_pairs(row_i, row_j)

    def overlap(incidence: Incidence) -> tuple[Ints, Floats]:
        count, weight = incidence.overlap(one, other)
        return count[inverse], weight[inverse]

    return overlap


def overlap_of_grid(rows: Ints, columns: Ints, cells: Ints) -> Overlap:
    """The overlap of some cells of the table of rows × columns, as a matrix product."""

    def overlap(incidence: Incidence) -> tuple[Ints, Floats]:
        count, weight = incidence.products(rows, columns)
        return count.ravel()[cells], weight.ravel()[cells]

    return overlap
