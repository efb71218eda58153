"""Clusters of mentions: strong pairs join first, best first; then groups by the mean log odds of their pairs.

Here: the components of one pack in memory, and one component that is too large for that. Not here: how a pack is cut
into components that fit (``large_packs``).
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from warehouse.resolution.arrays import ConnectedPlaces, Floats, Ints, distinct, runs
from warehouse.resolution.candidate_pairs import BlockPairs, CandidatePairs
from warehouse.resolution.cluster_groups import MAX_GROUPS, Groups
from warehouse.resolution.corpus import Coded
from warehouse.resolution.evidence import EvidenceModel
from warehouse.resolution.name_relations import NameForms, NameRelations
from warehouse.resolution.parameters import Parameters
from warehouse.resolution.weighted_pairs import BestPairs, PairFile, Pairs


class Pack:
    """Mentions of related names that are clustered together; each has a place from 0 to n - 1.

    ``place`` maps mentions to places; packs share the array, as no mention is in two of them.
    """

    def __init__(self, mentions: Ints, place: Ints):
        n = len(mentions)
        self.mentions = mentions
        self.place = place
        place[mentions] = np.arange(n)
        #: Components of joinable pairs, and of pairs that are joinable or worth a review.
        self.joinable, self.connected = ConnectedPlaces(n), ConnectedPlaces(n)
        #: The place of the first mention of the same cluster.
        self.cluster = np.arange(n)
        #: The best pair of each place within its cluster, and the best with another cluster.
        self.best, self.best_apart = BestPairs(n), BestPairs(n)


class Clustering:
    """Clusters the mentions of packs by weighed pairs."""

    def __init__(
        self,
        corpus: Coded,
        forms: NameForms,
        relations: NameRelations,
        candidates: CandidatePairs,
        evidence: EvidenceModel,
        parameters: Parameters,
    ):
        self._corpus = corpus
        self._forms = forms
        self._relations = relations
        self._candidates = candidates
        self._evidence = evidence
        self._min_mean = parameters.min_mean

    def connect(self, pairs: Pairs, pack: Pack) -> None:
        """Add pairs to the components of a pack."""
        i, j = pack.place[pairs.i], pack.place[pairs.j]
        for places, wanted in (
            (pack.joinable, self._evidence.is_joinable(pairs)),
            (pack.connected, self._evidence.is_connected(pairs)),
        ):
            places.add(i[wanted], j[wanted])

    def cluster(self, pairs: Pairs, pack: Pack, component: NDArray[np.int32]) -> None:
        """Cluster the members of the components whose pairs these are; ``component`` is that of each place."""
        i, j = pack.place[pairs.i], pack.place[pairs.j]
        is_joinable = self._evidence.is_joinable(pairs)
        inside = np.flatnonzero(component[i] == component[j])
        inside = inside[np.argsort(component[i[inside]], kind="stable")]
        cuts = np.flatnonzero(np.diff(component[i[inside]])) + 1
        for edges in np.split(inside, cuts):
            if len(edges) == 1 and is_joinable[edges[0]]:
                one, other = i[edges[0]], j[edges[0]]
                pack.cluster[max(one, other)] = min(one, other)
            elif len(edges) > 1:
                self._cluster_component(pairs.select(edges), pack)

    def _cluster_component(self, pairs: Pairs, pack: Pack) -> None:
        """Cluster one component by all of its pairs."""
        members = distinct(np.concatenate([pack.place[pairs.i], pack.place[pairs.j]]))
        k = len(members)
        is_complete = k <= MAX_GROUPS and len(pairs) == k * (k - 1) // 2
        if is_complete and (pairs.total > self._min_mean).all() and not pairs.is_cannot_link.any():
            pack.cluster[members] = members[0]
            return
        groups = self._join_strong(members, pairs, pack)
        if 1 < groups.count() <= MAX_GROUPS:
            groups.join_by_mean([self._weighed(pairs, members, pack)], self._min_mean)
        pack.cluster[members] = members[groups.group]

    def cluster_large(
        self, number: int, file: PairFile, blocks: BlockPairs, pack: Pack, component: NDArray[np.int32]
    ) -> None:
        """Cluster a component with too many pairs for the memory, and find the best pairs of its members.

        ``file`` holds its strong pairs, its pairs on one paper and those of dense relations, under ``number``.
        """
        members = np.flatnonzero(component == number)

        def all_pairs() -> Iterator[Pairs]:
            for batch in self._candidates.batches_of(blocks):
                yield self._evidence.weigh(batch)
            for pairs in file.with_key(number):
                yield pairs.select(self._relations.is_dense[pairs.relation])

        strong = Pairs.concatenated(
            [p.select(self._evidence.is_strong(p) | p.is_same_paper) for p in file.with_key(number)]
        )
        groups = self._join_strong(members, strong, pack)
        has_means = 1 < groups.count() <= MAX_GROUPS
        if has_means:
            groups.join_by_mean((self._weighed(pairs, members, pack) for pairs in all_pairs()), self._min_mean)
        pack.cluster[members] = members[groups.group]
        # A member that joined by a strong pair has no better pair, unless that one is with a context mention.
        if has_means or (pack.mentions[members] >= self._corpus.first_context).any():
            for pairs in all_pairs():
                self.find_best(pairs, pack)
        else:
            self.find_best(strong, pack)

    def find_best(self, pairs: Pairs, pack: Pack) -> None:
        """Best pair of each mention within its cluster; context mentions are skipped."""
        i, j = pack.place[pairs.i], pack.place[pairs.j]
        at = np.flatnonzero((pack.cluster[i] == pack.cluster[j]) & self._has_no_context(pairs))
        pack.best.add(pairs.select(at), i[at], j[at])

    def find_best_apart(self, pairs: Pairs, pack: Pack) -> None:
        """Best pair of each mention with another cluster. Only connected pairs count: a run that resolves a part of the
        mentions weighs no others."""
        i, j = pack.place[pairs.i], pack.place[pairs.j]
        is_apart = (pack.cluster[i] != pack.cluster[j]) & ~pairs.is_same_paper & self._evidence.is_connected(pairs)
        at = np.flatnonzero(is_apart & self._has_no_context(pairs))
        pack.best_apart.add(pairs.select(at), i[at], j[at])

    def _has_no_context(self, pairs: Pairs) -> NDArray[np.bool_]:
        first = self._corpus.first_context
        return (pairs.i < first) & (pairs.j < first)

    def _join_strong(self, members: Ints, pairs: Pairs, pack: Pack) -> Groups:
        """The members of a component (places), with the ends of strong pairs joined."""
        mentions = pack.mentions[members]
        forms, name = np.unique(self._forms.of_mention[mentions], return_inverse=True)
        # The relations among these names.
        first = self._relations.start[forms]
        size = self._relations.start[forms + 1] - first
        relation = runs(first, size)
        other = np.minimum(np.searchsorted(forms, self._relations.form_b[relation]), len(forms) - 1)
        is_here = forms[other] == self._relations.form_b[relation]
        one = np.repeat(np.arange(len(forms)), size)[is_here]
        apart = pairs.select(pairs.is_same_paper & pairs.is_cannot_link)
        groups = Groups(
            name,
            self._corpus.account[mentions],
            (one, other[is_here], self._evidence.without_evidence(relation[is_here])),
            self._member_numbers(apart, members, pack),
        )
        strong = pairs.select(self._evidence.is_strong(pairs))
        groups.join_best_first(*self._member_numbers(strong, members, pack), strong.total)
        return groups

    def _member_numbers(self, pairs: Pairs, members: Ints, pack: Pack) -> tuple[Ints, Ints]:
        """The numbers of the ends of pairs among the members."""
        return np.searchsorted(members, pack.place[pairs.i]), np.searchsorted(members, pack.place[pairs.j])

    def _weighed(self, pairs: Pairs, members: Ints, pack: Pack) -> tuple[Ints, Ints, Floats, Floats]:
        """Pairs as ``Groups.join_by_mean`` reads them."""
        x, y = self._member_numbers(pairs, members, pack)
        return x, y, pairs.total, self._evidence.without_evidence(pairs.relation)
