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
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from warehouse.resolution.corpus import Corpus, Mention
from warehouse.resolution.names import Name, Relation, block_pairs, coauthor_key, fold, parse, relate
from warehouse.resolution.statistics import POPULATION, Statistics, keyword_key, reference, words

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

#: Log odds are rounded to this many digits, so that the order of a sum decides nothing.
DIGITS = 6


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
    join: float = 0.0  # mean log odds from which two groups join
    account_same: float = 12.0
    near: float = 0.0  # log odds from which a pair that stayed apart is worth a person's look
    dense_limit: int = 300_000  # pairs of one name beyond which only pairs that share a co-author are looked at


@dataclass(frozen=True, slots=True)
class Decision:
    """Where a mention went. ``cluster`` is the first mention of its person; the evidence is that of its best pair."""

    mention_id: str
    cluster: str
    rule: str
    evidence: dict[str, Any]
    #: The best pair that stayed apart, for a person to look at: the other mention, log odds, why.
    near_mention_id: str | None = None
    near_log_odds: float | None = None
    near_reason: str | None = None


@dataclass
class _Incidence:
    """Which row (a paper, a mention) carries which item, with the weight of the item."""

    matrix: Any
    ids: dict[str, int]
    weights: Floats
    size: Ints = field(init=False)

    def __post_init__(self) -> None:
        self.size = np.diff(self.matrix.indptr)

    @classmethod
    def of(cls, rows: Iterable[Iterable[str]], weigh: Mapping[str, float] | None = None) -> _Incidence:
        ids: dict[str, int] = {}
        columns: list[int] = []
        ends = [0]
        for items in rows:
            columns += sorted({ids.setdefault(item, len(ids)) for item in items})
            ends.append(len(columns))
        matrix = sp.csr_matrix(
            (np.ones(len(columns)), np.array(columns, np.int64), np.array(ends, np.int64)),
            shape=(len(ends) - 1, max(1, len(ids))),
        )
        weights = np.ones(max(1, len(ids)))
        if weigh is not None:
            weights[: len(ids)] = [weigh[item] for item in ids]
        return cls(matrix, ids, weights)

    def overlap(self, weights: Floats, a: Ints, b: Ints, chunk: int = 50_000) -> Floats:
        """Sum of the weights of the items that rows a[k] and b[k] both carry. Two papers of thousands of authors are
        compared once, not once for each author on both."""
        weighted = (self.matrix @ sp.diags(weights)).tocsr()
        rows = max(1, self.matrix.shape[0])
        pairs, back = np.unique(a * rows + b, return_inverse=True)
        one, other = pairs // rows, pairs % rows
        out = np.zeros(len(pairs))
        for start in range(0, len(pairs), chunk):
            part = slice(start, start + chunk)
            both = weighted[one[part]].multiply(self.matrix[other[part]])
            out[part] = np.asarray(both.sum(1)).ravel()
        return out[back.ravel()]


def _word_incidence(rows: Sequence[Iterable[str]], statistics: Statistics, kind: str) -> _Incidence:
    counts = statistics.words[kind]
    return _Incidence.of(rows, {word: counts.rarity(word) for row in rows for word in row})


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


def resolve(corpus: Corpus, statistics: Statistics | None = None, params: Params | None = None) -> list[Decision]:
    """One decision per mention, in the order of the mention ids."""
    with no_collection():
        return _Resolver(corpus, statistics or reference(), params or Params()).run()


