"""What a change can touch: the names around some names, read from the engine by family keys.

A decision hangs on the pairs of its mention, on the pairs of what these connect it to (``Decision.component``), and of
each name on: how many groups of people bear it (so on all mentions of it and of its spellings), which names it may
stand for, and whether these exclude each other (``torn`` in the resolver).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator

from warehouse.resolution.incremental.engine import Engine
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

#: Relations that are one name, written in different ways.
ONE_NAME = ("same", "spelling")
#: Relations in which a name may stand for several.
FITS = ("initial", "short", "middle", "dropped first", "second surname")
#: So many names that stand for themselves are asked whether they exclude another.
WITNESSES = 8


class Kin:
    """Names by form (``names.form_key``), and which forms are related, read as far as it was asked for."""

    def __init__(self, engine: Engine):
        self._engine = engine
        self._names: dict[str, set[str]] = defaultdict(set)
        self._text: dict[str, str] = {}
        self._rules: dict[str, dict[str, str]] = {}
        self._one_name: dict[str, set[str]] = {}
        self._unlisted: dict[str, set[str]] | None = None

    def _form(self, name: str) -> str:
        form = form_key(parse(name))
        self._names[form].add(name)
        self._text.setdefault(form, name)
        return form

    def forms(self, names: Iterable[str]) -> set[str]:
        """The forms of some names."""
        return {self._form(name) for name in names}

    def names(self, forms: Iterable[str]) -> set[str]:
        """All names of some forms, as far as `related` has read their families."""
        return {name for form in forms for name in self._names[form]}

    def related(self, forms: Collection[str]) -> dict[str, dict[str, str]]:
        """Of each form the others that may be the same person's, with the rule."""
        new = sorted(set(forms) - self._rules.keys())
        self._rules |= {form: {} for form in new}
        for a, b, rule in self._relations(new, self._near(new, sought_keys)):
            for x, y in ((a, b), (b, a)):
                if x in self._rules:
                    self._rules[x][y] = rule
        return {form: self._rules[form] for form in forms}

    def _relations(self, forms: Collection[str], near: Iterable[str]) -> Iterator[tuple[str, str, str]]:
        """Which of some forms are related to which of those near or to each other, with the rule."""
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

    def _near(self, forms: Collection[str], keys_of: Callable[[Name], Iterable[str]]) -> set[str]:
        """The forms of names that are found by the keys of these."""
        if not forms:
            return set()
        keys = sorted({key for form in forms for key in keys_of(parse(self._text[form]))})
        self._engine.give("wanted", ("family_key",), [(key,) for key in keys])
        found = self._engine.read(
            """
            select distinct name_as_listed from name_keys
            where
                family_key in (select family_key from wanted)
                and name_as_listed in (select compared_name from standing_names)
            """
        )
        if self._unlisted is None:
            # Names that are only read so: turned on the papers that they stand on.
            self._unlisted = defaultdict(set)
            rows = self._engine.read(
                """
                select compared_name from standing_names
                where compared_name not in (select name_as_listed from names)
                """
            )
            for name in rows.values("compared_name"):
                for key in family_keys(parse(name)):
                    self._unlisted[key].add(name)
        unlisted = (name for key in keys for name in self._unlisted.get(key, ()))
        return self.forms({*found.values("name_as_listed"), *unlisted})

    def _spellings(self, forms: Collection[str]) -> set[str]:
        """These forms and all that are the same name, one by way of another."""
        reached = frontier = set(forms)
        while frontier:
            new = sorted(frontier - self._one_name.keys())
            self._one_name |= {form: set() for form in new}
            # Such names have an exact key in common: no initial stands for another word.
            for a, b, rule in self._relations(new, self._near(new, lambda name: block_keys(name).exact)):
                if rule in ONE_NAME:
                    for x, y in ((a, b), (b, a)):
                        if x in self._one_name:
                            self._one_name[x].add(y)
            frontier = {g for f in frontier for g in self._one_name[f]} - reached
            reached = reached | frontier
        return reached

    def touched(self, changed: Iterable[str], volatile: Iterable[str]) -> set[str]:
        """The names whose pairs a change of all that some names have can alter: of the names, of their spellings, of
        names that become or cease to be torn; and the names that all these are related to. ``volatile``: those of
        them that were not there before, or are no more."""
        first = self.forms(changed)
        reached = self._spellings(first)
        fits = self.related(self.forms(volatile))
        fitting = {g for related in fits.values() for g, rule in related.items() if rule in FITS}
        reached |= self._maybe_torn(fitting - reached, first)
        related = self.related(reached)
        return self.names(reached | {g for f in reached for g in related[f]})

    def _maybe_torn(self, forms: set[str], changed: set[str]) -> set[str]:
        """Forms of which some relation may be torn now and was not, or the other way round.

        A relation is torn for good if its other end excludes a name that stays, and that the form may stand for. That
        holds for nearly every name that stands for many; names that this does not settle are taken as changed.
        """
        related = self.related(forms)
        witnesses = {
            form: [g for g, rule in sorted(related[form].items()) if rule in FITS and g not in changed][:WITNESSES]
            for form in forms
        }
        pairs = [
            (one, other, form, witness)
            for form, found in witnesses.items()
            for witness in found
            for one in self._names[form]
            for other in self._names[witness]
        ]
        together = self._side_by_side(pairs)
        return {
            form
            for form in forms
            if not all(
                any(w != g and (form, w) not in together and not self._may_be_one(g, w) for w in witnesses[form])
                for g in related[form]
                if g not in changed
            )
        }

    def _may_be_one(self, one: str, other: str) -> bool:
        return relate(parse(self._text[one]), parse(self._text[other])) is not None

    def _side_by_side(self, pairs: Collection[tuple[str, str, str, str]]) -> set[tuple[str, str]]:
        """The forms of those (name, name, form, form) that stand on one paper."""
        if not pairs:
            return set()
        self._engine.give("pairs", ("one", "other", "one_form", "other_form"), sorted(pairs))
        rows = self._engine.read(
            """
            with known as (
                select paper_id, compared_name from standing
                where compared_name in (select one from pairs union select other from pairs)
            )

            select distinct pairs.one_form, pairs.other_form
            from pairs
            inner join known as ones on pairs.one = ones.compared_name
            inner join known as others on pairs.other = others.compared_name and ones.paper_id = others.paper_id
            """
        )
        return set(zip(rows.values("one_form"), rows.values("other_form"), strict=True))

    def around(self, names: Iterable[str]) -> tuple[set[str], set[str]]:
        """What deciding about some names takes: the names whose mentions it takes (they and their spellings), and other
        names that tell whether those of them that are related to each other are torn."""
        forms = self.forms(names)
        bearing = self._spellings(forms)
        relations = list(self._relations(forms, ()))
        fits: dict[str, set[str]] = defaultdict(set)
        for a, b, rule in relations:
            if rule in FITS:
                fits[a].add(b)
                fits[b].add(a)
        pairs = self._not_torn([(a, b) for a, b, _ in relations], fits)
        # An initial may stand for thousands of names; nearly always some of them tell.
        some = self._some_it_fits({form for pair in pairs for form in pair})
        told = self._not_torn(pairs, some)
        beside = {g for found in some.values() for g in found}
        for related in self.related({form for pair in told for form in pair}).values():
            beside.update(related)
        return self.names(bearing), self.names(beside - bearing)

    def _not_torn(self, pairs: Collection[tuple[str, str]], fits: dict[str, set[str]]) -> list[tuple[str, str]]:
        """The pairs of related forms that these forms which they fit do not tell to be torn."""
        witnesses = {
            pair: [
                (x, z)
                for x, y in (pair, pair[::-1])
                for z in sorted(fits.get(x, ()))[:WITNESSES]
                if z != y and not self._may_be_one(z, y)
            ]
            for pair in pairs
        }
        together = self._side_by_side(
            {
                (one, other, x, z)
                for found in witnesses.values()
                for x, z in found
                for one in self._names[x]
                for other in self._names[z]
            }
        )
        return [pair for pair, found in witnesses.items() if together.issuperset(found)]

    def _some_it_fits(self, forms: Collection[str]) -> dict[str, set[str]]:
        """Of forms that hold an initial a few that it may stand for."""
        keys = {form: abbreviated_keys(parse(self._text[form])) for form in forms}
        wanted = sorted({key for some in keys.values() for key in some})
        self._engine.give("wanted", ("family_key",), [(key,) for key in wanted])
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
                    and name_as_listed in (select compared_name from standing_names)
            ) as placed
            where place <= {WITNESSES}
            """
        )
        names: dict[str, set[str]] = defaultdict(set)
        for key, name in zip(found.values("family_key"), found.values("name_as_listed"), strict=True):
            names[key].add(name)
        near = self.forms({name for some in names.values() for name in some})
        self._near(near, lambda name: block_keys(name).exact)  # all names of these forms
        fits: dict[str, set[str]] = {}
        for form in forms:
            some = self.forms({name for key in keys[form] for name in names[key]}) - {form}
            rules = ((g, relate(*(parse(self._text[f]) for f in sorted((form, g))))) for g in some)
            fits[form] = {g for g, relation in rules if relation and relation.rule in FITS}
        return fits
