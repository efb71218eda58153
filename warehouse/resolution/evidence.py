"""The evidence model: the log odds that two mentions are one author.

A pair scores prior(names) + evidence(papers):

* prior: how rare the shared name tokens are (a chance namesake), less for a name with several groups of co-authors
  without a link between them (such a name is more than one person's);
* evidence: shared co-authors, else the places in the author lists; organization, venue, words of title and keywords,
  years apart.

Two mentions with other accounts, or on one paper, can't be linked.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from warehouse.resolution.arrays import ConnectedPlaces, Flags, Floats, Ints, distinct, distinct_pairs
from warehouse.resolution.candidate_pairs import Batch, CandidatePairs
from warehouse.resolution.corpus import Coded
from warehouse.resolution.incidence import Incidence, Overlap, overlap_of, overlap_of_grid
from warehouse.resolution.name_relations import LOOSE_RULES, ONE_NAME_RULES, NameForms, NameRelations
from warehouse.resolution.parameters import Parameters
from warehouse.resolution.statistics import POPULATION, Statistics
from warehouse.resolution.weighted_pairs import Pairs

#: Log odds are rounded to so many decimals, so that the order of a sum decides nothing.
DECIMALS = 6
#: Log odds of one author row that a labelled set holds twice.
SAME_ROW = 50.0
#: An author list shorter than this share of the average counts as this long.
MIN_RELATIVE_SIZE = 0.5
#: Least log odds of any shared co-author.
MIN_SHARED_COAUTHORS = 0.5
#: A pair with a turned or a short name loses so many times the log of the longer author list, in average lists. Twice
#: keeps Katherine Cheung and Ka Chun Cheung apart, whose lists of 211 and 15 names share two.
LOOSE_NAMES = 2.0


class EvidenceModel:
    """The log odds of pairs of mentions. ``prior`` holds that of each name relation, once ``set_priors`` was called."""

    def __init__(
        self,
        corpus: Coded,
        forms: NameForms,
        relations: NameRelations,
        statistics: Statistics,
        parameters: Parameters,
    ):
        self._corpus = corpus
        self._forms = forms
        self._relations = relations
        self._parameters = parameters
        self._authors_a_paper = statistics.authors_a_paper
        self.coauthors = Incidence(
            corpus.coauthors, [statistics.coauthor_weight(key) for key in corpus.coauthors.items]
        )
        self._words = {
            kind: Incidence(sets, [statistics.words[kind].rarity(word) for word in sets.items])
            for kind, sets in (
                ("title", corpus.titles),
                ("keywords", corpus.keywords),
                ("organization", corpus.organizations),
            )
        }
        self._venue = Incidence(corpus.venues)
        self.prior: Floats = np.zeros(len(relations))
        self._is_loose = relations.has_rule(*LOOSE_RULES)
        is_initial = relations.has_rule("initial")
        needed = np.where(is_initial, parameters.min_ambiguous_initial, parameters.min_ambiguous)
        #: Log odds that a pair of each relation needs, NaN where the relation is not ambiguous.
        self._needed: Floats = np.where(relations.is_ambiguous, needed, np.nan)

    # -- prior ---------------------------------------------------------------------------------------------------------

    def count_coauthor_groups(
        self, candidates: CandidatePairs, relations: Ints, mentions: Ints, place: Ints, processes: int
    ) -> dict[int, int]:
        """Name form → groups of two papers or more that share no co-author with one another.

        ``place`` maps the mentions of these relations to 0 … len(mentions) - 1.
        """
        links = ConnectedPlaces(len(mentions))
        paper = self._corpus.paper

        def find_links(part: Ints) -> Iterator[tuple[Ints, Ints]]:
            for batch in candidates.batches(part, with_unaffected=True):
                shared, _ = self._shared_coauthors(batch, self._overlap(batch, paper)(self.coauthors))
                at = np.flatnonzero((shared > 0) & (paper[batch.i] != paper[batch.j]))
                yield place[batch.i[at]], place[batch.j[at]]

        one_name = relations[self._relations.has_rule(*ONE_NAME_RULES)[relations]]
        for i, j in candidates.spread(find_links, one_name, processes):
            links.add(i, j)
        component = links.labels().astype(np.int64)
        is_group = np.bincount(component, minlength=1)[component] > 1
        found = distinct(self._forms.of_mention[mentions[is_group]] * len(mentions) + component[is_group])
        forms, groups = np.unique(found // max(1, len(mentions)), return_counts=True)
        return dict(zip(forms.tolist(), groups.tolist(), strict=True))

    def set_priors(self, relations: Ints, group_counts: dict[int, int]) -> None:
        """Compute the prior of these relations: prior = -slope · ln(expected namesakes) - cost of the rule, bounded."""
        p, known = self._parameters, self._relations
        one, other = (
            np.array([group_counts.get(form, 1) for form in side[relations].tolist()], float)
            for side in (known.form_a, known.form_b)
        )
        namesakes = POPULATION * known.chance[relations] * np.maximum(one, other) ** p.group_power
        prior = -p.prior_slope * np.log(namesakes) - known.cost[relations]
        prior = np.where(known.is_ambiguous[relations], np.minimum(prior, p.max_ambiguous_prior), prior)
        self.prior[relations] = np.clip(prior, p.min_prior, p.max_prior)

    def without_evidence(self, relations: Ints) -> Floats:
        """The log odds of two mentions of related names that share nothing."""
        return self.prior[relations] + self._parameters.no_coauthor

    # -- evidence ------------------------------------------------------------------------------------------------------

    def weigh(self, batch: Batch) -> Pairs:
        """The log odds of each pair, and whether the two must stay apart."""
        corpus, i, j = self._corpus, batch.i, batch.j
        parts, _ = self.evidence(batch)
        total = sum(parts.values()) + self.prior[batch.relation]
        account_i, account_j = corpus.account[i], corpus.account[j]
        total = np.where((account_i >= 0) & (account_i == account_j), total + self._parameters.same_account, total)
        is_same_paper = corpus.paper[i] == corpus.paper[j]
        # A labelled set may hold one author row twice.
        is_same_row = is_same_paper & (corpus.position[i] == corpus.position[j])
        is_same_row &= self._forms.of_mention[i] == self._forms.of_mention[j]
        has_other_account = (account_i >= 0) & (account_j >= 0) & (account_i != account_j)
        is_cannot_link = (has_other_account | is_same_paper) & ~is_same_row
        odds: Floats = np.round(np.where(is_same_row, SAME_ROW, total), DECIMALS).astype(np.float64)
        return Pairs(i, j, batch.relation, odds, is_cannot_link, is_same_paper)

    def evidence(self, batch: Batch) -> tuple[dict[str, Floats], Ints]:
        """The log odds of each kind of evidence for each pair, and the number of shared co-authors."""
        p, corpus, coauthors = self._parameters, self._corpus, self.coauthors
        a, b = corpus.paper[batch.i], corpus.paper[batch.j]
        overlap = self._overlap(batch, corpus.paper)
        shared, weight = self._shared_coauthors(batch, overlap(coauthors))
        sharing = self._weigh_shared(weight, shared, coauthors.size[a], coauthors.size[b], batch.relation)
        has_coauthors = (coauthors.size[a] > 1) & (coauthors.size[b] > 1)
        years_apart = np.maximum(np.abs(corpus.year[a] - corpus.year[b]) - p.free_years, 0)
        venue, _ = overlap(self._venue)
        parts = {
            "coauthors": np.where(shared > 0, sharing, np.where(has_coauthors, p.no_coauthor, 0.0)),
            "role": self._role(batch.i, batch.j, shared),
            "title": self._text("title", overlap, a, b, p.text_scale, p.text_offset, p.min_text),
            "keywords": self._text("keywords", overlap, a, b, p.text_scale, p.text_offset, p.min_text),
            "organization": self._organization(batch),
            "venue": np.where(venue > 0, p.same_venue, 0.0),
            "years": np.where((corpus.year[a] > 0) & (corpus.year[b] > 0), p.year_slope * years_apart, 0.0),
        }
        return parts, shared

    def _overlap(self, batch: Batch, row: Ints) -> Overlap:
        """The overlap of the rows of both mentions of each pair; ``row[m]`` is the row of mention m (0 or more)."""
        if batch.grid:
            x, y, cells = batch.grid
            return overlap_of_grid(np.maximum(row[x], 0), np.maximum(row[y], 0), cells)
        # Two papers with thousands of authors are compared once, not once for each pair of their authors.
        return overlap_of(row[batch.i], row[batch.j])

    def _shared_coauthors(self, batch: Batch, of_papers: tuple[Ints, Floats]) -> tuple[Ints, Floats]:
        """The number and weight of co-authors on both papers of each pair, without the two names themselves.

        ``of_papers``: the overlap of the papers' author lists.
        """
        corpus, coauthors = self._corpus, self.coauthors
        a, b = corpus.paper[batch.i], corpus.paper[batch.j]
        count, weight = of_papers
        own_i, own_j = (self._forms.coauthor[self._forms.of_mention[side]] for side in (batch.i, batch.j))
        # A mention's own name is on its paper; it was counted where the other paper has it too.
        is_same = (own_i == own_j) & (own_i >= 0)
        count, weight = count - is_same, weight - is_same * coauthors.weights[np.maximum(own_i, 0)]
        for own, papers, is_counted in (
            (own_i, b, (own_i >= 0) & (own_i != own_j)),
            (own_j, a, (own_j >= 0) & (own_i != own_j)),
        ):
            at = np.flatnonzero(is_counted)
            rows, items, inverse = distinct_pairs(papers[at], own[at])
            is_listed = coauthors.contains(rows, items)[inverse]
            count[at] -= is_listed
            weight[at] -= is_listed * coauthors.weights[own[at]]
        return np.maximum(count, 0), weight

    def _weigh_shared(self, weight: Floats, shared: Ints, one: Ints, other: Ints, relation: Ints) -> Floats:
        """The log odds of ``shared`` co-authors of two author lists with ``one`` and ``other`` names.

        The chance of sharing a name by coincidence grows with the names of both lists: the log of each, in average
        lists, is taken off every shared co-author; of the shorter list, only names that are not shared count. A long
        list also has more names that another name may be turned, or short for: such pairs lose ``LOOSE_NAMES``, down to
        what no shared co-author is worth.
        """
        p = self._parameters
        longer = np.maximum(np.maximum(one, other) / self._authors_a_paper, MIN_RELATIVE_SIZE)
        unshared = np.maximum((np.minimum(one, other) - shared) / self._authors_a_paper, 1.0)
        odds = np.clip(weight - shared * (np.log(longer) + np.log(unshared)), MIN_SHARED_COAUTHORS, p.max_coauthors)
        loose: Floats = np.maximum(odds - LOOSE_NAMES * np.log(np.maximum(longer, 1.0)), p.no_coauthor)
        return np.where(self._is_loose[relation], loose, odds)

    def _role(self, i: Ints, j: Ints, shared: Ints) -> Floats:
        """The log odds of the places in the author lists, for pairs without a shared co-author.

        First authors write with the same few people, so a pair of early places without a shared co-author is evidence
        against one author. A person who is last on both papers leads several groups: evidence for it.
        """

        def relative_place(mention: Ints) -> tuple[Floats, Flags]:
            size = self.coauthors.size[self._corpus.paper[mention]]
            position = self._corpus.position[mention]
            return np.clip((position - 1) / np.maximum(size - 1, 1), 0.0, 1.0), (position > 0) & (size > 2)

        (one, is_known), (other, is_other_known) = relative_place(i), relative_place(j)
        is_evidence = is_known & is_other_known & (shared < 1)
        return np.where(is_evidence, self._parameters.role_scale * (2 * np.minimum(one, other) - 1), 0.0)

    def _organization(self, batch: Batch) -> Floats:
        p, organization = self._parameters, self._corpus.organization
        one, other = organization[batch.i], organization[batch.j]
        out = np.zeros(len(one))
        at = np.flatnonzero((one >= 0) & (other >= 0))
        if len(at):
            overlap = self._overlap(batch.select(at), organization)
            scale, offset, low = p.organization_scale, p.organization_offset, p.min_organization
            out[at] = self._text("organization", overlap, one[at], other[at], scale, offset, low)
        return out

    def _text(self, kind: str, overlap: Overlap, a: Ints, b: Ints, scale: float, offset: float, low: float) -> Floats:
        """scale · (summed rarity of the shared words) - offset, bounded; 0 where a text is unknown."""
        words = self._words[kind]
        _, rarity = overlap(words)
        is_known = (words.size[a] > 0) & (words.size[b] > 0)
        return np.where(is_known, np.clip(scale * rarity - offset, low, self._parameters.max_text), 0.0)

    # -- thresholds ----------------------------------------------------------------------------------------------------

    def is_joinable(self, pairs: Pairs) -> Flags:
        """Whether a pair may join two groups."""
        return (pairs.total > self._threshold(pairs, self._parameters.min_mean)) & ~pairs.is_cannot_link

    def is_connected(self, pairs: Pairs) -> Flags:
        """Whether a pair may join two groups, or is worth a review if it stays apart."""
        is_near = pairs.total > self._threshold(pairs, self._parameters.min_review)
        return self.is_joinable(pairs) | is_near & ~pairs.is_same_paper

    def is_strong(self, pairs: Pairs) -> Flags:
        """Whether a pair alone joins two groups."""
        return pairs.total >= self._parameters.strong

    def _threshold(self, pairs: Pairs, low: float) -> Floats:
        """The log odds that a pair needs: ``low``, or more where a name is ambiguous.

        With ``low`` alone, pairs of ambiguous names would chain most mentions of a large warehouse into one component.
        """
        needed = self._needed[pairs.relation]
        out: Floats = np.where(np.isnan(needed), low, needed)
        return out
