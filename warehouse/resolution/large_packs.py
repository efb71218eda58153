"""A pack with too many pairs for the memory: its pairs wait on disk, its components are clustered a few at a time.

All processes work on it together. Pairs of dense relations are read back from disk; all others are weighed again by
component, which is cheaper than storing them.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from warehouse.processes import spread
from warehouse.resolution.arrays import Flags, Ints, distinct
from warehouse.resolution.candidate_pairs import CandidatePairs
from warehouse.resolution.clustering import Clustering, Pack
from warehouse.resolution.evidence import EvidenceModel
from warehouse.resolution.name_relations import NameRelations
from warehouse.resolution.weighted_pairs import PairFile, Pairs


def cluster_large_pack(
    pack: Pack,
    name_relations: Ints,
    *,
    relations: NameRelations,
    candidates: CandidatePairs,
    evidence: EvidenceModel,
    clustering: Clustering,
    max_pairs: int,
    processes: int,
) -> None:
    """Cluster a pack whose pairs are those of ``name_relations``, and find the best pairs of its mentions.

    ``max_pairs``: pairs that all processes together hold in memory. A component with more is clustered by its strong
    pairs, with the others weighed batch by batch.
    """

    def weigh_relevant(part: Ints) -> Iterator[Pairs]:
        for batch in candidates.batches(part):
            pairs = evidence.weigh(batch)
            # Large components need strong pairs and those on one paper; dense relations are not weighed again.
            is_relevant = evidence.is_connected(pairs) | evidence.is_strong(pairs) | pairs.is_same_paper
            yield pairs.select(is_relevant | relations.is_dense[pairs.relation])

    with PairFile() as file, PairFile() as file_of_large:
        for pairs in candidates.spread(weigh_relevant, name_relations, processes):
            clustering.connect(pairs, pack)
            file.add(pairs)
        component = pack.joinable.labels()
        sparse = name_relations[~relations.is_dense[name_relations]]
        blocks = candidates.blocks_by_component(sparse, pack.mentions, component)
        load = np.bincount(blocks.component, blocks.size, len(pack.mentions))
        for pairs in file:
            _, inside = _dense_inside(pairs, pack, component, relations)
            load += np.bincount(inside, minlength=len(load))
        is_large = load > max_pairs
        #: The part in which each component is clustered; -1 for a large one.
        part_of = np.where(is_large, -1, np.cumsum(np.where(is_large, 0, load)) // max(1, max_pairs)).astype(np.int64)
        dense = _read_dense(file, pack, component, relations, ~is_large)
        dense = dense.select(np.argsort(part_of[component[pack.place[dense.i]]], kind="stable"))
        blocks = blocks.select(np.argsort(part_of[blocks.component], kind="stable"))
        part_of_dense, part_of_block = part_of[component[pack.place[dense.i]]], part_of[blocks.component]
        for pairs in file:
            one, other = component[pack.place[pairs.i]], component[pack.place[pairs.j]]
            is_relevant = evidence.is_strong(pairs) | pairs.is_same_paper | relations.is_dense[pairs.relation]
            at = np.flatnonzero((one == other) & is_large[one] & is_relevant)
            file_of_large.add(pairs.select(at), one[at])
        large = blocks.select(part_of_block < 0)

        def cluster(number: int) -> Iterator[tuple[Ints, Ints, Pairs]]:
            """Members, clusters and best pairs of a part; of large component c, if the number is -1 - c."""
            large_component = -1 - number
            if large_component >= 0:
                members = np.flatnonzero(component == large_component)
                own_blocks = large.select(large.component == large_component)
                clustering.cluster_large(large_component, file_of_large, own_blocks, pack, component)
            else:
                members = np.flatnonzero(part_of[component] == number)
                span = slice(*np.searchsorted(part_of_block, [number, number + 1]).tolist())
                pairs = Pairs.concatenated(
                    [
                        dense.select(slice(*np.searchsorted(part_of_dense, [number, number + 1]).tolist())),
                        *(evidence.weigh(batch) for batch in candidates.batches_of(blocks.select(span))),
                    ]
                )
                clustering.cluster(pairs, pack, component)
                clustering.find_best(pairs, pack)
            yield members, pack.cluster[members], pack.best.pairs.select(members)

        numbers = distinct(np.concatenate([part_of_dense, part_of_block[part_of_block >= 0]])).tolist()
        numbers += (-1 - np.flatnonzero(is_large)).tolist()
        sizes = [float(load[-1 - n] if n < 0 else max_pairs) for n in numbers]
        for members, label, best in spread(cluster, numbers, sizes, processes):
            pack.cluster[members] = label
            pack.best.pairs.replace(members, best)
        for pairs in file:
            clustering.find_best_apart(pairs, pack)


def _dense_inside(
    pairs: Pairs, pack: Pack, component: NDArray[np.int32], relations: NameRelations
) -> tuple[Ints, Ints]:
    """The pairs of dense relations with both ends in one component, and that component."""
    at = np.flatnonzero(relations.is_dense[pairs.relation])
    one, other = component[pack.place[pairs.i[at]]], component[pack.place[pairs.j[at]]]
    return at[one == other], one[one == other]


def _read_dense(
    file: PairFile, pack: Pack, component: NDArray[np.int32], relations: NameRelations, is_wanted: Flags
) -> Pairs:
    """The pairs of dense relations inside wanted components."""
    found = []
    for pairs in file:
        at, inside = _dense_inside(pairs, pack, component, relations)
        found.append(pairs.select(at[is_wanted[inside]]))
    return Pairs.concatenated(found)
