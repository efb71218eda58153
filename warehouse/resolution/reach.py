"""What a change can touch: the names around some names, read from the engine by family keys.

A decision hangs on the pairs of its mention, on the pairs of what these connect it to (``Decision.component``), and of
each name on: how many groups of people bear it (so on all mentions of it and of its spellings), which names it may
stand for, and whether these exclude each other (``torn`` in the resolver).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable

from warehouse.resolution.frames import Engine
from warehouse.resolution.names import Blocks, family_keys, form_key, parse, relate, sought_keys

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
        if new:
            near = sorted(self.forms(self._near([self._text[form] for form in new])) | set(new))
            at = {form: k for k, form in enumerate(near)}
            blocks = Blocks()
            for form in near:
                blocks.add(parse(self._text[form]))
            for form in new:
                self._rules[form] = {}
            for one, other in zip(*(side.tolist() for side in blocks.pairs([at[form] for form in new])), strict=True):
                a, b = near[one], near[other]
                relation = relate(parse(self._text[a]), parse(self._text[b]))
                if relation:
                    for x, y in ((a, b), (b, a)):
                        if x in self._rules:
                            self._rules[x][y] = relation.rule
        return {form: self._rules[form] for form in forms}

    def _near(self, names: Iterable[str]) -> set[str]:
        """The names that one of these may be related to."""
        keys = sorted({key for name in names for key in sought_keys(parse(name))})
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
        return {*found.values("name_as_listed"), *(name for key in keys for name in self._unlisted.get(key, ()))}

    def _spellings(self, forms: Collection[str]) -> set[str]:
        """These forms and all that are the same name, one by way of another."""
        reached = set(forms)
        frontier = reached
        while frontier:
            related = self.related(frontier)
            frontier = {g for f in frontier for g, rule in related[f].items() if rule in ONE_NAME} - reached
            reached |= frontier
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
        names that they may be related to."""
        bearing = self._spellings(self.forms(names))
        related = self.related(bearing)
        beside = {g for f in bearing for g in related[f]} - bearing
        return self.names(bearing), self.names(beside)
