"""The author resolver: mentions in, one cluster per mention out, with rule and evidence.

Names that may be one person's are related (``name_relations``), the pairs of their mentions listed
(``candidate_pairs``) and weighed (``evidence``), clustered (``clustering``), and each decision is explained
(``explain``). Related names go together into packs, which are independent of each other.

The parameters are the same for every set. The result depends on the mentions of related names and on the statistics,
not on the order of the input nor on mentions of other names.
"""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import numpy as np

from warehouse.processes import available, spread
from warehouse.resolution.arrays import Ints, components
from warehouse.resolution.candidate_pairs import CandidatePairs
from warehouse.resolution.clustering import Clustering, Pack
from warehouse.resolution.corpus import Coded, Corpus, coded
from warehouse.resolution.evidence import EvidenceModel
from warehouse.resolution.explain import Decision, Explanation
from warehouse.resolution.large_packs import cluster_large_pack
from warehouse.resolution.name_relations import NameForms, NameRelations, read_forms, relate_forms
from warehouse.resolution.parameters import Parameters
from warehouse.resolution.statistics import Statistics, reference
from warehouse.resolution.weighted_pairs import Pairs

__all__ = ["MAX_PAIRS", "Decision", "resolve", "resolve_coded"]

#: Pairs of mentions that all processes together hold in memory.
MAX_PAIRS = 2_000_000
#: Up to so many pairs in all, one process resolves everything.
MIN_PAIRS_TO_FORK = 200_000


def resolve(
    corpus: Corpus,
    statistics: Statistics | None = None,
    parameters: Parameters | None = None,
    processes: int | None = None,
) -> list[Decision]:
    """One decision per mention, in the order of the mention ids."""
    parts = resolve_coded(coded(corpus), statistics, parameters, processes=processes)
    return sorted((decision for part in parts for decision in part), key=lambda decision: decision.mention_id)


def resolve_coded(
    corpus: Coded,
    statistics: Statistics | None = None,
    parameters: Parameters | None = None,
    max_pairs: int = MAX_PAIRS,
    encode: Callable[[list[Decision]], Any] = lambda decisions: decisions,
    processes: int | None = None,
) -> Iterator[Any]:
    """The decisions of the affected mentions, some at a time, as ``encode`` returns them.

    ``encode`` runs in the process that made the decisions. ``max_pairs`` and ``processes`` (all cores, at most four)
    bound memory and time; they change no decision.
    """
    with _without_garbage_collection():
        known = statistics or reference()
        resolver = _Packs(corpus, known, parameters or Parameters(), max_pairs, encode, processes or available())
        del corpus  # its names' keys are not needed any more: hundreds of MB for millions of names
        yield from resolver.resolve()


