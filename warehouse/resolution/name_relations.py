"""Which distinct names may belong to one author, by which rule, and how likely that is by chance.

Here: names only. Not here: pairs of mentions (``candidate_pairs``) and what papers show (``evidence``).
"""

from __future__ import annotations

from array import array
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from warehouse.processes import spread
from warehouse.resolution.arrays import Flags, Floats, Ints, distinct, runs, slices_by_size
from warehouse.resolution.corpus import Coded
from warehouse.resolution.names import RULE_COST, Blocks, parse, relate
from warehouse.resolution.statistics import Statistics

#: The rules by which two names are related: all, those of one name in other spellings, those that another author of a
#: long list may fulfil by chance (turned and short names), and those by which a shorter name fits several longer names.
RULES = tuple(RULE_COST)
ONE_NAME_RULES = ("same", "spelling")
LOOSE_RULES = ("order", "initial", "short")
SHORTER_RULES = ("initial", "short", "middle", "dropped first", "second surname")
#: Pairs of names that a process compares at once.
NAMES_PER_PART = 10_000
#: Mentions whose papers are compared at once.
MAX_MENTIONS_AT_ONCE = 250_000


@dataclass
class NameForms:
    """The distinct names of a corpus, numbered in the order of their first mention, and the mentions of each.

    Names that differ in case, accents and marks only are one form. ``surname`` numbers the surname of a form;
    ``coauthor`` is its number among the co-author keys of the corpus, -1 where no paper lists it. The mentions of form
    f are ``by_form[start[f] : start[f] + count[f]]``. ``of_extra`` are the forms of the extra names of the corpus.
    """

    texts: list[str]
    surname: Ints
    coauthor: Ints
    of_mention: Ints
    of_extra: Ints
    by_form: Ints
    start: Ints
    count: Ints

    def mentions(self, form: int) -> Ints:
        """The mentions of a form."""
        return self.by_form[self.start[form] : self.start[form] + self.count[form]]


def read_forms(corpus: Coded) -> tuple[NameForms, Blocks]:
    """The name forms of a corpus, and their block keys."""
    first = np.full(len(corpus.names), len(corpus.name), np.int64)
    np.minimum.at(first, corpus.name, np.arange(len(corpus.name)))
    ids: dict[str, int] = {}
    texts: list[str] = []
    form_of = np.zeros(len(corpus.names), np.int64)
    coauthor, surname = array("q"), array("q")
    surnames: dict[str, int] = {}
    coauthors = {key: k for k, key in enumerate(corpus.coauthors.items)}
    blocks = Blocks()
    for k in np.argsort(first, kind="stable").tolist():
        keys = corpus.keys[k]
        at = form_of[k] = ids.setdefault(keys.form_key, len(ids))
        if at == len(texts):
            texts.append(corpus.names[k])
            coauthor.append(coauthors.get(keys.coauthor_key, -1))
            surname.append(surnames.setdefault(keys.coauthor_key.rpartition(" ")[2], len(surnames)))
            blocks.add(keys.families, keys.coauthor_key)
    of_mention = form_of[corpus.name]
    count = np.bincount(of_mention, minlength=len(texts))
    forms = NameForms(
        texts,
        np.array(surname, np.int64),
        np.array(coauthor, np.int64),
        of_mention,
        form_of[corpus.extra_name],
        np.argsort(of_mention, kind="stable"),
        np.cumsum(count) - count,
        count,
    )
    return forms, blocks


@dataclass
class NameRelations:
    """Related forms: ``form_a`` ≤ ``form_b``, ascending, and a form with itself where it has several mentions.

    ``rule`` indexes ``RULES``; ``cost`` is the log odds that the rule takes off; ``chance`` is the probability that the
    name of another person fits too. ``is_ambiguous``: one of the two is a short name that also fits a longer name which
    is incompatible with the other. ``pair_count``: pairs of mentions; ``is_dense``: too many of them to compare all.
    The relations of form f are those from ``start[f]`` to ``start[f + 1]``.
    """

    form_a: Ints
    form_b: Ints
    rule: NDArray[np.int8]
    cost: Floats
    chance: Floats
    is_ambiguous: Flags
    pair_count: Ints
    is_dense: Flags
    start: Ints

    def __len__(self) -> int:
        return len(self.form_a)

    def has_rule(self, *rules: str) -> Flags:
        """Which relations have one of these rules."""
        return _has_rule(self.rule, *rules)


