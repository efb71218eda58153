"""The members of one component on their way into persons."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
import scipy.sparse as sp

from warehouse.resolution.names import distinct
from warehouse.resolution.pairs import Floats, Ints

#: Log odds are rounded to this many digits, so that the order of a sum decides nothing.
DIGITS = 6
UNIT = 10**DIGITS
#: Groups of one component beyond which strong evidence alone joins: means would take memory by the square.
MOST_GROUPS = 4_000
#: Names of one component beyond which what is known of two of them is held as a sparse matrix.
MOST_NAMES = 50
#: Strong pairs that are looked at between two looks at who is together already.
STEP = 10_000


class Groups:
    """Members 0 to n - 1 in groups, at first each alone.

    ``kind``: the number of each member's name; ``related``: pairs of kinds that may be one person's, lower and upper
    kind alike, with the log odds of two mentions of which nothing else is known; ``account``: -1 where unknown;
    ``foes``: pairs of members that stand on one paper. Sums are of whole millionths: exact in any order.
    """

    def __init__(self, kind: Ints, account: Ints, related: tuple[Ints, Ints, Floats], foes: tuple[Ints, Ints]):
        self.kind = kind
        self.group = np.arange(len(kind))
        self._related = related
        self._kin: dict[int, set[int]] = {}
        for a, b in zip(related[0].tolist(), related[1].tolist(), strict=True):
            self._kin.setdefault(a, set()).add(b)
            self._kin.setdefault(b, set()).add(a)
        # What a group of one consists of is told by its member: there may be millions.
        self._members: dict[int, list[int]] = {}
        self._kinds: dict[int, set[int]] = {}
        self._accounts = {k: {int(account[k])} for k in np.flatnonzero(account >= 0).tolist()}
        self._foes: dict[int, set[int]] = {}
        for a, b in zip(foes[0].tolist(), foes[1].tolist(), strict=True):
            self._foes.setdefault(a, set()).add(b)
            self._foes.setdefault(b, set()).add(a)

    def _of(self, group: int) -> tuple[list[int], set[int]]:
        return self._members.get(group) or [group], self._kinds.get(group) or {int(self.kind[group])}

    def _exclude(self, a: int, b: int) -> bool:
        one, other = self._accounts.get(a), self._accounts.get(b)
        if one and other and one != other:
            return True
        (members_a, kinds_a), (members_b, kinds_b) = self._of(a), self._of(b)
        few, many = (members_a, b) if len(members_a) < len(members_b) else (members_b, a)
        none: set[int] = set()
        return not self._foes.get(many, none).isdisjoint(few) or not all(
            kinds_b <= self._kin.get(k, none) for k in kinds_a
        )

    def _join(self, one: int, other: int) -> None:
        """Put the groups of two members together unless they exclude each other."""
        a, b = sorted((int(self.group[one]), int(self.group[other])))
        if a == b or self._exclude(a, b):
            return
        (members_a, kinds_a), (members_b, kinds_b) = self._of(a), self._of(b)
        self.group[members_b] = a
        members_a += members_b
        self._members[a], self._kinds[a] = members_a, kinds_a | kinds_b
        self._members.pop(b, None), self._kinds.pop(b, None)
        for sets in (self._accounts, self._foes):
            if b in sets:
                sets[a] = sets.get(a, set()) | sets[b]

    def join_best_first(self, x: Ints, y: Ints, total: Floats) -> None:
        """Join the ends of these pairs, those with the highest log odds first."""
        order = np.lexsort((y, x, -total))
        for begin in range(0, len(order), STEP):
            part = order[begin : begin + STEP]
            part = part[self.group[x[part]] != self.group[y[part]]]
            for one, other in zip(x[part].tolist(), y[part].tolist(), strict=True):
                self._join(one, other)

    def count(self) -> int:
        """How many groups there are."""
        return len(distinct(self.group))

    def join_by_mean(self, parts: Iterable[tuple[Ints, Ints, Floats, Floats]], least: float) -> None:
        """Join the two groups with the highest mean log odds over ``least`` until none is left. ``parts``: the pairs
        that were looked at: two members, the log odds, and those of a pair of such names that was not looked at."""
        heads, at = np.unique(self.group, return_inverse=True)
        k, kinds = len(heads), int(self.kind.max()) + 1
        one, other, odds = self._related
        apart = one != other
        one, other = np.concatenate([one, other[apart]]), np.concatenate([other, one[apart]])
        unseen = _matrix(one, other, _exact(np.concatenate([odds, odds[apart]])), (kinds, kinds))
        related = _matrix(one, other, np.ones(len(one), np.int64), (kinds, kinds))
        counts = _matrix(at, self.kind, np.ones(len(at), np.int64), (k, kinds))
        has = (counts > 0).astype(np.int64)
        total = _dense(counts @ unseen @ counts.T)
        names = np.asarray(has.sum(1)).ravel()
        no = _dense(has @ related @ has.T) < names[:, None] * names[None, :]
        for x, y, seen, unlooked in parts:
            more = _exact(seen) - _exact(unlooked)
            np.add.at(total, (at[x], at[y]), more)
            np.add.at(total, (at[y], at[x]), more)
        for a, foes in self._foes.items():
            for b in foes:
                no[at[a], at[b]] = no[at[b], at[a]] = True
        account = np.array([min(self._accounts.get(h, ()), default=-1) for h in heads.tolist()])
        no |= (account[:, None] >= 0) & (account[None, :] >= 0) & (account[:, None] != account[None, :])
        np.fill_diagonal(no, True)
        size = np.bincount(at, minlength=k).astype(float)

        def means(a: int) -> Floats:
            return np.where(no[a], -np.inf, np.round(total[a] / (size[a] * size * UNIT), DIGITS))

        mean = np.where(no, -np.inf, np.round(total / (size[:, None] * size * UNIT), DIGITS))
        best = mean.max(1)
        label = np.arange(k)
        while True:
            a = int(best.argmax())
            if best[a] <= least:
                break
            b = int(mean[a].argmax())
            a, b = min(a, b), max(a, b)
            total[a] += total[b]
            total[:, a] += total[:, b]
            no[a] |= no[b]
            no[:, a] |= no[:, b]
            no[b] = True
            no[:, b] = True
            if account[a] < 0 <= account[b]:
                account[a] = account[b]
            size[a] += size[b]
            label[label == b] = a
            was = np.maximum(mean[:, a], mean[:, b])
            mean[a] = mean[:, a] = means(a)
            mean[b] = mean[:, b] = -np.inf
            best[a], best[b] = mean[a].max(), -np.inf
            again = np.flatnonzero((was == best) & (mean[:, a] < best) & (best > -np.inf))
            best = np.maximum(best, mean[:, a])
            best[again] = mean[again].max(1)
        self.group = heads[label[at]]


def _exact(odds: Floats) -> Ints:
    """Log odds in whole millionths."""
    out: Ints = np.rint(odds * UNIT).astype(np.int64)
    return out


def _matrix(row: Ints, column: Ints, value: Ints, shape: tuple[int, int]) -> Any:
    """Sums of values, sparse where it would be too large."""
    if shape[1] > MOST_NAMES:
        return sp.csr_matrix((value, (row, column)), shape=shape)
    out: Ints = np.zeros(shape, np.int64)
    np.add.at(out, (row, column), value)
    return out


def _dense(matrix: Any) -> Ints:
    out: Ints = matrix.toarray() if sp.issparse(matrix) else matrix
    return out