@contextmanager
def _without_garbage_collection() -> Iterator[None]:
    """Disable the garbage collector: traversing millions of long-lived objects costs more than the resolution."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


class _Packs:
    """The mentions of a corpus in packs of related names, resolved in this process or in several."""

    def __init__(
        self,
        corpus: Coded,
        statistics: Statistics,
        parameters: Parameters,
        max_pairs: int,
        encode: Callable[[list[Decision]], Any],
        processes: int,
    ):
        self._corpus = corpus
        self._statistics = statistics
        self._parameters = parameters
        self._max_pairs = max_pairs
        self._encode = encode
        self._processes = processes

    def resolve(self) -> Iterator[Any]:
        """The encoded decisions of all packs, large packs first."""
        forms, blocks = read_forms(self._corpus)
        corpus = self._corpus = replace(self._corpus, keys=())
        parameters, processes = self._parameters, self._processes
        relations = relate_forms(forms, blocks, corpus, self._statistics, parameters.max_relation_pairs, processes)
        del blocks
        self._relations = relations
        self._evidence = EvidenceModel(corpus, forms, relations, self._statistics, parameters)
        self._candidates = CandidatePairs(
            corpus, forms, relations, self._evidence.coauthors, parameters.max_common_papers
        )
        self._clustering = Clustering(corpus, forms, relations, self._candidates, self._evidence, parameters)
        self._explanation = Explanation(corpus, forms, relations, self._evidence, parameters)
        self._place = np.zeros(len(forms.of_mention), np.int64)
        pair_count = int(relations.pair_count.sum())
        if pair_count <= MIN_PAIRS_TO_FORK:
            processes = self._processes = 1
        max_pairs = self._max_pairs = max(1, self._max_pairs // processes)
        # Packs are small enough that each process gets several.
        share = (pair_count + len(forms.of_mention)) // (4 * processes)
        packs = [
            pack
            for pack in _pack(relations, forms, max_pairs if processes == 1 else min(max_pairs, share))
            if corpus.is_affected[pack[1]].any()
        ]
        load = [int(relations.pair_count[numbers].sum()) for numbers, _ in packs]
        for pack, size in zip(packs, load, strict=True):
            if size > 2 * max_pairs:
                yield from self._resolve_large(*pack)
        small = [k for k, size in enumerate(load) if size <= 2 * max_pairs]
        # A mention without any pair costs time too.
        load = [load[k] + len(packs[k][1]) for k in small]
        yield from spread(lambda pack: self._resolve_small(*pack), [packs[k] for k in small], load, processes)

    def _resolve_small(self, relations: Ints, mentions: Ints) -> Iterator[Any]:
        """A pack whose pairs fit into the memory."""
        pack = self._start(relations, mentions, processes=1)
        pairs = Pairs.concatenated([self._evidence.weigh(batch) for batch in self._candidates.batches(relations)])
        self._clustering.connect(pairs, pack)
        self._clustering.cluster(pairs, pack, pack.joinable.labels())
        self._clustering.find_best(pairs, pack)
        self._clustering.find_best_apart(pairs, pack)
        yield from self._explanation.decide(pack, self._encode)

    def _resolve_large(self, relations: Ints, mentions: Ints) -> Iterator[Any]:
        """A pack with too many pairs for the memory, by all processes."""
        pack = self._start(relations, mentions, self._processes)
        cluster_large_pack(
            pack,
            relations,
            relations=self._relations,
            candidates=self._candidates,
            evidence=self._evidence,
            clustering=self._clustering,
            max_pairs=self._max_pairs,
            processes=self._processes,
        )
        yield from self._explanation.decide(pack, self._encode, self._processes)

    def _start(self, relations: Ints, mentions: Ints, processes: int) -> Pack:
        """A pack, after the priors of its relations are computed."""
        pack = Pack(mentions, self._place)
        groups = self._evidence.count_coauthor_groups(self._candidates, relations, mentions, self._place, processes)
        self._evidence.set_priors(relations, groups)
        return pack


def _pack(relations: NameRelations, forms: NameForms, max_pairs: int) -> Iterator[tuple[Ints, Ints]]:
    """The relations and mentions of connected names, in packs of about ``max_pairs`` pairs."""
    family = components(len(forms.texts), relations.form_a, relations.form_b)
    of_relation = family[relations.form_a] if len(relations) else np.zeros(0, np.int64)
    families = int(family.max()) + 1 if len(family) else 0
    pairs = np.bincount(of_relation, relations.pair_count, families)
    mentions = np.bincount(family, forms.count, families)
    load = np.cumsum(np.maximum(pairs, mentions))
    _, pack = np.unique((load // max(1, max_pairs)).astype(np.int64), return_inverse=True)
    packs = int(pack.max()) + 1 if families else 0
    relation_order = np.argsort(pack[of_relation], kind="stable") if len(of_relation) else of_relation
    relation_ends = np.cumsum(np.bincount(pack[of_relation], minlength=packs)) if families else np.zeros(0)
    of_mention = pack[family[forms.of_mention]]
    order = np.argsort(of_mention, kind="stable")
    ends = np.cumsum(np.bincount(of_mention, minlength=packs)) if families else np.zeros(0)
    start = relation_start = 0
    for end, relation_end in zip(ends.tolist(), relation_ends.tolist(), strict=True):
        yield relation_order[relation_start:relation_end].astype(np.int64), order[start:end].astype(np.int64)
        start, relation_start = end, relation_end