def relate_forms(
    forms: NameForms, blocks: Blocks, corpus: Coded, statistics: Statistics, max_pairs: int, processes: int
) -> NameRelations:
    """The relations of all forms. A relation with more than ``max_pairs`` pairs of mentions is dense."""
    has_mentions = forms.count > 0
    one, other = blocks.pairs()
    is_near, several = has_mentions[one] | has_mentions[other], np.flatnonzero(forms.count > 1)
    one, other = np.concatenate([one[is_near], several]), np.concatenate([other[is_near], several])
    # By surname: the parsed names are in the cache of ``parse`` then.
    order = np.lexsort((other, one, forms.surname[one]))
    one, other = one[order], other[order]
    at, rule, cost, chance = _relate(forms, one, other, statistics, processes)
    one, other = one[at], other[at]
    is_apart = _share_a_paper(forms, corpus, one, other) & (one != other)
    fits = np.flatnonzero(~is_apart & (one != other) & _has_rule(rule, *SHORTER_RULES))
    kept = np.flatnonzero(~is_apart & has_mentions[one] & has_mentions[other])
    kept = kept[np.lexsort((other[kept], one[kept]))]
    form_a, form_b = one[kept], other[kept]
    pair_count = forms.count[form_a] * forms.count[form_b]
    return NameRelations(
        form_a,
        form_b,
        rule[kept],
        cost[kept],
        chance[kept],
        _are_ambiguous(forms, form_a, form_b, one[fits], other[fits], processes),
        pair_count,
        pair_count > max_pairs,
        np.searchsorted(form_a, np.arange(len(forms.texts) + 1)),
    )


def _has_rule(rule: NDArray[np.int8], *rules: str) -> Flags:
    return np.isin(rule, [RULES.index(name) for name in rules])


def _relate(
    forms: NameForms, one: Ints, other: Ints, statistics: Statistics, processes: int
) -> tuple[Ints, NDArray[np.int8], Floats, Floats]:
    """The pairs of forms that may be one person's: their indexes, and of each the rule, its cost and its chance."""

    def relate_part(start: int) -> Iterator[tuple[Ints, NDArray[np.int8], Floats, Floats]]:
        found = []
        part = slice(start, start + NAMES_PER_PART)
        for at, (a, b) in enumerate(zip(one[part].tolist(), other[part].tolist(), strict=True), start):
            relation = relate(parse(forms.texts[a]), parse(forms.texts[b]))
            if relation:
                found.append((at, RULES.index(relation.rule), relation.cost, statistics.chance(relation)))
        places, rules, costs, chances = zip(*found, strict=True) if found else ((), (), (), ())
        yield np.array(places, np.int64), np.array(rules, np.int8), np.array(costs, float), np.array(chances, float)

    starts = range(0, max(1, len(one)), NAMES_PER_PART)
    parts = spread(relate_part, starts, [1.0] * len(starts), processes)
    places, rules, costs, chances = zip(*parts, strict=True)
    return np.concatenate(places), np.concatenate(rules), np.concatenate(costs), np.concatenate(chances)


def _share_a_paper(forms: NameForms, corpus: Coded, a: Ints, b: Ints) -> Flags:
    """Whether two forms are on one paper: then they are two persons, on every paper."""
    found = np.zeros(len(a), bool)
    if not len(a):
        return found
    width = max(1, len(forms.texts))
    known = distinct(
        np.concatenate([corpus.paper * width + forms.of_mention, corpus.extra_paper * width + forms.of_extra])
    )
    few, many = forms.count[a], forms.count[b]
    rarer = np.where((few > 0) & ((few <= many) | (many == 0)), a, b)
    commoner = a + b - rarer
    for part in slices_by_size(forms.count[rarer], MAX_MENTIONS_AT_ONCE):
        size = forms.count[rarer[part]]
        mention = forms.by_form[runs(forms.start[rarer[part]], size)]
        wanted = corpus.paper[mention] * width + np.repeat(commoner[part], size)
        is_hit = known[np.minimum(np.searchsorted(known, wanted), len(known) - 1)] == wanted
        found[part.start + np.repeat(np.arange(len(size)), size)[is_hit]] = True
    return found


def _are_ambiguous(forms: NameForms, form_a: Ints, form_b: Ints, shorter: Ints, longer: Ints, processes: int) -> Flags:
    """Whether one name of a relation fits a third name that is incompatible with the other name.

    ``shorter`` and ``longer``: pairs of forms related by one of ``SHORTER_RULES``, in either order.
    """
    name, fit = np.concatenate([shorter, longer]), np.concatenate([longer, shorter])
    order = np.argsort(name, kind="stable")
    fit, start = fit[order], np.searchsorted(name[order], np.arange(len(forms.texts) + 1))

    def is_ambiguous(a: int, b: int) -> bool:
        return a != b and any(
            z != y and relate(parse(forms.texts[min(y, z)]), parse(forms.texts[max(y, z)])) is None
            for x, y in ((a, b), (b, a))
            for z in fit[start[x] : start[x + 1]].tolist()
        )

    def check_part(part: Ints) -> Iterator[tuple[Ints, Flags]]:
        pairs = zip(form_a[part].tolist(), form_b[part].tolist(), strict=True)
        yield part, np.fromiter((is_ambiguous(a, b) for a, b in pairs), bool, len(part))

    found = np.zeros(len(form_a), bool)
    # By surname, as most names that fit a name share its surname: the cache of ``parse`` holds them.
    order = np.argsort(forms.surname[form_a], kind="stable")
    shares = [order[start : start + NAMES_PER_PART] for start in range(0, len(order), NAMES_PER_PART)]
    for part, are_ambiguous in spread(check_part, shares, [1.0] * len(shares), processes):
        found[part] = are_ambiguous
    return found
