"""Relations of names: rules, ambiguity, two names on one paper."""

from __future__ import annotations

import pytest

from warehouse.resolution.corpus import Coded, Corpus, Mention, Paper, coded
from warehouse.resolution.name_relations import RULES, NameForms, NameRelations, read_forms, relate_forms
from warehouse.resolution.statistics import reference


def relate(papers: list[list[str]], max_pairs: int = 1000) -> tuple[Coded, NameForms, NameRelations]:
    """The forms and relations of papers as lists of authors."""
    mentions = [
        Mention(f"p{k}#{i}", k, i, name) for k, names in enumerate(papers) for i, name in enumerate(names, start=1)
    ]
    corpus = coded(Corpus([Paper(tuple(names)) for names in papers], mentions))
    forms, blocks = read_forms(corpus)
    return corpus, forms, relate_forms(forms, blocks, corpus, reference(), max_pairs, processes=1)


def by_name(forms: NameForms, relations: NameRelations) -> dict[frozenset[str], tuple[str, bool]]:
    """Pair of names → rule and whether the relation is ambiguous."""
    return {
        frozenset((forms.texts[a], forms.texts[b])): (RULES[rule], bool(is_ambiguous))
        for a, b, rule, is_ambiguous in zip(
            relations.form_a, relations.form_b, relations.rule, relations.is_ambiguous, strict=True
        )
    }


def test_spellings_of_one_name_are_one_form() -> None:
    _, forms, _ = relate([["Zoë Vexley"], ["zoe vexley"], ["ZOE VEXLEY"]])
    assert len(forms.texts) == 1 and sorted(forms.mentions(0).tolist()) == [0, 1, 2]


def test_an_initial_is_related_to_the_names_that_it_fits() -> None:
    _, forms, relations = relate([["Anna Vexley"], ["A. Vexley"], ["Bruno Vexley"]])
    assert by_name(forms, relations) == {frozenset(("Anna Vexley", "A. Vexley")): ("initial", False)}


def test_an_initial_that_fits_two_incompatible_names_is_ambiguous() -> None:
    _, forms, relations = relate([["Anna Vexley"], ["A. Vexley"], ["Andrea Vexley"]])
    assert set(by_name(forms, relations).values()) == {("initial", True)}


def test_two_names_on_one_paper_are_not_related() -> None:
    _, forms, relations = relate([["Anna Vexley", "A. Vexley"]])
    assert by_name(forms, relations) == {}


@pytest.mark.parametrize(("max_pairs", "is_dense"), [(9, False), (8, True)])
def test_a_relation_with_more_pairs_than_allowed_is_dense(max_pairs: int, is_dense: bool) -> None:
    _, _, relations = relate([["Anna Vexley"]] * 3, max_pairs)
    assert relations.pair_count.tolist() == [9] and relations.is_dense.tolist() == [is_dense]
