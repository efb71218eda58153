"""Candidate pairs and the evidence model, on corpora small enough to compute by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest
from test_name_relations import relate

from warehouse.resolution.candidate_pairs import Batch, CandidatePairs
from warehouse.resolution.corpus import Coded
from warehouse.resolution.evidence import EvidenceModel
from warehouse.resolution.name_relations import NameRelations
from warehouse.resolution.parameters import Parameters
from warehouse.resolution.statistics import POPULATION, reference

FRIENDS = ["Quentin Abernathy", "Ottoline Vexley"]


def build(
    papers: list[list[str]], max_pairs: int = 1000, **parameters: float
) -> tuple[Coded, NameRelations, CandidatePairs, EvidenceModel]:
    corpus, forms, relations = relate(papers, max_pairs)
    model = EvidenceModel(corpus, forms, relations, reference(), Parameters(**parameters))  # type: ignore[arg-type]
    candidates = CandidatePairs(corpus, forms, relations, model.coauthors, max_common_papers=5)
    return corpus, relations, candidates, model


def pairs_of(candidates: CandidatePairs, relations: NameRelations) -> set[tuple[int, int]]:
    batches = candidates.batches(np.arange(len(relations)))
    return {(int(i), int(j)) for batch in batches for i, j in zip(batch.i, batch.j, strict=True)}


def test_each_pair_of_mentions_of_a_name_is_listed_once() -> None:
    _, relations, candidates, _ = build([["Wei Zhang"]] * 3)
    assert pairs_of(candidates, relations) == {(0, 1), (0, 2), (1, 2)}


def test_unaffected_mentions_have_no_pairs() -> None:
    corpus, relations, candidates, _ = build([["Wei Zhang"]] * 3)
    corpus.is_affected[0] = False
    assert pairs_of(candidates, relations) == {(1, 2)}


def test_a_dense_relation_lists_pairs_with_a_shared_coauthor_only() -> None:
    # The name itself is on three papers of each side, so it is common; Ottoline Vexley is on two.
    papers = [["Wei Zhang", "Ottoline Vexley"], ["Wei Zhang", "Ottoline Vexley"], ["Wei Zhang", "Ana Brito"]]
    corpus, relations, candidates, _ = build(papers, max_pairs=1)
    names = {number: corpus.names[corpus.name[number]] for number in range(len(corpus.name))}
    found = {pair for pair in pairs_of(candidates, relations) if names[pair[0]] == "Wei Zhang"}
    assert {(corpus.paper[i], corpus.paper[j]) for i, j in found} == {(0, 1)}


def test_the_prior_falls_with_the_expected_namesakes() -> None:
    _, relations, _, model = build([["Wei Zhang"]] * 2, max_prior=100.0, min_prior=-100.0)
    for groups in (1, 4):
        model.set_priors(np.array([0]), {0: groups})
        namesakes = POPULATION * relations.chance[0] * math.sqrt(groups)
        assert model.prior[0] == pytest.approx(-0.5 * math.log(namesakes) - relations.cost[0])


def test_groups_of_papers_without_a_shared_coauthor_are_counted() -> None:
    papers = [["Wei Zhang", *FRIENDS]] * 2 + [["Wei Zhang", "Igor Petrenko"]] * 2 + [["Wei Zhang", "Ana Brito"]]
    corpus, relations, candidates, model = build(papers)
    mentions = np.arange(len(corpus.name))
    groups = model.count_coauthor_groups(candidates, np.arange(len(relations)), mentions, mentions, processes=1)
    assert groups[0] == 2


def test_two_mentions_on_one_paper_or_with_two_accounts_cannot_be_linked() -> None:
    corpus, _, _, model = build([["Wei Zhang"], ["Wei Zhang"], ["Wei Zhang"]])
    corpus.account[:2] = [0, 1]
    pairs = model.weigh(Batch(np.array([0, 0]), np.array([1, 2]), np.array([0, 0])))
    assert pairs.is_cannot_link.tolist() == [True, False]
    corpus.paper[2] = corpus.paper[0]
    corpus.position[2] = 2
    assert model.weigh(Batch(np.array([0]), np.array([2]), np.array([0]))).is_cannot_link.tolist() == [True]


def test_shared_coauthors_are_evidence_and_none_is_weak_evidence_against() -> None:
    corpus, _, _, model = build([["Wei Zhang", *FRIENDS], ["Wei Zhang", *FRIENDS], ["Wei Zhang", "Ana Brito"]])
    first = [int(np.flatnonzero((corpus.paper == paper) & (corpus.position == 1))[0]) for paper in range(3)]
    parts, shared = model.evidence(Batch(np.array([first[0]] * 2), np.array(first[1:]), np.array([0, 0])))
    assert shared.tolist() == [2, 0]
    assert parts["coauthors"][0] > 1 and parts["coauthors"][1] == -0.4


def test_an_ambiguous_initial_needs_more_than_shared_coauthors() -> None:
    _, relations, candidates, model = build(
        [["A. Vexley", "Quentin Abernathy"], ["Anna Vexley", "Quentin Abernathy"], ["Andrea Vexley"]]
    )
    batches = [model.weigh(batch) for batch in candidates.batches(np.arange(len(relations)))]
    ambiguous = [pairs.select(relations.is_ambiguous[pairs.relation]) for pairs in batches]
    assert sum(map(len, ambiguous)) == 2
    assert not any(model.is_joinable(pairs).any() for pairs in ambiguous)


def _weight(one: str, other: str, others: int, more: int, common: int = 2) -> float:
    """The log odds of shared co-authors between papers with so many further authors, ``common`` of them on both."""
    shared = [f"Given{n} Friend{n}" for n in range(common)]
    papers = [[one, *shared, *(f"Given{n} Left{n}" for n in range(others - common))]]
    papers += [[other, *shared, *(f"Given{n} Right{n}" for n in range(more - common))]]
    corpus, relations, _, model = build(papers, max_coauthors=1000.0)
    i, j = (int(np.flatnonzero((corpus.paper == paper) & (corpus.position == 1))[0]) for paper in range(2))
    forms = {int(corpus.name[i]), int(corpus.name[j])}
    at = next(
        k
        for k, pair in enumerate(zip(relations.form_a.tolist(), relations.form_b.tolist(), strict=True))
        if set(pair) == forms
    )
    parts, found = model.evidence(Batch(np.array([i]), np.array([j]), np.array([at])))
    assert found.tolist() == [common]
    return float(parts["coauthors"][0])


def test_a_shared_coauthor_of_two_long_lists_weighs_less_than_of_one() -> None:
    short, long, both = (_weight("Mei Lin", "Mei Lin", one, other) for one, other in ((9, 9), (9, 200), (200, 200)))
    assert short > long > both
    mean = reference().authors_a_paper
    assert short - long == pytest.approx(2 * (math.log(201 / mean) - math.log(max(10 / mean, 0.5))), abs=1e-6)
    assert long - both == pytest.approx(2 * math.log((201 - 2) / mean), abs=1e-6)


def test_lists_that_are_mostly_equal_keep_their_weight() -> None:
    assert _weight("Mei Lin", "Mei Lin", 200, 200, common=190) > 100


@pytest.mark.parametrize(
    ("one", "other"), [("Luo Yu", "Yu Luo"), ("Charles Yoon", "Y. Charles"), ("Jo Ek", "Joann Ek")]
)
def test_turned_and_short_names_lose_the_length_of_a_list_besides(one: str, other: str) -> None:
    same, loose = (_weight(name, other, 9, 200) for name in (other, one))
    mean = reference().authors_a_paper
    assert same - loose == pytest.approx(2 * math.log(201 / mean), abs=1e-6)
