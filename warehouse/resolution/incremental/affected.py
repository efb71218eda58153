"""The names whose decisions a change can affect, found through the family keys of names.

A decision depends on the pairs of its mention, on the pairs of all mentions of its component
(``Decision.component``), and on three facts about each name: how many co-author groups have it (so on all mentions of
the name and of its spellings), which longer names it fits, and whether these are incompatible (an ambiguous name).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator

from warehouse.resolution.incremental.engine import Engine
from warehouse.resolution.name_relations import ONE_NAME_RULES, SHORTER_RULES
from warehouse.resolution.names import (
    Blocks,
    Name,
    abbreviated_keys,
    block_keys,
    coauthor_key,
    family_keys,
    form_key,
    parse,
    relate,
    sought_keys,
)

#: Longer names that are checked for one that is incompatible with another.
MAX_WITNESSES = 8


class RelatedNames:
    """The forms of names (``names.form_key``) and which of them are related, read from the engine on demand.

    Reads the tables ``name_keys``, ``names``, ``current_mentions`` and ``current_names``.
    """

    def __init__(self, engine: Engine):
        self._engine = engine
        self._names: dict[str, set[str]] = defaultdict(set)
        self._text: dict[str, str] = {}
        self._rules: dict[str, dict[str, str]] = {}
        self._one_name: dict[str, set[str]] = {}
        self._unlisted: dict[str, set[str]] | None = None

    def affected_by(self, changed: Iterable[str], volatile: Iterable[str]) -> set[str]:
        """The names whose pairs can change when mentions of ``changed`` names change.

        These are the names, their spellings, names that become ambiguous or cease to be, and the names related to any
        of these. ``volatile``: the changed names that are new, or that no mention has any more.
        """
        first = self._forms(changed)
        affected = self._spellings(first)
        related_to_volatile = self._related(self._forms(volatile))
        fitting = {g for rules in related_to_volatile.values() for g, rule in rules.items() if rule in SHORTER_RULES}
        affected |= self._may_change_ambiguity(fitting - affected, first)
        related = self._related(affected)
        return self._names_of(affected | {g for form in affected for g in related[form]})

    def needed_for(self, names: Iterable[str]) -> tuple[set[str], set[str]]:
        """What a decision about some names needs: the names whose mentions count (they and their spellings), and extra
        names that show whether a relation between two of them is ambiguous."""
        forms = self._forms(names)
        counted = self._spellings(forms)
        relations = list(self._relations(forms, ()))
        fits: dict[str, set[str]] = defaultdict(set)
        for a, b, rule in relations:
            if rule in SHORTER_RULES:
                fits[a].add(b)
                fits[b].add(a)
        pairs = self._not_known_ambiguous([(a, b) for a, b, _ in relations], fits)
        # An initial may fit thousands of names; a few of them nearly always decide.
        some = self._some_that_fit({form for pair in pairs for form in pair})
        undecided = self._not_known_ambiguous(pairs, some)
        extra = {g for found in some.values() for g in found}
        for related in self._related({form for pair in undecided for form in pair}).values():
            extra.update(related)
        return self._names_of(counted), self._names_of(extra - counted)

    def _form(self, name: str) -> str:
        form = form_key(parse(name))
        self._names[form].add(name)
        self._text.setdefault(form, name)
        return form

    def _forms(self, names: Iterable[str]) -> set[str]:
        return {self._form(name) for name in names}

    def _names_of(self, forms: Iterable[str]) -> set[str]:
        """All names of some forms, as far as their families were read."""
        return {name for form in forms for name in self._names[form]}

    def _related(self, forms: Collection[str]) -> dict[str, dict[str, str]]:
        """Form → the other forms that may be the same person's, with the rule."""
        new = sorted(set(forms) - self._rules.keys())
        self._rules |= {form: {} for form in new}
        for a, b, rule in self._relations(new, self._read_near(new, sought_keys)):
            for x, y in ((a, b), (b, a)):
                if x in self._rules:
                    self._rules[x][y] = rule
        return {form: self._rules[form] for form in forms}

    def _relations(self, forms: Collection[str], near: Iterable[str]) -> Iterator[tuple[str, str, str]]:
        """The relations of some forms with each other and with those near, with the rule."""
        texts = sorted({*forms, *near})
        at = {form: k for k, form in enumerate(texts)}
        blocks = Blocks()
        for form in texts:
            name = parse(self._text[form])
            blocks.add(family_keys(name), coauthor_key(name))
        for one, other in zip(*(side.tolist() for side in blocks.pairs([at[form] for form in forms])), strict=True):
            a, b = texts[one], texts[other]
            relation = relate(parse(self._text[a]), parse(self._text[b]))
            if relation:
                yield a, b, relation.rule

    def _read_near(self, forms: Collection[str], keys_of: Callable[[Name], Iterable[str]]) -> set[str]:
        """The forms of current names that have one of these family keys."""
        if not forms:
            return set()
        keys = sorted({key for form in forms for key in keys_of(parse(self._text[form]))})
        self._engine.load("wanted", ("family_key",), [(key,) for key in keys])
        found = self._engine.read(
            """
            select distinct name_as_listed from name_keys
            where
                family_key in (select family_key from wanted)
                and name_as_listed in (select compared_name from current_names)
            """
        )
        if self._unlisted is None:
            # Names that no paper lists this way round: reordered names of papers that list surnames first.
            self._unlisted = defaultdict(set)
            rows = self._engine.read(
                """
                select compared_name from current_names
                where compared_name not in (select name_as_listed from names)
                """
            )
            for name in rows.values("compared_name"):
                for key in family_keys(parse(name)):
                    self._unlisted[key].add(name)
        unlisted = (name for key in keys for name in self._unlisted.get(key, ()))
        return self._forms({*found.values("name_as_listed"), *unlisted})

    def _spellings(self, forms: Collection[str]) -> set[str]:
        """These forms and all spellings of the same names, directly or through other spellings."""
        reached = frontier = set(forms)
        while frontier:
            new = sorted(frontier - self._one_name.keys())
            self._one_name |= {form: set() for form in new}
            # Spellings of one name have an exact key in common: no initial is involved.
            for a, b, rule in self._relations(new, self._read_near(new, lambda name: block_keys(name).exact)):
                if rule in ONE_NAME_RULES:
                    for x, y in ((a, b), (b, a)):
                        if x in self._one_name:
                            self._one_name[x].add(y)
            frontier = {g for f in frontier for g in self._one_name[f]} - reached
            reached = reached | frontier
        return reached

    def _may_change_ambiguity(self, forms: set[str], changed: set[str]) -> set[str]:
        """The forms that may have become ambiguous, or ceased to be, in one of their relations.

        A relation stays ambiguous if its other end is incompatible with an unchanged name that the form fits. That
        holds for nearly every name that fits many; all other forms count as changed.
        """
        related = self._related(forms)
        witnesses = {
            form: [g for g, rule in sorted(related[form].items()) if rule in SHORTER_RULES and g not in changed][
                :MAX_WITNESSES
            ]
            for form in forms
        }
        on_one_paper = self._on_one_paper(
            [
                (one, other, form, witness)
                for form, found in witnesses.items()
                for witness in found
                for one in self._names[form]
                for other in self._names[witness]
            ]
        )
        return {
            form
            for form in forms
            if not all(
                any(
                    w != g and (form, w) not in on_one_paper and not self._are_compatible(g, w) for w in witnesses[form]
                )
                for g in related[form]
                if g not in changed
            )
        }

    def _are_compatible(self, one: str, other: str) -> bool:
        return relate(parse(self._text[one]), parse(self._text[other])) is not None

    def _on_one_paper(self, pairs: Collection[tuple[str, str, str, str]]) -> set[tuple[str, str]]:
        """The forms of those (name, name, form, form) whose names are on one paper."""
        if not pairs:
            return set()
        self._engine.load("pairs", ("one", "other", "one_form", "other_form"), sorted(pairs))
        rows = self._engine.read(
            """
            with known as (
                select paper_id, compared_name from current_mentions
                where compared_name in (select one from pairs union select other from pairs)
            )

            select distinct pairs.one_form, pairs.other_form
            from pairs
            inner join known as ones on pairs.one = ones.compared_name
            inner join known as others on pairs.other = others.compared_name and ones.paper_id = others.paper_id
            """
        )
        return set(zip(rows.values("one_form"), rows.values("other_form"), strict=True))

    def _not_known_ambiguous(
        self, pairs: Collection[tuple[str, str]], fits: dict[str, set[str]]
    ) -> list[tuple[str, str]]:
        """The pairs of related forms that are not ambiguous by the forms that they fit (``fits``)."""
        witnesses = {
            pair: [
                (x, z)
                for x, y in (pair, pair[::-1])
                for z in sorted(fits.get(x, ()))[:MAX_WITNESSES]
                if z != y and not self._are_compatible(z, y)
            ]
            for pair in pairs
        }
        on_one_paper = self._on_one_paper(
            {
                (one, other, x, z)
                for found in witnesses.values()
                for x, z in found
                for one in self._names[x]
                for other in self._names[z]
            }
        )
        return [pair for pair, found in witnesses.items() if on_one_paper.issuperset(found)]

    def _some_that_fit(self, forms: Collection[str]) -> dict[str, set[str]]:
        """Form with an initial → a few longer names that it fits."""
        keys = {form: abbreviated_keys(parse(self._text[form])) for form in forms}
        wanted = sorted({key for some in keys.values() for key in some})
        self._engine.load("wanted", ("family_key",), [(key,) for key in wanted])
        found = self._engine.read(
            f"""
            select family_key, name_as_listed
            from (
                select
                    family_key,
                    name_as_listed,
                    row_number() over (partition by family_key order by name_as_listed desc nulls last) as place
                from name_keys
                where
                    family_key in (select family_key from wanted)
                    and name_as_listed in (select compared_name from current_names)
            ) as placed
            where place <= {MAX_WITNESSES}
            """
        )
        names: dict[str, set[str]] = defaultdict(set)
        for key, name in zip(found.values("family_key"), found.values("name_as_listed"), strict=True):
            names[key].add(name)
        near = self._forms({name for some in names.values() for name in some})
        self._read_near(near, lambda name: block_keys(name).exact)  # all names of these forms
        fits: dict[str, set[str]] = {}
        for form in forms:
            some = self._forms({name for key in keys[form] for name in names[key]}) - {form}
            rules = ((g, relate(*(parse(self._text[f]) for f in sorted((form, g))))) for g in some)
            fits[form] = {g for g, relation in rules if relation and relation.rule in SHORTER_RULES}
        return fits