class _Resolver:
    def __init__(self, corpus: Corpus, statistics: Statistics, params: Params):
        self.p = params
        self.statistics = statistics
        self.papers = corpus.papers
        self.mentions: list[Mention] = sorted(corpus.mentions, key=lambda m: m.mention_id)

    def run(self) -> list[Decision]:
        self._read_names()
        self._read_papers()
        self._find_pairs()
        self._measure()
        self._count_groups()
        self._weigh()
        self._cluster()
        return self._decide()

    # -- names and papers ------------------------------------------------------------------

    def _read_names(self) -> None:
        """Distinct names become forms; a mention points to its form and its paper."""
        forms: dict[tuple[tuple[str, ...], ...], int] = {}
        self.forms: list[Name] = []
        self.form = np.zeros(len(self.mentions), np.int64)
        for i, mention in enumerate(self.mentions):
            name = parse(mention.name)
            at = forms.setdefault(name.parts or ((mention.name,),), len(forms))
            if at == len(self.forms):
                self.forms.append(name)
            self.form[i] = at
        self.paper = np.array([m.paper for m in self.mentions], np.int64)
        listed: list[set[str]] = [set(paper.authors) for paper in self.papers]
        for mention in self.mentions:
            listed[mention.paper].add(mention.name)
        self.listed = listed
        # A name that nobody here could bear needs no parsing twice: one pass over the distinct ones.
        self.parsed = {name: parse(name) for name in {name for names in listed for name in names}}
        self._add_unlisted()

    def _add_unlisted(self) -> None:
        """Authors of a known paper who bear a name to be resolved but came without a mention of their own take part
        (they may be the bridge between two mentions) and are left out of the answer."""
        form_of = {name.parts: f for f, name in enumerate(self.forms) if name.parts}
        form_of_listed = {s: form_of.get(name.parts) for s, name in self.parsed.items()}
        have = set(zip(self.paper.tolist(), self.form.tolist(), strict=True))
        extra = sorted(
            {
                (k, form)
                for k, names in enumerate(self.listed)
                for name in names
                if (form := form_of_listed[name]) is not None and (k, form) not in have
            }
        )
        self.form_of_listed = form_of_listed
        self.real = len(self.mentions)
        self.mentions += [Mention(f"~{k}:{f}", k, 0, self.forms[f].listed) for k, f in extra]
        self.paper = np.concatenate([self.paper, np.array([k for k, _ in extra], np.int64)])
        self.form = np.concatenate([self.form, np.array([f for _, f in extra], np.int64)])
        ids = {a: k for k, a in enumerate(sorted({m.account for m in self.mentions if m.account}))}
        self.account = np.array([ids[m.account] if m.account else -1 for m in self.mentions], np.int64)
        self.position = np.array([m.position for m in self.mentions], np.int64)

    def _read_papers(self) -> None:
        keys = {s: coauthor_key(name) for s, name in self.parsed.items() if name.units}
        by_key: dict[str, Name] = {}
        for listed in sorted(keys):
            by_key.setdefault(keys[listed], self.parsed[listed])
        weights = {key: self.statistics.coauthor_weight(name) for key, name in by_key.items()}
        self.coauthors = _Incidence.of(
            ([keys[s] for s in sorted(names) if s in keys] for names in self.listed), weights
        )
        ids = self.coauthors.ids
        self.own = np.array([ids.get(coauthor_key(n), -1) if n.units else -1 for n in self.forms], np.int64)
        self.words = {
            "title": _word_incidence([words(p.title) for p in self.papers], self.statistics, "title"),
            "keywords": _word_incidence(
                [[keyword_key(k) for k in p.keywords] for p in self.papers], self.statistics, "keywords"
            ),
            "organization": _word_incidence(
                [words(m.organization) for m in self.mentions], self.statistics, "organization"
            ),
        }
        self.venue = _Incidence.of([fold(p.venue)] if p.venue else [] for p in self.papers)
        self.year = np.array([p.year for p in self.papers], np.int64)

    # -- pairs -----------------------------------------------------------------------------

    def _find_pairs(self) -> None:
        by_form: dict[int, list[int]] = defaultdict(list)
        for i, form in enumerate(self.form.tolist()):
            by_form[form].append(i)
        self.relations: dict[tuple[int, int], Relation] = {}
        for a, b in block_pairs(self.forms):
            relation = relate(self.forms[a], self.forms[b])
            if relation:
                self.relations[a, b] = relation
        for form, members in by_form.items():
            if len(members) > 1 and (relation := relate(self.forms[form], self.forms[form])):
                self.relations[form, form] = relation
        for pair in self._side_by_side():
            self.relations.pop(pair, None)
        self.rels = sorted(self.relations)
        self.chance = np.array([self.statistics.chance(self.relations[pair]) for pair in self.rels])
        self.torn = self._torn()
        none = np.zeros(0, np.int64)
        left, right, which = [none], [none], [none]
        for k, (f, g) in enumerate(self.rels):
            one, other = self._pairs(np.array(by_form[f]), np.array(by_form[g]), f == g)
            left.append(one)
            right.append(other)
            which.append(np.full(len(one), k))
        self.i, self.j, self.rel = (np.concatenate(parts).astype(np.int64) for parts in (left, right, which))

    def _pairs(self, x: Ints, y: Ints, is_one_form: bool) -> tuple[Ints, Ints]:
        if len(x) * len(y) > self.p.dense_limit:
            i, j = self._sharing(x, y)
        else:
            i, j = np.repeat(x, len(y)), np.tile(y, len(x))
        if is_one_form:
            keep = i < j
            i, j = i[keep], j[keep]
        return i, j

    def _sharing(self, x: Ints, y: Ints) -> tuple[Ints, Ints]:
        """Pairs that share a co-author who is not on hundreds of the name's papers."""
        left, right = self.coauthors.matrix[self.paper[x]], self.coauthors.matrix[self.paper[y]]
        usual = np.asarray(left.sum(0) + right.sum(0)).ravel() <= 400
        hit = (left[:, usual] @ right[:, usual].T).tocoo()
        return x[hit.row], y[hit.col]

    def _side_by_side(self) -> set[tuple[int, int]]:
        """Related names that stand together on some paper: two persons, everywhere."""
        related: dict[int, set[int]] = defaultdict(set)
        for a, b in self.relations:
            if a != b:
                related[a].add(b)
                related[b].add(a)
        found: set[tuple[int, int]] = set()
        for names in self.listed:
            here = {f for name in names if (f := self.form_of_listed[name]) in related}
            if len(here) > 1:
                found.update((f, g) for f in here if f is not None for g in related[f] & here if f < g)
        return found

    def _torn(self) -> NDArray[np.bool_]:
        """For each relation: does either name also fit a third one that excludes the other?"""
        fits: dict[int, set[int]] = defaultdict(set)
        for a, b in self.rels:
            if a != b and self.relations[a, b].rule in (
                "initial",
                "short",
                "middle",
                "dropped first",
                "second surname",
            ):
                fits[a].add(b)
                fits[b].add(a)

        def excludes(x: int, y: int) -> bool:
            return relate(self.forms[min(x, y)], self.forms[max(x, y)]) is None

        return np.array(
            [
                a != b and any(z != y and excludes(y, z) for x, y in ((a, b), (b, a)) for z in fits[x])
                for a, b in self.rels
            ],
            bool,
        )

    # -- evidence --------------------------------------------------------------------------

    def _measure(self) -> None:
        """What the papers of each pair share."""
        a, b = self.paper[self.i], self.paper[self.j]
        co = self.coauthors
        count = co.overlap(np.ones(len(co.weights)), a, b)
        weight = co.overlap(co.weights, a, b)
        fa, fb = self.own[self.form[self.i]], self.own[self.form[self.j]]
        for own, is_counted in ((fa, fa >= 0), (fb, (fb >= 0) & (fa != fb))):
            if not len(a):
                break  # no two names are alike: a sparse matrix has no answer for an empty question
            at = np.maximum(own, 0)  # the name itself is no co-author
            both = np.asarray(co.matrix[a, at]).ravel() * np.asarray(co.matrix[b, at]).ravel() * is_counted
            count -= both
            weight -= both * co.weights[at]
        # A long author list shares names more easily.
        size = np.maximum(np.maximum(co.size[a], co.size[b]) / self.statistics.authors_a_paper, 0.5)
        self.shared = np.maximum(count, 0)
        self.coauthor_weight = weight - self.shared * np.log(size)
        self.coauthors_known = (co.size[a] > 1) & (co.size[b] > 1)
        self.raw = {}
        for kind, incidence in self.words.items():
            x, y = (self.i, self.j) if kind == "organization" else (a, b)
            known = (incidence.size[x] > 0) & (incidence.size[y] > 0)
            self.raw[kind] = incidence.overlap(incidence.weights, x, y), known
        self.same_venue = self.venue.overlap(np.ones(len(self.venue.weights)), a, b) > 0
        self.same_paper = a == b

    def _count_groups(self) -> None:
        """Per name: groups of two papers or more, linked by co-authors, that share nobody with one another."""
        n = len(self.mentions)
        is_one = np.array([self.relations[pair].rule in ("same", "spelling") for pair in self.rels], bool)
        edge = is_one[self.rel] & (self.shared > 0.5) & ~self.same_paper if len(self.i) else np.zeros(0, bool)
        component = _components(n, self.i[edge], self.j[edge])
        is_big = np.bincount(component, minlength=1)[component] > 1
        seen = {(int(f), int(c)) for f, c in zip(self.form[is_big], component[is_big], strict=True)}
        self.groups = np.ones(max(1, len(self.forms)))
        for form, count in Counter(f for f, _ in seen).items():
            self.groups[form] = count

    def _weigh(self) -> None:
        """What was measured, as log odds."""
        p = self.p
        a, b = self.paper[self.i], self.paper[self.j]
        apart = np.maximum(np.abs(self.year[a] - self.year[b]) - p.year_free, 0)
        self.parts: dict[str, Floats] = {
            "coauthors": np.where(
                self.shared > 0.5,
                np.clip(self.coauthor_weight, 0.5, p.coauthor_cap),
                np.where(self.coauthors_known, p.coauthor_none, 0.0),
            ),
            "role": self._role(),
            "title": self._text("title", p.text_scale, p.text_offset, p.text_none),
            "keywords": self._text("keywords", p.text_scale, p.text_offset, p.text_none),
            "organization": self._text(
                "organization", p.organization_scale, p.organization_offset, p.organization_none
            ),
            "venue": np.where(self.same_venue, p.venue_same, 0.0),
            "years": np.where((self.year[a] > 0) & (self.year[b] > 0), p.year_slope * apart, 0.0),
        }
        one, other = (np.array([pair[side] for pair in self.rels], np.int64) for side in (0, 1))
        cost = np.array([self.relations[pair].cost for pair in self.rels])
        namesakes = POPULATION * self.chance * np.maximum(self.groups[one], self.groups[other]) ** p.group_power
        prior = -p.prior_slope * np.log(namesakes) - cost
        prior = np.where(self.torn, np.minimum(prior, p.torn_prior), prior)
        self.prior = np.clip(prior, p.prior_floor, p.prior_ceiling)

    def _role(self) -> Floats:
        """Pairs without a shared co-author, by the earlier of both places in the author list. Who stands first is
        mostly at the beginning and writes with the same few people, so that nobody shared tells of another person;
        who stands last on both leads several groups."""
        size = self.coauthors.size[self.paper]
        is_placed = (self.position > 0) & (size > 2)
        late = np.clip((self.position - 1) / np.maximum(size - 1, 1), 0.0, 1.0)
        is_told = is_placed[self.i] & is_placed[self.j] & (self.shared < 0.5)
        return np.where(is_told, self.p.role_scale * (2 * np.minimum(late[self.i], late[self.j]) - 1), 0.0)

    def _text(self, kind: str, scale: float, offset: float, low: float) -> Floats:
        raw, known = self.raw[kind]
        return np.where(known, np.clip(scale * raw - offset, low, self.p.text_cap), 0.0)

    # -- clusters --------------------------------------------------------------------------

    def _cluster(self) -> None:
        p, n = self.p, len(self.mentions)
        evidence = np.sum(list(self.parts.values()), axis=0) if len(self.i) else np.zeros(0)
        total = evidence + self.prior[self.rel]
        ai, aj = self.account[self.i], self.account[self.j]
        self.same_account = (ai >= 0) & (ai == aj)
        self.two_accounts = (ai >= 0) & (aj >= 0) & (ai != aj)
        total = np.where(self.same_account, total + p.account_same, total)
        # A benchmark may bring one author row twice.
        repeat = self.same_paper & (self.position[self.i] == self.position[self.j])
        repeat &= self.form[self.i] == self.form[self.j]
        self.clash = (self.two_accounts | self.same_paper) & ~repeat
        self.total = np.round(np.where(repeat, 50.0, total), DIGITS)
        live = (self.total > p.join) & ~self.clash
        component = _components(n, self.i[live], self.j[live])
        self.label = np.arange(n)
        self.rel_at = {pair: k for k, pair in enumerate(self.rels)}
        inside = np.flatnonzero(component[self.i] == component[self.j])
        inside = inside[np.argsort(component[self.i[inside]], kind="stable")]
        cuts = np.flatnonzero(np.diff(component[self.i[inside]])) + 1
        for edges in np.split(inside, cuts):
            if len(edges) == 1 and live[edges[0]]:
                self.label[self.j[edges[0]]] = self.label[self.i[edges[0]]]
            elif len(edges) > 1:
                self._cluster_component(edges)

    def _cluster_component(self, edges: Ints) -> None:
        p = self.p
        members = np.unique(np.concatenate([self.i[edges], self.j[edges]]))
        k = len(members)
        is_complete = len(edges) == k * (k - 1) // 2
        if is_complete and (self.total[edges] > p.join).all() and not self.clash[edges].any():
            self.label[members] = members[0]
            return
        x, y = np.searchsorted(members, self.i[edges]), np.searchsorted(members, self.j[edges])
        kinds, kind = np.unique(self.form[members], return_inverse=True)
        forms = kinds.tolist()
        table = np.array([[self.rel_at.get((min(f, g), max(f, g)), -1) for g in forms] for f in forms])
        rel = table[np.ix_(kind, kind)]
        no = rel < 0  # names that are not related exclude each other
        s = np.round(self.prior[rel] + p.coauthor_none, DIGITS)  # pairs that were not looked at: no evidence
        s[x, y] = s[y, x] = self.total[edges]
        no[x, y] = no[y, x] = self.clash[edges]
        np.fill_diagonal(no, True)
        size = np.ones(k)
        label = np.arange(k)

        def join(a: int, b: int) -> None:
            a, b = min(a, b), max(a, b)
            s[a] += s[b]
            s[:, a] += s[:, b]
            no[a] |= no[b]
            no[:, a] |= no[:, b]
            no[b] = True
            no[:, b] = True
            size[a] += size[b]
            label[label == b] = a

        for e in np.lexsort((y, x, -self.total[edges])):
            if self.total[edges[e]] < p.strong:
                break
            a, b = label[x[e]], label[y[e]]
            if a != b and not no[a, b]:
                join(a, b)
        while True:
            mean = np.where(no, -np.inf, np.round(s / np.outer(size, size), DIGITS))
            a, b = divmod(int(mean.argmax()), k)
            if mean[a, b] <= p.join:
                break
            join(a, b)
        self.label[members] = members[label]

    # -- answer ----------------------------------------------------------------------------

    def _decide(self) -> list[Decision]:
        head: dict[int, str] = {}
        label = self.label.tolist()
        for mention, k in zip(self.mentions[: self.real], label, strict=False):
            head.setdefault(k, mention.mention_id)
        is_inside = self.label[self.i] == self.label[self.j]
        best = self._best_pair(np.flatnonzero(is_inside))
        near = self._best_pair(np.flatnonzero(~is_inside & ~self.same_paper & (self.total > self.p.near)))
        kinds = list(self.parts)
        columns = np.stack([self.parts[k] for k in kinds], 1).round(2) if len(self.i) else np.zeros((0, len(kinds)))
        out = []
        for i, mention in enumerate(self.mentions[: self.real]):
            rule, evidence = "alone", dict[str, Any]()
            if i in best:
                rule, evidence = self._explain(i, best[i], kinds, columns[best[i]].tolist())
            apart = near.get(i)
            out.append(
                Decision(
                    mention.mention_id,
                    head[label[i]],
                    rule,
                    evidence,
                    None if apart is None else self.mentions[self._other(i, apart)].mention_id,
                    None if apart is None else round(float(self.total[apart]), 2),
                    None if apart is None else self._why_apart(apart),
                )
            )
        return out

    def _best_pair(self, pairs: Ints) -> dict[int, int]:
        """Mention → its pair with the highest log odds among these; bridges don't count as partners."""
        pairs = pairs[(self.i[pairs] < self.real) & (self.j[pairs] < self.real)]
        pairs = pairs[np.lexsort((self.j[pairs], self.i[pairs], -self.total[pairs]))]
        best: dict[int, int] = {}
        for e, i, j in zip(pairs.tolist(), self.i[pairs].tolist(), self.j[pairs].tolist(), strict=True):
            best.setdefault(i, e)
            best.setdefault(j, e)
        return best

    def _other(self, i: int, e: int) -> int:
        return int(self.j[e]) if int(self.i[e]) == i else int(self.i[e])

    def _explain(self, i: int, e: int, kinds: list[str], row: list[float]) -> tuple[str, dict[str, Any]]:
        relation = self.relations[self.rels[self.rel[e]]]
        strongest = kinds[row.index(max(row))] if max(row) > 0 else None
        if self.same_account[e]:
            strongest = "account"
        evidence: dict[str, Any] = {
            "with": self.mentions[self._other(i, e)].mention_id,
            "log_odds": round(float(self.total[e]), 2),
            "prior": round(float(self.prior[self.rel[e]]), 2),
            "namesakes": float(f"{POPULATION * self.chance[self.rel[e]]:.2g}"),
            **({"account": self.p.account_same} if self.same_account[e] else {}),
            **{kind: value for kind, value in zip(kinds, row, strict=True) if value},
        }
        shared = self._shared_coauthors(e)
        if shared:
            evidence["shared_coauthors"] = shared
        return f"{relation.rule} name" + (f" + {strongest}" if strongest else ""), evidence

    def _shared_coauthors(self, e: int, most: int = 3) -> list[str]:
        """Some co-authors that both papers name, rarest names first."""
        if self.shared[e] < 0.5:
            return []
        if not hasattr(self, "_names_of_columns"):
            self._names_of_columns = list(self.coauthors.ids)
            self._rarest_of_both: dict[tuple[int, int], list[int]] = {}
        names = self._names_of_columns
        papers = int(self.paper[self.i[e]]), int(self.paper[self.j[e]])
        both = self._rarest_of_both.get(papers)
        if both is None:
            matrix = self.coauthors.matrix
            one, other = (set(matrix.indices[matrix.indptr[k] : matrix.indptr[k + 1]].tolist()) for k in papers)
            both = sorted(one & other, key=lambda c: (-round(float(self.coauthors.weights[c]), 3), names[c]))
            both = self._rarest_of_both[papers] = both[: most + 2]
        own = {int(self.own[self.form[self.i[e]]]), int(self.own[self.form[self.j[e]]])}
        return [names[c] for c in both if c not in own][:most]

    def _why_apart(self, e: int) -> str:
        if self.two_accounts[e]:
            return "two accounts"
        return "not enough on average"


def _components(n: int, i: Ints, j: Ints) -> NDArray[np.int32]:
    graph = sp.csr_matrix((np.ones(len(i)), (i, j)), shape=(n, n))
    _, component = sp.csgraph.connected_components(graph, directed=False)
    return component  # type: ignore[no-any-return]
