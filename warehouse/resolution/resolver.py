"""The author resolver: mentions in, one person per mention out, with rule and evidence.

Log odds throughout. A pair of mentions scores prior(names) + evidence(papers):

* prior: how rare the shared name tokens are (a chance namesake), corrected by how many groups of co-authors without
  a link to each other the name has (such a name is more than one person's);
* evidence: shared co-authors, else the places in the author lists, organization, venue, words of title and
  keywords, years apart.

Strong pairs are joined first, best first; then groups whose pairs have positive log odds on average. A clash (both
claim other accounts, both stand on one paper, names that exclude each other) forbids a join.

The parameters are the same for every set. The result depends on the mentions of related names and on the statistics
given, not on the order of the input nor on mentions of other names.
"""

from __future__ import annotations

import gc
from array import array
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any, TypeVar

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from warehouse.processes import available, spread
from warehouse.resolution.corpus import Coded, Corpus, Sets, coded
from warehouse.resolution.groups import DIGITS, MOST_GROUPS, Groups
from warehouse.resolution.names import RULE_COST, Blocks, distinct, parse, relate, runs
from warehouse.resolution.pairs import Best, Flags, Floats, Ints, Links, Pairs, Spool, components, first_of, parts
from warehouse.resolution.statistics import POPULATION, Statistics, reference

Found = TypeVar("Found")

#: By which rule two names are related, and the rules by which one of them stands for several longer names.
RULES = tuple(RULE_COST)
SHORTER = ("initial", "short", "middle", "dropped first", "second surname")
#: Pairs of mentions that are held at once. Related names go together into packs of about so many.
PACK = 2_000_000
#: Pairs of mentions that are compared at once.
CHUNK = 250_000
#: Pairs of some mentions with others from which on what they share is a product of matrices, not looked up by the pair.
GRID = 4_000
#: Pairs of mentions from which on the work is shared among processes, and names that one of them compares at once.
FORKED = 200_000
RELATED = 10_000
#: Decisions that are made into objects at once.
DECISIONS = 50_000
#: Binary places of a weight.
STEPS = 32


@dataclass(frozen=True, slots=True)
class Params:
    """Log odds, measured once on the three sets of docs/normalization.md together."""

    prior_slope: float = 0.5  # the prior falls with ln(expected namesakes)
    prior_floor: float = -3.0
    prior_ceiling: float = 6.0
    torn_prior: float = -1.0  # ceiling when the shorter name fits persons that exclude each other
    group_power: float = 0.5  # namesakes grow with the number of unlinked co-author groups of the name
    coauthor_cap: float = 10.0
    coauthor_none: float = -0.4
    role_scale: float = 0.5  # half of what the labelled sets show: the roles of a person's papers are not independent
    text_scale: float = 0.4
    text_offset: float = 1.0
    text_none: float = -0.3
    text_cap: float = 5.0
    organization_scale: float = 0.55
    organization_offset: float = 2.0
    organization_none: float = -1.2
    venue_same: float = 3.5
    year_slope: float = -0.05
    year_free: int = 1
    strong: float = 5.0  # log odds from which one pair alone joins two groups
    torn_least: float = 9.0  # log odds that a pair needs whose shorter name fits persons that exclude each other
    torn_initial: float = 12.0  # the same of an initial: more than shared co-authors can give alone
    join: float = 0.0  # mean log odds from which two groups join
    account_same: float = 12.0
    near: float = 0.0  # log odds from which a pair that stayed apart is worth a person's look
    dense_limit: int = 300_000  # pairs of one name beyond which only pairs that share something rare are looked at
    usual: int = 400  # of so many papers of two names on, a shared co-author is nothing rare


@dataclass(frozen=True, slots=True)
class Decision:
    """Where a mention went. ``cluster`` is the first mention of its person; the evidence is that of its best pair.

    ``component`` is the first of the mentions that could at all be joined or come near to it, one by way of another:
    what changes none of them, nor a name of them, changes none of their decisions.
    """

    mention_id: str
    cluster: str
    component: str
    rule: str
    evidence: dict[str, Any]
    #: The best pair that stayed apart, for a person to look at: the other mention, log odds, why.
    near_mention_id: str | None = None
    near_log_odds: float | None = None
    near_reason: str | None = None


def _is_of(rule: NDArray[np.int8], *rules: str) -> Flags:
    """Where the rule of a relation is one of these."""
    return np.isin(rule, [RULES.index(name) for name in rules])


def _different(a: Ints, b: Ints) -> tuple[Ints, Ints, Ints]:
    """The different pairs of a[k] and b[k], numbers below 2^31, as two columns, and which of them each is."""
    pairs, back = np.unique(a << 31 | b, return_inverse=True)
    return pairs >> 31, pairs & (1 << 31) - 1, back


class _Incidence:
    """Which row (a paper, an organization) carries which items, with the weight of each item."""

    def __init__(self, sets: Sets, weights: Sequence[float] | None = None):
        self.items = sets.items
        self.size = np.diff(sets.ends)
        self.weights = np.ones(max(1, len(sets.items)))
        if weights is not None:
            # In steps that a float holds whole, so that sums are exact in any order.
            self.weights[: len(sets.items)] = np.round(np.asarray(weights) * 2.0**STEPS) / 2.0**STEPS
        shape = (len(sets.ends) - 1, max(1, len(sets.items)))
        self.matrix = sp.csr_matrix((np.ones(len(sets.columns)), sets.columns, sets.ends), shape=shape)

    def overlap(self, a: Ints, b: Ints) -> tuple[Ints, Floats]:
        """How many items rows a[k] and b[k] both carry, and the sum of their weights."""
        if not len(a) or not self.matrix.nnz:
            return np.zeros(len(a), np.int64), np.zeros(len(a))
        both = self.matrix[a].multiply(self.matrix[b]).tocsr()
        both.data = self.weights[both.indices]
        return np.diff(both.indptr).astype(np.int64), np.asarray(both.sum(1)).ravel()

    def products(self, x: Ints, y: Ints) -> tuple[Ints, Floats]:
        """The same of each row of x with each of y: two tables of len(x) rows and len(y) columns."""
        if not self.matrix.nnz:
            return np.zeros((len(x), len(y)), np.int64), np.zeros((len(x), len(y)))
        columns, ends = zip(*(self._columns(rows) for rows in (x, y)), strict=True)
        items, local = np.unique(np.concatenate(columns), return_inverse=True)
        shapes = ((len(rows), len(items)) for rows in (x, y))
        one, other = (
            sp.csr_matrix((np.ones(len(column)), column, end), shape=shape)
            for column, end, shape in zip(np.split(local, [len(columns[0])]), ends, shapes, strict=True)
        )
        turned = other.T.tocsr()
        count = (one @ turned).toarray()
        turned.data = np.repeat(self.weights[items], np.diff(turned.indptr))
        return count.astype(np.int64), (one @ turned).toarray()

    def _columns(self, rows: Ints) -> tuple[Ints, Ints]:
        """The items of some rows, one row after the other, and where each ends."""
        first = self.matrix.indptr[rows].astype(np.int64)
        size = self.matrix.indptr[rows + 1] - first
        return self.matrix.indices[runs(first, size)], np.concatenate([[0], np.cumsum(size)])

    def carries(self, rows: Ints, items: Ints) -> Ints:
        """1 where row rows[k] carries item items[k], else 0."""
        if not len(rows):
            return np.zeros(0, np.int64)
        one = sp.csr_matrix(
            (np.ones(len(items)), items, np.arange(len(items) + 1)), shape=(len(items), self.matrix.shape[1])
        )
        found: Ints = np.diff(self.matrix[rows].multiply(one).tocsr().indptr).astype(np.int64)
        return found


