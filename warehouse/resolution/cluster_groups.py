"""Groups of mentions within one component, joined pair by pair under cannot-link constraints."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
import scipy.sparse as sp

from warehouse.resolution.arrays import Floats, Ints, distinct
from warehouse.resolution.evidence import DECIMALS

#: Log odds are summed as whole numbers of this unit, so that sums are exact in any order.
UNITS = 10**DECIMALS
#: Groups of one component beyond which only strong pairs join: means need memory of the square of the groups.
MAX_GROUPS = 4_000
#: Distinct names of one component beyond which matrices of names are sparse.
MAX_DENSE_NAMES = 50
#: Strong pairs that are checked at once for ends that are in one group already.
PAIRS_PER_STEP = 10_000


class Groups:
    """Members 0 to n - 1 of a component in groups, each member alone at first.

    ``name``: the number of each member's name. ``related``: pairs of names that may be one person's, lower and upper
    name alike, with the log odds of two mentions without any evidence. ``account``: -1 where unknown.
    ``cannot_link``: pairs of members that are on one paper.
    """

    def __init__(self, name: Ints, account: Ints, related: tuple[Ints, Ints, Floats], cannot_link: tuple[Ints, Ints]):
        self.name = name
        #: The group of each member: the number of one of its members.
        self.group = np.arange(len(name))
        self._related = related
        self._related_names: dict[int, set[int]] = {}
        for a, b in zip(related[0].tolist(), related[1].tolist(), strict=True):
            self._related_names.setdefault(a, set()).add(b)
            self._related_names.setdefault(b, set()).add(a)
        # A group of one member has no entry: there may be millions.
        self._members: dict[int, list[int]] = {}
        self._names: dict[int, set[int]] = {}
        self._accounts = {k: {int(account[k])} for k in np.flatnonzero(account >= 0).tolist()}
        self._cannot_link: dict[int, set[int]] = {}
        for a, b in zip(cannot_link[0].tolist(), cannot_link[1].tolist(), strict=True):
            self._cannot_link.setdefault(a, set()).add(b)
            self._cannot_link.setdefault(b, set()).add(a)

    def _content(self, group: int) -> tuple[list[int], set[int]]:
        """The members and the names of a group."""
        return self._members.get(group) or [group], self._names.get(group) or {int(self.name[group])}

    def _must_stay_apart(self, a: int, b: int) -> bool:
        """Whether two groups have other accounts, members on one paper, or unrelated names."""
        one, other = self._accounts.get(a), self._accounts.get(b)
        if one and other and one != other:
            return True
        (members_a, names_a), (members_b, names_b) = self._content(a), self._content(b)
        few, many = (members_a, b) if len(members_a) < len(members_b) else (members_b, a)
        none: set[int] = set()
        return not self._cannot_link.get(many, none).isdisjoint(few) or not all(
            names_b <= self._related_names.get(k, none) for k in names_a
        )

    def _join(self, one: int, other: int) -> None:
        """Join the groups of two members unless they must stay apart."""
        a, b = sorted((int(self.group[one]), int(self.group[other])))
        if a == b or self._must_stay_apart(a, b):
            return
        (members_a, names_a), (members_b, names_b) = self._content(a), self._content(b)
        self.group[members_b] = a
        members_a += members_b
        self._members[a], self._names[a] = members_a, names_a | names_b
        self._members.pop(b, None), self._names.pop(b, None)
        for sets in (self._accounts, self._cannot_link):
            if b in sets:
                sets[a] = sets.get(a, set()) | sets[b]

    def join_best_first(self, x: Ints, y: Ints, total: Floats) -> None:
        """Join the groups of members x[k] and y[k], the pairs with the highest log odds first."""
        order = np.lexsort((y, x, -total))
        for start in range(0, len(order), PAIRS_PER_STEP):
            part = order[start : start + PAIRS_PER_STEP]
            part = part[self.group[x[part]] != self.group[y[part]]]
            for one, other in zip(x[part].tolist(), y[part].tolist(), strict=True):
                self._join(one, other)

    def count(self) -> int:
        """The number of groups."""
        return len(distinct(self.group))

    def join_by_mean(self, parts: Iterable[tuple[Ints, Ints, Floats, Floats]], min_mean: float) -> None:
        """Join the two groups with the highest mean log odds until none is above ``min_mean`` (average linkage).

        ``parts``: the weighed pairs as two members, their log odds, and the log odds of two mentions of such names
        without evidence, which counts for all pairs that were not weighed.
        """
        heads, at = np.unique(self.group, return_inverse=True)
        k, names = len(heads), int(self.name.max()) + 1
        one, other, odds = self._related
        is_apart = one != other
        one, other = np.concatenate([one, other[is_apart]]), np.concatenate([other, one[is_apart]])
        unweighed = _matrix(one, other, _whole_units(np.concatenate([odds, odds[is_apart]])), (names, names))
        related = _matrix(one, other, np.ones(len(one), np.int64), (names, names))
        counts = _matrix(at, self.name, np.ones(len(at), np.int64), (k, names))
        has = (counts > 0).astype(np.int64)
        total = _dense(counts @ unweighed @ counts.T)
        name_count = np.asarray(has.sum(1)).ravel()
        is_forbidden = _dense(has @ related @ has.T) < name_count[:, None] * name_count[None, :]
        for x, y, weighed, without_evidence in parts:
            more = _whole_units(weighed) - _whole_units(without_evidence)
            np.add.at(total, (at[x], at[y]), more)
            np.add.at(total, (at[y], at[x]), more)
        for a, others in self._cannot_link.items():
            for b in others:
                is_forbidden[at[a], at[b]] = is_forbidden[at[b], at[a]] = True
        account = np.array([min(self._accounts.get(h, ()), default=-1) for h in heads.tolist()])
        is_forbidden |= (account[:, None] >= 0) & (account[None, :] >= 0) & (account[:, None] != account[None, :])
        np.fill_diagonal(is_forbidden, True)
        size = np.bincount(at, minlength=k).astype(float)
        label = _average_linkage(total, is_forbidden, account, size, min_mean)
        self.group = heads[label[at]]


def _average_linkage(total: Ints, is_forbidden: Any, account: Ints, size: Floats, min_mean: float) -> Ints:
    """The label of each of k groups after average linkage. All arguments but the last are changed.

    ``total``: summed log odds of each two groups in whole units; ``size``: members of each group.
    """

    def means(a: int) -> Floats:
        return np.where(is_forbidden[a], -np.inf, np.round(total[a] / (size[a] * size * UNITS), DECIMALS))

    mean = np.where(is_forbidden, -np.inf, np.round(total / (size[:, None] * size * UNITS), DECIMALS))
    best = mean.max(1)
    label = np.arange(len(size))
    while True:
        a = int(best.argmax())
        if best[a] <= min_mean:
            return label
        b = int(mean[a].argmax())
        a, b = min(a, b), max(a, b)
        total[a] += total[b]
        total[:, a] += total[:, b]
        is_forbidden[a] |= is_forbidden[b]
        is_forbidden[:, a] |= is_forbidden[:, b]
        is_forbidden[b] = True
        is_forbidden[:, b] = True
        if account[a] < 0 <= account[b]:
            account[a] = account[b]
        size[a] += size[b]
        label[label == b] = a
        before = np.maximum(mean[:, a], mean[:, b])
        mean[a] = mean[:, a] = means(a)
        mean[b] = mean[:, b] = -np.inf
        best[a], best[b] = mean[a].max(), -np.inf
        lost_best = np.flatnonzero((before == best) & (mean[:, a] < best) & (best > -np.inf))
        best = np.maximum(best, mean[:, a])
        best[lost_best] = mean[lost_best].max(1)


def _whole_units(odds: Floats) -> Ints:
    """Log odds in whole units of 1 / ``UNITS``."""
    out: Ints = np.rint(odds * UNITS).astype(np.int64)
    return out


def _matrix(row: Ints, column: Ints, value: Ints, shape: tuple[int, int]) -> Any:
    """A matrix of sums of values, sparse if it has more than ``MAX_DENSE_NAMES`` columns."""
    if shape[1] > MAX_DENSE_NAMES:
        return sp.csr_matrix((value, (row, column)), shape=shape)
    out: Ints = np.zeros(shape, np.int64)
    np.add.at(out, (row, column), value)
    return out


def _dense(matrix: Any) -> Ints:
    out: Ints = matrix.toarray() if sp.issparse(matrix) else matrix
    return out
