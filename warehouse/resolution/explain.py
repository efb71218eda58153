"""The explanation of a decision: its rule, its evidence, and the best pair that stayed apart."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np

from warehouse.processes import spread
from warehouse.resolution.arrays import Ints, first_with_same_label
from warehouse.resolution.candidate_pairs import Batch
from warehouse.resolution.clustering import Pack
from warehouse.resolution.corpus import Coded
from warehouse.resolution.evidence import EvidenceModel
from warehouse.resolution.name_relations import RULES, NameForms, NameRelations
from warehouse.resolution.parameters import Parameters
from warehouse.resolution.statistics import POPULATION
from warehouse.resolution.weighted_pairs import Pairs

Encoded = TypeVar("Encoded")

#: Decisions that become objects at once.
DECISIONS_AT_ONCE = 50_000
#: Shared co-authors that the evidence names.
MAX_NAMED_COAUTHORS = 3


@dataclass(frozen=True, slots=True)
class Decision:
    """The cluster of a mention. ``cluster`` is the first mention of its author; the evidence is that of its best pair.

    ``component`` is the first mention of its component: mentions connected by pairs that may join or are worth a
    review. A change that affects none of them, nor their names, changes none of their decisions.
    """

    mention_id: str
    cluster: str
    component: str
    rule: str
    evidence: dict[str, Any]
    #: The best pair that stayed apart, for review: the other mention, log odds, reason.
    near_mention_id: str | None = None
    near_log_odds: float | None = None
    near_reason: str | None = None


class Explanation:
    """Makes decisions of clustered packs."""

    def __init__(
        self,
        corpus: Coded,
        forms: NameForms,
        relations: NameRelations,
        evidence: EvidenceModel,
        parameters: Parameters,
    ):
        self._corpus = corpus
        self._forms = forms
        self._relations = relations
        self._evidence = evidence
        self._same_account = parameters.same_account

    def decide(self, pack: Pack, encode: Callable[[list[Decision]], Encoded], processes: int = 1) -> Iterator[Encoded]:
        """The decisions of the affected mentions of a pack, encoded, ``DECISIONS_AT_ONCE`` at a time."""
        mentions, corpus = pack.mentions, self._corpus
        affected = np.flatnonzero(corpus.is_affected[mentions] & (mentions < corpus.first_context))
        heads = mentions[first_with_same_label(pack.cluster, affected)]
        firsts = mentions[first_with_same_label(pack.connected.labels(), affected)]

        def decide_part(start: int) -> Iterator[Encoded]:
            part = slice(start, start + DECISIONS_AT_ONCE)
            yield encode(self._decisions(pack, affected[part], heads[part], firsts[part]))

        starts = range(0, len(affected), DECISIONS_AT_ONCE)
        yield from spread(decide_part, starts, [1.0] * len(starts), processes)

    def _decisions(self, pack: Pack, places: Ints, heads: Ints, firsts: Ints) -> list[Decision]:
        """The decisions of some places, whose clusters and components have these first mentions."""
        mentions = pack.mentions[places]
        best, apart = pack.best.pairs.select(places), pack.best_apart.pairs.select(places)
        at = np.flatnonzero(best.i >= 0)
        explained = dict(zip(at.tolist(), self._explain(best.select(at), mentions[at]), strict=True))
        others = np.where(apart.i < 0, mentions, apart.i + apart.j - mentions)
        ids = (self._corpus.ids_of(numbers) for numbers in (mentions, heads, firsts, others))
        columns = (column.tolist() for column in (apart.i, apart.j, apart.total))
        decisions = []
        for k, (mention, head, first, other, i, j, total) in enumerate(zip(*ids, *columns, strict=True)):
            rule, evidence = explained.get(k, ("alone", {}))
            near = (None, None, None) if i < 0 else (other, round(total, 2), self._reason_apart(i, j))
            decisions.append(Decision(mention, head, first, rule, evidence, *near))
        return decisions

    def _explain(self, pairs: Pairs, mentions: Ints) -> list[tuple[str, dict[str, Any]]]:
        """Rule and evidence of the best pair of each mention."""
        parts, shared = self._evidence.evidence(Batch(pairs.i, pairs.j, pairs.relation))
        kinds = list(parts)
        columns = np.stack(list(parts.values()), 1).round(2) if len(pairs.i) else np.zeros((0, len(kinds)))
        account = self._corpus.account
        has_same_account = (account[pairs.i] >= 0) & (account[pairs.i] == account[pairs.j])
        others = self._corpus.ids_of(pairs.i + pairs.j - mentions)
        rarest_by_papers: dict[tuple[int, int], list[int]] = {}
        out = []
        for k, (other, relation, row) in enumerate(zip(others, pairs.relation.tolist(), columns.tolist(), strict=True)):
            strongest = kinds[row.index(max(row))] if max(row) > 0 else None
            if has_same_account[k]:
                strongest = "account"
            evidence: dict[str, Any] = {
                "with": other,
                "log_odds": round(float(pairs.total[k]), 2),
                "prior": round(float(self._evidence.prior[relation]), 2),
                "namesakes": float(f"{POPULATION * self._relations.chance[relation]:.2g}"),
                **({"account": self._same_account} if has_same_account[k] else {}),
                **{kind: value for kind, value in zip(kinds, row, strict=True) if value},
            }
            if shared[k]:
                names = self._rarest_shared(int(pairs.i[k]), int(pairs.j[k]), rarest_by_papers)
                if names:
                    evidence["shared_coauthors"] = names
            rule = RULES[self._relations.rule[relation]]
            out.append((f"{rule} name" + (f" + {strongest}" if strongest else ""), evidence))
        return out

    def _rarest_shared(self, i: int, j: int, rarest_by_papers: dict[tuple[int, int], list[int]]) -> list[str]:
        """Co-authors on both papers, rarest names first, without the two mentions' own names."""
        coauthors = self._evidence.coauthors
        papers = int(self._corpus.paper[i]), int(self._corpus.paper[j])
        rarest = rarest_by_papers.get(papers)
        if rarest is None:
            matrix = coauthors.matrix
            one, other = (set(matrix.indices[matrix.indptr[k] : matrix.indptr[k + 1]].tolist()) for k in papers)
            both = sorted(one & other, key=lambda c: (-round(float(coauthors.weights[c]), 3), coauthors.items[c]))
            rarest = rarest_by_papers[papers] = both[: MAX_NAMED_COAUTHORS + 2]
        own = {int(self._forms.coauthor[self._forms.of_mention[mention]]) for mention in (i, j)}
        return [coauthors.items[c] for c in rarest if c not in own][:MAX_NAMED_COAUTHORS]

    def _reason_apart(self, i: int, j: int) -> str:
        one, other = self._corpus.account[i], self._corpus.account[j]
        return "two accounts" if one >= 0 and other >= 0 and one != other else "not enough on average"