#: How many items of an incidence both sides of each pair carry, and the sum of their weights.
Overlap = Callable[[_Incidence], tuple[Ints, Floats]]


@contextmanager
def no_collection() -> Iterator[None]:
    """Millions of small, long-lived objects: looking for garbage among them costs more than the work itself."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


def resolve(
    corpus: Corpus,
    statistics: Statistics | None = None,
    params: Params | None = None,
    processes: int | None = None,
) -> list[Decision]:
    """One decision per mention, in the order of the mention ids."""
    packs = resolve_coded(coded(corpus), statistics, params, processes=processes)
    return sorted((d for pack in packs for d in pack), key=lambda d: d.mention_id)


def resolve_coded(
    corpus: Coded,
    statistics: Statistics | None = None,
    params: Params | None = None,
    pack: int = PACK,
    told: Callable[[list[Decision]], Any] = lambda decisions: decisions,
    processes: int | None = None,
) -> Iterator[Any]:
    """Decisions of the mentions that are asked for, some at a time, each time as ``told`` makes them where they fall.

    ``pack``: pairs of mentions that all processes together hold in memory at once; ``processes``: as many as there are
    cores, at most four. Neither decides anything.
    """
    with no_collection():
        known = statistics or reference()
        resolver = _Resolver(corpus, known, params or Params(), pack, told, processes or available())
        del corpus  # so that what the resolver lets go of is gone
        yield from resolver.run()


class _Pack:
    """Mentions whose names belong together, and what is found about each of them, at its place among them."""

    def __init__(self, mentions: Ints):
        n = len(mentions)
        self.mentions = mentions
        #: What may be joined; what may be or comes near to it.
        self.live, self.linked = Links(n), Links(n)
        #: The place of the first mention of the same person.
        self.label = np.arange(n)
        #: The best pair inside the person, the best that stayed apart.
        self.best, self.near = Best(n), Best(n)


@dataclass
class _Chunk:
    """Pairs of mentions that are compared at once, with the relation of their names. When these are pairs of each of
    some mentions with each of others, ``grid`` holds both and the places of the pairs in their table."""

    i: Ints
    j: Ints
    rel: Ints
    grid: tuple[Ints, Ints, Ints] | None = None

    def where(self, wanted: Ints) -> _Chunk:
        """Some of them. Of a table of which little is wanted the whole is not worth its computing."""
        grid = None
        if self.grid and len(wanted) * 4 > len(self.grid[0]) * len(self.grid[1]):
            grid = (*self.grid[:2], self.grid[2][wanted])
        return _Chunk(self.i[wanted], self.j[wanted], self.rel[wanted], grid)


@dataclass
class _Blocks:
    """Which mentions of related names stand in one component: the mentions ordered by name and component, and for two
    such blocks of them, begins, sizes, relation and component."""

    order: Ints
    starts: tuple[Ints, Ints]
    counts: tuple[Ints, Ints]
    rel: Ints
    component: Ints

    @property
    def size(self) -> Ints:
        """Pairs of each two blocks."""
        return self.counts[0] * self.counts[1]

    def where(self, wanted: Flags | Ints | slice) -> _Blocks:
        """Some of them."""
        one, other = ((side[0][wanted], side[1][wanted]) for side in (self.starts, self.counts))
        return _Blocks(self.order, one, other, self.rel[wanted], self.component[wanted])

    def chunks(self) -> Iterator[_Chunk]:
        """The pairs of their mentions, a bounded number at a time; blocks paired with themselves give each twice."""
        blocks = self.where(np.argsort(self.starts[0], kind="stable"))
        size, (first, second), (rows, columns) = blocks.size, blocks.starts, blocks.counts
        # All that the same mentions are paired with makes one table.
        table = np.cumsum(np.diff(first, prepend=-1) != 0) - 1
        cells, ends = np.bincount(table, size), np.cumsum(np.bincount(table))
        small = np.flatnonzero(cells[table] < GRID)
        for part in parts(size[small], CHUNK):
            at = small[part]
            n = size[at]
            place = runs(np.zeros(len(n), np.int64), n)
            width = np.repeat(columns[at], n)
            i = self.order[np.repeat(first[at], n) + place // width]
            j = self.order[np.repeat(second[at], n) + place % width]
            yield _Chunk(i, j, np.repeat(blocks.rel[at], n))
        for k in np.flatnonzero(cells >= GRID).tolist():
            begin = int(ends[k - 1]) if k else 0
            x = self.order[first[begin] : first[begin] + rows[begin]]
            for part in parts(size[begin : ends[k]], CHUNK):
                at = np.arange(begin, ends[k])[part]
                y = self.order[runs(second[at], columns[at])]
                rel = np.tile(np.repeat(blocks.rel[at], columns[at]), len(x))
                yield _Chunk(np.repeat(x, len(y)), np.tile(y, len(x)), rel, (x, y, np.arange(len(rel))))


class _Resolver:
    def __init__(
        self,
        corpus: Coded,
        statistics: Statistics,
        params: Params,
        pack: int,
        told: Callable[[list[Decision]], Any],
        processes: int,
    ):
        self.p = params
        self.statistics = statistics
        self.corpus = corpus
        self.pack = pack
        self.told = told
        self.processes = processes
        self.paper, self.position, self.account = corpus.paper, corpus.position, corpus.account
        self.organization, self.year = corpus.organization, corpus.year

    def run(self) -> Iterator[Any]:
        self._read_names()
        self._read_papers()
        self._relate()
        # What is done in a moment is not worth a process.
        if self.pairs_of.sum() <= FORKED:
            self.processes = 1
        self.pack = max(1, self.pack // self.processes)
        # A pack is held whole by its process: small enough that all have something to do.
        share = int(self.pairs_of.sum() + len(self.form)) // (4 * self.processes)
        found = self._packs(self.pack if self.processes == 1 else min(self.pack, share))
        packs = [(rels, mentions) for rels, mentions in found if self.corpus.is_asked[mentions].any()]
        load = [int(self.pairs_of[rels].sum()) for rels, _ in packs]
        for pack, size in zip(packs, load, strict=True):
            if size > 2 * self.pack:
                yield from self._resolve_large(*pack)
        small = [k for k, size in enumerate(load) if size <= 2 * self.pack]
        # Mentions without any pair have to be told of too.
        load = [load[k] + len(packs[k][1]) for k in small]
        yield from spread(lambda pack: self._resolve_pack(*pack), [packs[k] for k in small], load, self.processes)

    # -- names and papers ------------------------------------------------------------------

    def _read_names(self) -> None:
        """Distinct names become forms, numbered in the order of their first mention; mentions by form."""
        c = self.corpus
        first = np.full(len(c.names), len(c.name), np.int64)
        np.minimum.at(first, c.name, np.arange(len(c.name)))
        ids: dict[str, int] = {}
        self.forms: list[str] = []
        form_of = np.zeros(len(c.names), np.int64)
        own, surname = array("q"), array("q")
        surnames: dict[str, int] = {}
        coauthors = {key: k for k, key in enumerate(c.coauthors.items)}
        self.blocks = Blocks()
        for k in np.argsort(first, kind="stable").tolist():
            keys = c.keys[k]
            at = form_of[k] = ids.setdefault(keys.form_key, len(ids))
            if at == len(self.forms):
                self.forms.append(c.names[k])
                own.append(coauthors.get(keys.coauthor_key, -1))
                surname.append(surnames.setdefault(keys.coauthor_key.rpartition(" ")[2], len(surnames)))
                self.blocks.add(keys.families, keys.coauthor_key)
        self.corpus = replace(c, keys=())  # of millions of names hundreds of megabytes
        self.surname: Ints = np.array(surname, np.int64)
        #: The key of each form among those of co-authors, -1 where nobody has it.
        self.own: Ints = np.array(own, np.int64)
        self.form = form_of[self.corpus.name]
        self.form_beside = form_of[self.corpus.beside_name]
        self.by_form = np.argsort(self.form, kind="stable")
        self.count = np.bincount(self.form, minlength=len(self.forms))
        self.start = np.cumsum(self.count) - self.count
        #: Where a mention stands in its pack.
        self.place = np.zeros(len(self.form), np.int64)

    def _read_papers(self) -> None:
        co, c = self.corpus.coauthors, self.corpus
        self.coauthors = _Incidence(co, [self.statistics.coauthor_weight(key) for key in co.items])
        self.words = {
            kind: _Incidence(sets, [self.statistics.words[kind].rarity(word) for word in sets.items])
            for kind, sets in (("title", c.titles), ("keywords", c.keywords), ("organization", c.organizations))
        }
        self.venue = _Incidence(c.venues)

    # -- relations of names ----------------------------------------------------------------

    def _relate(self) -> None:
        """Which forms may be one person's, as arrays: two forms (the lower first), rule, cost, chance, torn."""
        has_mentions = self.count > 0
        one, other = self.blocks.pairs()
        del self.blocks
        near, many = has_mentions[one] | has_mentions[other], np.flatnonzero(self.count > 1)
        one, other = np.concatenate([one[near], many]), np.concatenate([other[near], many])
        # By surname: names that were taken apart a moment ago are at hand still.
        order = np.lexsort((other, one, self.surname[one]))
        one, other = one[order], other[order]
        at, rule, cost, chance = self._related(one, other)
        one, other = one[at], other[at]
        is_apart = self._stand_side_by_side(one, other) & (one != other)
        fits = np.flatnonzero(~is_apart & (one != other) & _is_of(rule, *SHORTER))
        kept = np.flatnonzero(~is_apart & has_mentions[one] & has_mentions[other])
        kept = kept[np.lexsort((other[kept], one[kept]))]
        self.rel_a, self.rel_b = one[kept], other[kept]
        self.rule = rule[kept]
        self.is_one_name, self.is_initial = _is_of(self.rule, "same", "spelling"), _is_of(self.rule, "initial")
        self.cost, self.chance = cost[kept], chance[kept]
        self.torn = self._are_torn(one[fits], other[fits])
        #: Pairs of mentions of each relation.
        self.pairs_of = self.count[self.rel_a] * self.count[self.rel_b]
        self.is_dense = self.pairs_of > self.p.dense_limit
        self.rel_start = np.searchsorted(self.rel_a, np.arange(len(self.forms) + 1))
        self.prior = np.zeros(len(self.rel_a))

    def _related(self, one: Ints, other: Ints) -> tuple[Ints, NDArray[np.int8], Floats, Floats]:
        """Of pairs of forms those that may be one person's: which of them, by which rule of ``RULES``, its cost and
        chance."""

        def some(begin: int) -> Iterator[tuple[Ints, NDArray[np.int8], Floats, Floats]]:
            found = []
            part = slice(begin, begin + RELATED)
            for at, (a, b) in enumerate(zip(one[part].tolist(), other[part].tolist(), strict=True), begin):
                relation = relate(parse(self.forms[a]), parse(self.forms[b]))
                if relation:
                    chance = self.statistics.chance(relation)
                    found.append((at, RULES.index(relation.rule), relation.cost, chance))
            places, rules, costs, chances = zip(*found, strict=True) if found else ((), (), (), ())
            yield np.array(places, np.int64), np.array(rules, np.int8), np.array(costs, float), np.array(chances, float)

        begins = range(0, max(1, len(one)), RELATED)
        told = spread(some, begins, [1.0] * len(begins), self.processes)
        places, rules, costs, chances = zip(*told, strict=True)
        return np.concatenate(places), np.concatenate(rules), np.concatenate(costs), np.concatenate(chances)

    def _stand_side_by_side(self, a: Ints, b: Ints) -> Flags:
        """Whether two forms stand together on some paper: two persons, everywhere."""
        apart = np.zeros(len(a), bool)
        if not len(a):
            return apart
        width = max(1, len(self.forms))
        known = distinct(
            np.concatenate([self.paper * width + self.form, self.corpus.beside_paper * width + self.form_beside])
        )
        few, many = self.count[a], self.count[b]
        less = np.where((few > 0) & ((few <= many) | (many == 0)), a, b)
        more = a + b - less
        for part in parts(self.count[less], CHUNK):
            size = self.count[less[part]]
            mention = self.by_form[runs(self.start[less[part]], size)]
            wanted = self.paper[mention] * width + np.repeat(more[part], size)
            hit = known[np.minimum(np.searchsorted(known, wanted), len(known) - 1)] == wanted
            apart[part.start + np.repeat(np.arange(len(size)), size)[hit]] = True
        return apart

    def _are_torn(self, shorter: Ints, longer: Ints) -> Flags:
        """Of each relation, whether either of its names also fits a third one that excludes the other. ``shorter`` and
        ``longer``: two names each that fit, whichever is which."""
        name, fit = np.concatenate([shorter, longer]), np.concatenate([longer, shorter])
        order = np.argsort(name, kind="stable")
        fit, start = fit[order], np.searchsorted(name[order], np.arange(len(self.forms) + 1))

        def is_torn(a: int, b: int) -> bool:
            return a != b and any(
                z != y and relate(parse(self.forms[min(y, z)]), parse(self.forms[max(y, z)])) is None
                for x, y in ((a, b), (b, a))
                for z in fit[start[x] : start[x + 1]].tolist()
            )

        def some(part: Ints) -> Iterator[tuple[Ints, Flags]]:
            pairs = zip(self.rel_a[part].tolist(), self.rel_b[part].tolist(), strict=True)
            yield part, np.fromiter((is_torn(a, b) for a, b in pairs), bool, len(part))

        torn = np.zeros(len(self.rel_a), bool)
        # By surname again, as the names beside a name have its own mostly.
        order = np.argsort(self.surname[self.rel_a], kind="stable")
        shares = [order[begin : begin + RELATED] for begin in range(0, len(order), RELATED)]
        for part, are_torn in spread(some, shares, [1.0] * len(shares), self.processes):
            torn[part] = are_torn
        return torn

    # -- packs: related names with their mentions ------------------------------------------

    def _packs(self, size: int) -> Iterator[tuple[Ints, Ints]]:
        """Relations and mentions of names that belong together, in packs of about so many pairs."""
        family = components(len(self.forms), self.rel_a, self.rel_b)
        of_rel = family[self.rel_a] if len(self.rel_a) else np.zeros(0, np.int64)
        families = int(family.max()) + 1 if len(family) else 0
        pairs = np.bincount(of_rel, self.pairs_of, families)
        mentions = np.bincount(family, self.count, families)
        load = np.cumsum(np.maximum(pairs, mentions))
        pack = (load // max(1, size)).astype(np.int64)
        _, pack = np.unique(pack, return_inverse=True)
        rel_order = np.argsort(pack[of_rel], kind="stable") if len(of_rel) else of_rel
        rel_ends = np.cumsum(np.bincount(pack[of_rel], minlength=int(pack.max()) + 1)) if families else np.zeros(0)
        of_mention = pack[family[self.form]]
        order = np.argsort(of_mention, kind="stable")
        ends = np.cumsum(np.bincount(of_mention, minlength=int(pack.max()) + 1)) if families else np.zeros(0)
        begin = rel_begin = 0
        for end, rel_end in zip(ends.tolist(), rel_ends.tolist(), strict=True):
            yield rel_order[rel_begin:rel_end].astype(np.int64), order[begin:end].astype(np.int64)
            begin, rel_begin = end, rel_end

    def _resolve_pack(self, rels: Ints, mentions: Ints) -> Iterator[Any]:
        pack = self._begun(rels, mentions)
        pairs = Pairs.joined([self._weigh(chunk) for chunk in self._chunks(rels)])
        self._link(pairs, pack)
        self._cluster(pairs, pack, pack.live.labels())
        self._tell_best(pairs, pack)
        self._tell_near(pairs, pack)
        yield from self._decide(pack)

    def _begun(self, rels: Ints, mentions: Ints, processes: int = 1) -> _Pack:
        """A pack whose names are weighed."""
        self.place[mentions] = np.arange(len(mentions))
        self._count_groups(rels, mentions, processes)
        self._weigh_names(rels)
        return _Pack(mentions)

    def _resolve_large(self, rels: Ints, mentions: Ints) -> Iterator[Any]:
        """A pack with too many pairs to hold, by all processes. The pairs that bear on a decision wait on disk; the
        components that they make are held a few at a time, and of one that is too large for that its strong pairs."""
        pack = self._begun(rels, mentions, self.processes)

        def bearing(part: Ints) -> Iterator[Pairs]:
            for chunk in self._chunks(part):
                pairs = self._weigh(chunk)
                # Strong pairs and those on one paper are for the large components. Pairs of dense names are not found
                # again by component.
                kept = self._is_link(pairs) | (pairs.total >= self.p.strong) | pairs.same_paper
                yield pairs.where(kept | self.is_dense[pairs.rel])

        with Spool() as spool, Spool() as of_large:
            for pairs in self._spread(bearing, rels, self.processes):
                self._link(pairs, pack)
                spool.add(pairs)
            component = pack.live.labels()
            blocks = self._blocks(rels[~self.is_dense[rels]], pack, component)
            load = np.bincount(blocks.component, blocks.size, len(pack.mentions))
            for pairs in spool:
                load += np.bincount(self._of_dense(pairs, component)[1], minlength=len(load))
            is_large = load > self.pack
            #: Components by the part in which they are held; the large ones in none.
            part = np.where(is_large, -1, np.cumsum(np.where(is_large, 0, load)) // max(1, self.pack)).astype(np.int64)
            held = self._held(spool, component, ~is_large)
            held = held.where(np.argsort(part[component[self.place[held.i]]], kind="stable"))
            blocks = blocks.where(np.argsort(part[blocks.component], kind="stable"))
            of_held, of_blocks = part[component[self.place[held.i]]], part[blocks.component]
            for pairs in spool:
                one, other = component[self.place[pairs.i]], component[self.place[pairs.j]]
                bears = (pairs.total >= self.p.strong) | pairs.same_paper | self.is_dense[pairs.rel]
                at = np.flatnonzero((one == other) & is_large[one] & bears)
                of_large.add(pairs.where(at), one[at])
            large = blocks.where(of_blocks < 0)

            def cluster(number: int) -> Iterator[tuple[Ints, Ints, Pairs]]:
                """Of a part, or of a large component (-1 less its number): members, their persons, best pairs."""
                one = -1 - number
                if one >= 0:
                    members = np.flatnonzero(component == one)
                    self._cluster_large(one, of_large, large.where(large.component == one), pack, component)
                else:
                    members = np.flatnonzero(part[component] == number)
                    some = [
                        held.where(slice(*np.searchsorted(of_held, [number, number + 1]).tolist())),
                        *self._weighed(blocks.where(slice(*np.searchsorted(of_blocks, [number, number + 1]).tolist()))),
                    ]
                    pairs = Pairs.joined(some)
                    self._cluster(pairs, pack, component)
                    self._tell_best(pairs, pack)
                yield members, pack.label[members], pack.best.pairs.where(members)

            numbers = distinct(np.concatenate([of_held, of_blocks[of_blocks >= 0]])).tolist()
            numbers += (-1 - np.flatnonzero(is_large)).tolist()
            sizes = [float(load[-1 - n] if n < 0 else self.pack) for n in numbers]
            for members, label, best in spread(cluster, numbers, sizes, self.processes):
                pack.label[members] = label
                pack.best.pairs.put(members, best)
            for pairs in spool:
                self._tell_near(pairs, pack)
        yield from self._decide(pack, self.processes)

    def _spread(self, work: Callable[[Ints], Iterable[Found]], rels: Ints, processes: int) -> Iterator[Found]:
        """What some work finds among the pairs of relations, in processes that have about the same number of pairs."""
        size = self.pairs_of[rels]
        some = list(parts(size, max(CHUNK, int(size.sum()) // (16 * processes)))) if processes > 1 else [slice(None)]
        return spread(work, [rels[part] for part in some], [int(size[part].sum()) for part in some], processes)

    def _of_dense(self, pairs: Pairs, component: NDArray[np.int32]) -> tuple[Ints, Ints]:
        """Which of some pairs are of dense names and inside a component, and that component."""
        at = np.flatnonzero(self.is_dense[pairs.rel])
        one, other = component[self.place[pairs.i[at]]], component[self.place[pairs.j[at]]]
        return at[one == other], one[one == other]

    def _held(self, spool: Spool, component: NDArray[np.int32], is_wanted: Flags) -> Pairs:
        """The pairs of dense names inside wanted components."""
        found = []
        for pairs in spool:
            at, inside = self._of_dense(pairs, component)
            found.append(pairs.where(at[is_wanted[inside]]))
        return Pairs.joined(found)

    def _blocks(self, rels: Ints, pack: _Pack, component: NDArray[np.int32]) -> _Blocks:
        """The mentions that are asked for of any two related names, by component; of components of two and more."""
        is_alone = np.bincount(component)[component] < 2
        at = np.flatnonzero(~is_alone & self.corpus.is_asked[pack.mentions])
        width = int(component.max()) + 1
        code = self.form[pack.mentions[at]] * width + component[at]
        order = np.argsort(code, kind="stable")
        codes, start, count = np.unique(code[order], return_index=True, return_counts=True)
        form = codes // width
        a, b = self.rel_a[rels], self.rel_b[rels]
        first = np.searchsorted(form, a, "left")
        size = np.searchsorted(form, a, "right") - first
        one, rel = runs(first, size), np.repeat(rels, size)
        wanted = np.repeat(b, size) * width + codes[one] % width if len(codes) else one
        other = np.minimum(np.searchsorted(codes, wanted), len(codes) - 1)
        found = np.flatnonzero(codes[other] == wanted)
        one, other, rel = one[found], other[found], rel[found]
        told = (one != other) | (count[one] > 1)
        one, other, rel = one[told], other[told], rel[told]
        return _Blocks(
            pack.mentions[at[order]], (start[one], start[other]), (count[one], count[other]), rel, codes[one] % width
        )

    def _weighed(self, blocks: _Blocks) -> Iterator[Pairs]:
        for chunk in blocks.chunks():
            yield self._weigh(self._kept(chunk, False))

    def _link(self, pairs: Pairs, pack: _Pack) -> None:
        i, j = self.place[pairs.i], self.place[pairs.j]
        for links, wanted in ((pack.live, self._is_live(pairs)), (pack.linked, self._is_link(pairs))):
            links.add(i[wanted], j[wanted])

    def _tell_best(self, pairs: Pairs, pack: _Pack) -> None:
        """Pairs inside a person; bridges are no partners."""
        i, j = self.place[pairs.i], self.place[pairs.j]
        real = self.corpus.real
        at = np.flatnonzero((pack.label[i] == pack.label[j]) & (pairs.i < real) & (pairs.j < real))
        pack.best.add(pairs.where(at), i[at], j[at])

    def _tell_near(self, pairs: Pairs, pack: _Pack) -> None:
        """Pairs that stayed apart. What is no link is not looked for when only a part of the mentions is resolved, or
        all of them in parts."""
        i, j = self.place[pairs.i], self.place[pairs.j]
        real = self.corpus.real
        apart = (pack.label[i] != pack.label[j]) & ~pairs.same_paper & self._is_link(pairs)
        at = np.flatnonzero(apart & (pairs.i < real) & (pairs.j < real))
        pack.near.add(pairs.where(at), i[at], j[at])

    def _is_live(self, pairs: Pairs) -> Flags:
        """May be joined."""
        return (pairs.total > self._least(pairs, self.p.join)) & ~pairs.clash

    def _least(self, pairs: Pairs, least: float) -> Floats:
        """Log odds that a pair needs. A name that fits persons who exclude each other needs strong evidence: ties of
        such names would chain a great part of all mentions together as the warehouse grows."""
        torn = np.where(self.is_initial[pairs.rel], self.p.torn_initial, self.p.torn_least)
        needed: Floats = np.where(self.torn[pairs.rel], torn, least)
        return needed

    def _is_link(self, pairs: Pairs) -> Flags:
        """May be joined, or is worth a look when it is not."""
        return self._is_live(pairs) | (pairs.total > self._least(pairs, self.p.near)) & ~pairs.same_paper

    # -- pairs -----------------------------------------------------------------------------

    def _chunks(self, rels: Ints, is_any: bool = False) -> Iterator[_Chunk]:
        """Pairs of mentions of related names, a bounded number at a time; unless ``is_any``, both asked for."""
        is_dense = self.is_dense[rels]
        thin = rels[~is_dense]
        a, b = self.rel_a[thin], self.rel_b[thin]
        sides = (self.start[a], self.start[b]), (self.count[a], self.count[b])
        for chunk in _Blocks(self.by_form, *sides, thin, thin).chunks():
            yield self._kept(chunk, is_any)
        for k in rels[is_dense].tolist():
            for i, j in self._sharing(self._mentions(int(self.rel_a[k])), self._mentions(int(self.rel_b[k]))):
                yield self._kept(_Chunk(i, j, np.full(len(i), k)), is_any)

    def _mentions(self, form: int) -> Ints:
        return self.by_form[self.start[form] : self.start[form] + self.count[form]]

    def _kept(self, chunk: _Chunk, is_any: bool) -> _Chunk:
        keep = (self.rel_a[chunk.rel] != self.rel_b[chunk.rel]) | (chunk.i < chunk.j)
        if not is_any:
            keep &= self.corpus.is_asked[chunk.i] & self.corpus.is_asked[chunk.j]
        return chunk.where(np.flatnonzero(keep))

    def _sharing(self, x: Ints, y: Ints, rows: int = 500) -> Iterator[tuple[Ints, Ints]]:
        """Pairs that share a co-author who is not on hundreds of the name's papers, or the account, or the paper."""
        left, right = self.coauthors.matrix[self.paper[x]], self.coauthors.matrix[self.paper[y]]
        usual = np.asarray(left.sum(0) + right.sum(0)).ravel() <= self.p.usual
        usual &= np.asarray(left.sum(0)).ravel() > 0
        left, right = left[:, usual], right[:, usual].T.tocsr()
        more = [self._equal(x, y, column) for column in (self.account, self.paper)]
        extra = sp.csr_matrix(
            (np.ones(sum(len(i) for i, _ in more)), tuple(np.concatenate(side) for side in zip(*more, strict=True))),
            shape=(len(x), len(y)),
        )
        for begin in range(0, len(x), rows):
            hit = (left[begin : begin + rows] @ right + extra[begin : begin + rows]).tocoo()
            yield x[begin + hit.row], y[hit.col]

    @staticmethod
    def _equal(x: Ints, y: Ints, column: Ints) -> tuple[Ints, Ints]:
        """Places in x and y of mentions with the same known value."""
        order = np.argsort(column[y], kind="stable")
        values = column[y][order]
        low, high = np.searchsorted(values, column[x], "left"), np.searchsorted(values, column[x], "right")
        size = np.where(column[x] >= 0, high - low, 0)
        return np.repeat(np.arange(len(x)), size), order[runs(low, size)]

    # -- evidence --------------------------------------------------------------------------

    def _facing(self, chunk: _Chunk, row: Ints) -> Overlap:
        """What asks an incidence how many items both of each pair's mentions carry, and their weight; ``row``: by
        which row a mention stands there, never below 0 for one of the pairs."""
        if chunk.grid:
            x, y, at = chunk.grid
            rows, columns = np.maximum(row[x], 0), np.maximum(row[y], 0)

            def products(incidence: _Incidence) -> tuple[Ints, Floats]:
                count, weight = incidence.products(rows, columns)
                return count.ravel()[at], weight.ravel()[at]

            return products
        # Two papers of thousands of authors are compared once, not once for each author on both.
        one, other, back = _different(row[chunk.i], row[chunk.j])

        def overlap(incidence: _Incidence) -> tuple[Ints, Floats]:
            count, weight = incidence.overlap(one, other)
            return count[back], weight[back]

        return overlap

    def _shared_coauthors(self, chunk: _Chunk, of_papers: tuple[Ints, Floats]) -> tuple[Ints, Floats]:
        """How many co-authors both papers of each pair name, the two names themselves left out, and their weights."""
        a, b = self.paper[chunk.i], self.paper[chunk.j]
        count, weight = of_papers
        fa, fb = self.own[self.form[chunk.i]], self.own[self.form[chunk.j]]
        # A mention's own name stands on its paper; it is counted where the other paper has it too.
        same = (fa == fb) & (fa >= 0)
        count, weight = count - same, weight - same * self.coauthors.weights[np.maximum(fa, 0)]
        for own, papers, is_counted in ((fa, b, (fa >= 0) & (fa != fb)), (fb, a, (fb >= 0) & (fa != fb))):
            at = np.flatnonzero(is_counted)
            rows, items, back = _different(papers[at], own[at])
            both = self.coauthors.carries(rows, items)[back]
            count[at] -= both
            weight[at] -= both * self.coauthors.weights[own[at]]
        return np.maximum(count, 0), weight

    def _count_groups(self, rels: Ints, mentions: Ints, processes: int) -> None:
        """Per name: groups of two papers or more, linked by co-authors, that share nobody with one another."""
        links = Links(len(mentions))

        def linked(part: Ints) -> Iterator[tuple[Ints, Ints]]:
            for chunk in self._chunks(part, is_any=True):
                i, j = chunk.i, chunk.j
                shared, _ = self._shared_coauthors(chunk, self._facing(chunk, self.paper)(self.coauthors))
                at = np.flatnonzero((shared > 0) & (self.paper[i] != self.paper[j]))
                yield self.place[i[at]], self.place[j[at]]

        for i, j in self._spread(linked, rels[self.is_one_name[rels]], processes):
            links.add(i, j)
        component = links.labels().astype(np.int64)
        is_big = np.bincount(component, minlength=1)[component] > 1
        seen = distinct(self.form[mentions[is_big]] * len(mentions) + component[is_big])
        forms, groups = np.unique(seen // max(1, len(mentions)), return_counts=True)
        self.groups = dict(zip(forms.tolist(), groups.tolist(), strict=True))

    def _weigh_names(self, rels: Ints) -> None:
        """The prior of each relation of the pack, by its number."""
        p = self.p
        one, other = (
            np.array([self.groups.get(f, 1) for f in side[rels].tolist()], float) for side in (self.rel_a, self.rel_b)
        )
        namesakes = POPULATION * self.chance[rels] * np.maximum(one, other) ** p.group_power
        prior = -p.prior_slope * np.log(namesakes) - self.cost[rels]
        prior = np.where(self.torn[rels], np.minimum(prior, p.torn_prior), prior)
        self.prior[rels] = np.clip(prior, p.prior_floor, p.prior_ceiling)

    def _evidence(self, chunk: _Chunk) -> tuple[dict[str, Floats], Ints]:
        """What the papers of each pair tell, as log odds, and how many co-authors they share."""
        p, co = self.p, self.coauthors
        a, b = self.paper[chunk.i], self.paper[chunk.j]
        overlap = self._facing(chunk, self.paper)
        shared, weight = self._shared_coauthors(chunk, overlap(co))
        # A long author list shares names more easily.
        size = np.maximum(np.maximum(co.size[a], co.size[b]) / self.statistics.authors_a_paper, 0.5)
        weight = weight - shared * np.log(size)
        known = (co.size[a] > 1) & (co.size[b] > 1)
        apart = np.maximum(np.abs(self.year[a] - self.year[b]) - p.year_free, 0)
        venue, _ = overlap(self.venue)
        parts = {
            "coauthors": np.where(
                shared > 0, np.clip(weight, 0.5, p.coauthor_cap), np.where(known, p.coauthor_none, 0.0)
            ),
            "role": self._role(chunk.i, chunk.j, shared),
            "title": self._text("title", overlap, a, b, p.text_scale, p.text_offset, p.text_none),
            "keywords": self._text("keywords", overlap, a, b, p.text_scale, p.text_offset, p.text_none),
            "organization": self._organization(chunk),
            "venue": np.where(venue > 0, p.venue_same, 0.0),
            "years": np.where((self.year[a] > 0) & (self.year[b] > 0), p.year_slope * apart, 0.0),
        }
        return parts, shared

    def _role(self, i: Ints, j: Ints, shared: Ints) -> Floats:
        """Pairs without a shared co-author, by the earlier of both places in the author list. Who stands first is
        mostly at the beginning and writes with the same few people, so that nobody shared tells of another person;
        who stands last on both leads several groups."""

        def late(mention: Ints) -> tuple[Floats, Flags]:
            size = self.coauthors.size[self.paper[mention]]
            position = self.position[mention]
            return np.clip((position - 1) / np.maximum(size - 1, 1), 0.0, 1.0), (position > 0) & (size > 2)

        (one, is_placed), (other, is_placed_too) = late(i), late(j)
        is_told = is_placed & is_placed_too & (shared < 1)
        return np.where(is_told, self.p.role_scale * (2 * np.minimum(one, other) - 1), 0.0)

    def _organization(self, chunk: _Chunk) -> Floats:
        p, kind = self.p, "organization"
        one, other = self.organization[chunk.i], self.organization[chunk.j]
        out = np.zeros(len(one))
        at = np.flatnonzero((one >= 0) & (other >= 0))
        if len(at):
            overlap = self._facing(chunk.where(at), self.organization)
            out[at] = self._text(
                kind, overlap, one[at], other[at], p.organization_scale, p.organization_offset, p.organization_none
            )
        return out

    def _text(self, kind: str, overlap: Overlap, a: Ints, b: Ints, scale: float, offset: float, low: float) -> Floats:
        words = self.words[kind]
        _, raw = overlap(words)
        known = (words.size[a] > 0) & (words.size[b] > 0)
        return np.where(known, np.clip(scale * raw - offset, low, self.p.text_cap), 0.0)

    def _weigh(self, chunk: _Chunk) -> Pairs:
        """The log odds of each pair, and whether it can't be one person's."""
        i, j, rel = chunk.i, chunk.j, chunk.rel
        parts, _ = self._evidence(chunk)
        total = sum(parts.values()) + self.prior[rel]
        ai, aj = self.account[i], self.account[j]
        total = np.where((ai >= 0) & (ai == aj), total + self.p.account_same, total)
        same_paper = self.paper[i] == self.paper[j]
        # A benchmark may bring one author row twice.
        repeat = same_paper & (self.position[i] == self.position[j]) & (self.form[i] == self.form[j])
        clash = ((ai >= 0) & (aj >= 0) & (ai != aj) | same_paper) & ~repeat
        odds: Floats = np.round(np.where(repeat, 50.0, total), DIGITS).astype(np.float64)
        return Pairs(i, j, rel, odds, clash, same_paper)

    # -- clusters --------------------------------------------------------------------------

    def _cluster(self, pairs: Pairs, pack: _Pack, component: NDArray[np.int32]) -> None:
        """Label the members of the components that these pairs are all pairs of."""
        i, j = self.place[pairs.i], self.place[pairs.j]
        live = self._is_live(pairs)
        inside = np.flatnonzero(component[i] == component[j])
        inside = inside[np.argsort(component[i[inside]], kind="stable")]
        cuts = np.flatnonzero(np.diff(component[i[inside]])) + 1
        for edges in np.split(inside, cuts):
            if len(edges) == 1 and live[edges[0]]:
                one, other = i[edges[0]], j[edges[0]]
                pack.label[max(one, other)] = min(one, other)
            elif len(edges) > 1:
                self._cluster_component(pairs.where(edges), pack)

    def _cluster_component(self, pairs: Pairs, pack: _Pack) -> None:
        """Strong pairs first, best first; then groups whose pairs have log odds for being one on average, the best two
        first."""
        members = distinct(np.concatenate([self.place[pairs.i], self.place[pairs.j]]))
        k = len(members)
        is_complete = k <= MOST_GROUPS and len(pairs) == k * (k - 1) // 2
        if is_complete and (pairs.total > self.p.join).all() and not pairs.clash.any():
            pack.label[members] = members[0]
            return
        groups = self._groups(members, pairs, pack)
        if 1 < groups.count() <= MOST_GROUPS:
            groups.join_by_mean([self._seen(pairs, members)], self.p.join)
        pack.label[members] = members[groups.group]

    def _cluster_large(
        self, number: int, spool: Spool, blocks: _Blocks, pack: _Pack, component: NDArray[np.int32]
    ) -> None:
        """The same of a component with too many pairs to hold."""
        members = np.flatnonzero(component == number)

        def all_pairs() -> Iterator[Pairs]:
            yield from self._weighed(blocks)
            for pairs in spool.of(number):
                yield pairs.where(self.is_dense[pairs.rel])

        strong = Pairs.joined([p.where((p.total >= self.p.strong) | p.same_paper) for p in spool.of(number)])
        groups = self._groups(members, strong, pack)
        is_weighed = 1 < groups.count() <= MOST_GROUPS
        if is_weighed:
            groups.join_by_mean((self._seen(pairs, members) for pairs in all_pairs()), self.p.join)
        pack.label[members] = members[groups.group]
        # Who was joined by a strong pair has no better one, unless that leads to a bridge.
        if is_weighed or (pack.mentions[members] >= self.corpus.real).any():
            for pairs in all_pairs():
                self._tell_best(pairs, pack)
        else:
            self._tell_best(strong, pack)

    def _groups(self, members: Ints, pairs: Pairs, pack: _Pack) -> Groups:
        """The members of a component, those of strong pairs joined."""
        mentions = pack.mentions[members]
        forms, kind = np.unique(self.form[mentions], return_inverse=True)
        # The relations of these names to each other.
        first = self.rel_start[forms]
        size = self.rel_start[forms + 1] - first
        rel = runs(first, size)
        other = np.minimum(np.searchsorted(forms, self.rel_b[rel]), len(forms) - 1)
        here = forms[other] == self.rel_b[rel]
        one = np.repeat(np.arange(len(forms)), size)[here]
        foes = pairs.where(pairs.same_paper & pairs.clash)
        groups = Groups(
            kind,
            self.account[mentions],
            (one, other[here], self.prior[rel[here]] + self.p.coauthor_none),
            (self._members_at(members, foes.i), self._members_at(members, foes.j)),
        )
        strong = pairs.where(pairs.total >= self.p.strong)
        x, y = self._members_at(members, strong.i), self._members_at(members, strong.j)
        groups.join_best_first(x, y, strong.total)
        return groups

    def _members_at(self, members: Ints, mentions: Ints) -> Ints:
        return np.searchsorted(members, self.place[mentions])

    def _seen(self, pairs: Pairs, members: Ints) -> tuple[Ints, Ints, Floats, Floats]:
        """What groups are told of pairs that were looked at. Of others nothing is known but the names."""
        x, y = self._members_at(members, pairs.i), self._members_at(members, pairs.j)
        return x, y, pairs.total, self.prior[pairs.rel] + self.p.coauthor_none

    # -- answer ----------------------------------------------------------------------------

    def _decide(self, pack: _Pack, processes: int = 1) -> Iterator[Any]:
        mentions = pack.mentions
        asked = np.flatnonzero(self.corpus.is_asked[mentions] & (mentions < self.corpus.real))
        heads = mentions[first_of(pack.label, asked)]
        firsts = mentions[first_of(pack.linked.labels(), asked)]

        def some(begin: int) -> Iterator[Any]:
            part = slice(begin, begin + DECISIONS)
            best, near = pack.best.pairs.where(asked[part]), pack.near.pairs.where(asked[part])
            these = mentions[asked[part]]
            at = np.flatnonzero(best.i >= 0)
            explained = dict(zip(at.tolist(), self._explained(best.where(at), these[at]), strict=True))
            others = np.where(near.i < 0, these, near.i + near.j - these)
            ids = (self.corpus.ids_of(of) for of in (these, heads[part], firsts[part], others))
            columns = (column.tolist() for column in (near.i, near.j, near.total))
            out = []
            for k, (mention, head, first, other, i, j, total) in enumerate(zip(*ids, *columns, strict=True)):
                rule, evidence = explained.get(k, ("alone", {}))
                near_one = (None, None, None) if i < 0 else (other, round(total, 2), self._why_apart(i, j))
                out.append(Decision(mention, head, first, rule, evidence, *near_one))
            yield self.told(out)

        begins = range(0, len(asked), DECISIONS)
        yield from spread(some, begins, [1.0] * len(begins), processes)

    def _explained(self, pairs: Pairs, mentions: Ints) -> list[tuple[str, dict[str, Any]]]:
        """Rule and evidence of each mention's best pair."""
        parts, shared = self._evidence(_Chunk(pairs.i, pairs.j, pairs.rel))
        kinds = list(parts)
        columns = np.stack(list(parts.values()), 1).round(2) if len(pairs.i) else np.zeros((0, len(kinds)))
        same_account = (self.account[pairs.i] >= 0) & (self.account[pairs.i] == self.account[pairs.j])
        others = self.corpus.ids_of(pairs.i + pairs.j - mentions)
        named: dict[tuple[int, int], list[int]] = {}
        out = []
        for k, (other, rel, row) in enumerate(zip(others, pairs.rel.tolist(), columns.tolist(), strict=True)):
            strongest = kinds[row.index(max(row))] if max(row) > 0 else None
            if same_account[k]:
                strongest = "account"
            evidence: dict[str, Any] = {
                "with": other,
                "log_odds": round(float(pairs.total[k]), 2),
                "prior": round(float(self.prior[rel]), 2),
                "namesakes": float(f"{POPULATION * self.chance[rel]:.2g}"),
                **({"account": self.p.account_same} if same_account[k] else {}),
                **{kind: value for kind, value in zip(kinds, row, strict=True) if value},
            }
            if shared[k]:
                found = self._rarest_shared(int(pairs.i[k]), int(pairs.j[k]), named)
                if found:
                    evidence["shared_coauthors"] = found
            out.append((f"{RULES[self.rule[rel]]} name" + (f" + {strongest}" if strongest else ""), evidence))
        return out

    def _rarest_shared(self, i: int, j: int, known: dict[tuple[int, int], list[int]], most: int = 3) -> list[str]:
        """Some co-authors that both papers name, rarest names first."""
        co = self.coauthors
        papers = int(self.paper[i]), int(self.paper[j])
        both = known.get(papers)
        if both is None:
            matrix = co.matrix
            one, other = (set(matrix.indices[matrix.indptr[k] : matrix.indptr[k + 1]].tolist()) for k in papers)
            both = sorted(one & other, key=lambda c: (-round(float(co.weights[c]), 3), co.items[c]))
            both = known[papers] = both[: most + 2]
        own = {int(self.own[self.form[i]]), int(self.own[self.form[j]])}
        return [co.items[c] for c in both if c not in own][:most]

    def _why_apart(self, i: int, j: int) -> str:
        one, other = self.account[i], self.account[j]
        return "two accounts" if one >= 0 and other >= 0 and one != other else "not enough on average"
