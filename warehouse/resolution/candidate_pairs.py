"""Candidate pairs: the pairs of mentions whose names are related, in bounded batches.

Blocking by name keys (``names.Blocks``) finds related names; this module lists the pairs of their mentions. A dense
relation, two names with too many mentions, lists only pairs that share a rare co-author, the account or the paper.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from warehouse.processes import spread
from warehouse.resolution.arrays import Flags, Ints, runs, slices_by_size
from warehouse.resolution.corpus import Coded
from warehouse.resolution.incidence import Incidence
from warehouse.resolution.name_relations import NameForms, NameRelations

Found = TypeVar("Found")

#: Pairs of mentions in a batch.
PAIRS_PER_BATCH = 250_000
#: From so many pairs of the same mentions with others on, their shared items are computed as a matrix product.
MIN_GRID_PAIRS = 4_000
#: Rows of a co-author matrix that are multiplied at once.
ROWS_AT_ONCE = 500


@dataclass
class Batch:
    """Pairs of mentions i[k], j[k] with the number of their name relation.

    If the pairs are cells of a table of mentions × mentions, ``grid`` holds its rows, columns and the cells' places.
    """

    i: Ints
    j: Ints
    relation: Ints
    grid: tuple[Ints, Ints, Ints] | None = None

    def select(self, wanted: Ints) -> Batch:
        """The pairs at these indexes; without the grid if they are less than a quarter of it."""
        grid = None
        if self.grid and len(wanted) * 4 > len(self.grid[0]) * len(self.grid[1]):
            grid = (*self.grid[:2], self.grid[2][wanted])
        return Batch(self.i[wanted], self.j[wanted], self.relation[wanted], grid)


@dataclass
class BlockPairs:
    """Pairs of blocks of mentions. A block is a run of ``order``; two blocks, their relation and their component."""

    order: Ints
    starts: tuple[Ints, Ints]
    counts: tuple[Ints, Ints]
    relation: Ints
    component: Ints

    @property
    def size(self) -> Ints:
        """Pairs of mentions of each pair of blocks."""
        return self.counts[0] * self.counts[1]

    def select(self, wanted: Flags | Ints | slice) -> BlockPairs:
        """The pairs of blocks at these indexes."""
        one, other = ((side[0][wanted], side[1][wanted]) for side in (self.starts, self.counts))
        return BlockPairs(self.order, one, other, self.relation[wanted], self.component[wanted])

    def batches(self) -> Iterator[Batch]:
        """The pairs of mentions; a block paired with itself lists each pair twice."""
        blocks = self.select(np.argsort(self.starts[0], kind="stable"))
        size, (first, second), (rows, columns) = blocks.size, blocks.starts, blocks.counts
        # Pairs whose first block is the same form one table.
        table = np.cumsum(np.diff(first, prepend=-1) != 0) - 1
        cells, ends = np.bincount(table, size), np.cumsum(np.bincount(table))
        small = np.flatnonzero(cells[table] < MIN_GRID_PAIRS)
        for part in slices_by_size(size[small], PAIRS_PER_BATCH):
            at = small[part]
            n = size[at]
            place = runs(np.zeros(len(n), np.int64), n)
            width = np.repeat(columns[at], n)
            i = self.order[np.repeat(first[at], n) + place // width]
            j = self.order[np.repeat(second[at], n) + place % width]
            yield Batch(i, j, np.repeat(blocks.relation[at], n))
        for k in np.flatnonzero(cells >= MIN_GRID_PAIRS).tolist():
            start = int(ends[k - 1]) if k else 0
            x = self.order[first[start] : first[start] + rows[start]]
            for part in slices_by_size(size[start : ends[k]], PAIRS_PER_BATCH):
                at = np.arange(start, ends[k])[part]
                y = self.order[runs(second[at], columns[at])]
                relation = np.tile(np.repeat(blocks.relation[at], columns[at]), len(x))
                yield Batch(np.repeat(x, len(y)), np.tile(y, len(x)), relation, (x, y, np.arange(len(relation))))


class CandidatePairs:
    """The candidate pairs of a corpus, by relation of names.

    ``max_common_papers``: a co-author on more papers of two names than this is no reason to compare their mentions.
    """

    def __init__(
        self,
        corpus: Coded,
        forms: NameForms,
        relations: NameRelations,
        coauthors: Incidence,
        max_common_papers: int,
    ):
        self._corpus = corpus
        self._forms = forms
        self._relations = relations
        self._coauthors = coauthors
        self._max_common_papers = max_common_papers

    def batches(self, relations: Ints, *, with_unaffected: bool = False) -> Iterator[Batch]:
        """The pairs of affected mentions of these relations; with ``with_unaffected``, of all mentions."""
        forms, known = self._forms, self._relations
        is_dense = known.is_dense[relations]
        sparse = relations[~is_dense]
        a, b = known.form_a[sparse], known.form_b[sparse]
        sides = (forms.start[a], forms.start[b]), (forms.count[a], forms.count[b])
        for batch in BlockPairs(forms.by_form, *sides, sparse, sparse).batches():
            yield self._select(batch, with_unaffected)
        for k in relations[is_dense].tolist():
            x, y = forms.mentions(int(known.form_a[k])), forms.mentions(int(known.form_b[k]))
            for i, j in self._sharing(x, y):
                yield self._select(Batch(i, j, np.full(len(i), k)), with_unaffected)

    def batches_of(self, blocks: BlockPairs) -> Iterator[Batch]:
        """The pairs of affected mentions of these blocks."""
        for batch in blocks.batches():
            yield self._select(batch, with_unaffected=False)

    def spread(self, work: Callable[[Ints], Iterable[Found]], relations: Ints, processes: int) -> Iterator[Found]:
        """What ``work`` yields for parts of the relations, in processes with about the same number of pairs."""
        size = self._relations.pair_count[relations]
        parts = (
            list(slices_by_size(size, max(PAIRS_PER_BATCH, int(size.sum()) // (16 * processes))))
            if processes > 1
            else [slice(None)]
        )
        return spread(work, [relations[part] for part in parts], [int(size[part].sum()) for part in parts], processes)

    def blocks_by_component(self, relations: Ints, mentions: Ints, component: NDArray[np.int32]) -> BlockPairs:
        """Blocks of affected mentions with one form and one component; components of one mention are left out.

        ``component[k]`` is the component of ``mentions[k]``.
        """
        is_alone = np.bincount(component)[component] < 2
        at = np.flatnonzero(~is_alone & self._corpus.is_affected[mentions])
        width = int(component.max()) + 1
        code = self._forms.of_mention[mentions[at]] * width + component[at]
        order = np.argsort(code, kind="stable")
        codes, start, count = np.unique(code[order], return_index=True, return_counts=True)
        form = codes // width
        a, b = self._relations.form_a[relations], self._relations.form_b[relations]
        first = np.searchsorted(form, a, "left")
        size = np.searchsorted(form, a, "right") - first
        one, relation = runs(first, size), np.repeat(relations, size)
        wanted = np.repeat(b, size) * width + codes[one] % width if len(codes) else one
        other = np.minimum(np.searchsorted(codes, wanted), len(codes) - 1)
        found = np.flatnonzero(codes[other] == wanted)
        one, other, relation = one[found], other[found], relation[found]
        has_pairs = (one != other) | (count[one] > 1)
        one, other, relation = one[has_pairs], other[has_pairs], relation[has_pairs]
        return BlockPairs(
            mentions[at[order]], (start[one], start[other]), (count[one], count[other]), relation, codes[one] % width
        )

    def _select(self, batch: Batch, with_unaffected: bool) -> Batch:
        """Each pair of a form with itself once, and affected mentions only unless ``with_unaffected``."""
        wanted = (self._relations.form_a[batch.relation] != self._relations.form_b[batch.relation]) | (
            batch.i < batch.j
        )
        if not with_unaffected:
            wanted &= self._corpus.is_affected[batch.i] & self._corpus.is_affected[batch.j]
        return batch.select(np.flatnonzero(wanted))

    def _sharing(self, x: Ints, y: Ints) -> Iterator[tuple[Ints, Ints]]:
        """Pairs of mentions in x and y that share the account, the paper, or a co-author on few of the papers."""
        corpus, matrix = self._corpus, self._coauthors.matrix
        left, right = matrix[corpus.paper[x]], matrix[corpus.paper[y]]
        is_rare = np.asarray(left.sum(0) + right.sum(0)).ravel() <= self._max_common_papers
        is_rare &= np.asarray(left.sum(0)).ravel() > 0
        left, right = left[:, is_rare], right[:, is_rare].T.tocsr()
        equal = [_equal_values(x, y, column) for column in (corpus.account, corpus.paper)]
        extra = sp.csr_matrix(
            (np.ones(sum(len(i) for i, _ in equal)), tuple(np.concatenate(side) for side in zip(*equal, strict=True))),
            shape=(len(x), len(y)),
        )
        for start in range(0, len(x), ROWS_AT_ONCE):
            end = start + ROWS_AT_ONCE
            hit = (left[start:end] @ right + extra[start:end]).tocoo()
            yield x[start + hit.row], y[hit.col]


def _equal_values(x: Ints, y: Ints, column: Ints) -> tuple[Ints, Ints]:
    """Places in x and y of mentions with the same known value in a column (below 0: unknown)."""
    order = np.argsort(column[y], kind="stable")
    values = column[y][order]
    low, high = np.searchsorted(values, column[x], "left"), np.searchsorted(values, column[x], "right")
    size = np.where(column[x] >= 0, high - low, 0)
    return np.repeat(np.arange(len(x)), size), order[runs(low, size)]
