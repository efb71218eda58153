"""What the resolver reads: papers with their listed authors, and the mentions to place.

``Corpus`` says it in objects, for labelled sets and tests; ``Coded`` says it in numbers, as columns of the warehouse
become them without an object for each row.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from warehouse.resolution.names import NameKeys, distinct, fold, name_keys, parse
from warehouse.resolution.text import keyword_key, words

Ints = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Paper:
    """A paper's evidence. ``authors`` are the names as listed, in order; ``year`` 0 is unknown."""

    authors: tuple[str, ...] = ()
    title: str | None = None
    venue: str | None = None
    keywords: tuple[str, ...] = ()
    year: int = 0


@dataclass(frozen=True, slots=True)
class Mention:
    """One author row of one paper. ``paper`` is the index of its paper, ``position`` counts from 1, 0 is unknown."""

    mention_id: str
    paper: int
    position: int
    name: str
    organization: str | None = None
    account: str | None = None


@dataclass(frozen=True, slots=True)
class Corpus:
    """Papers and mentions that are resolved together."""

    papers: Sequence[Paper]
    mentions: Sequence[Mention]


@dataclass(frozen=True, slots=True)
class Sets:
    """A set of items for each row: those of row k are ``items[c]`` for c in ``columns[ends[k]:ends[k + 1]]``."""

    ends: Ints
    columns: NDArray[np.int32]
    items: Sequence[str]

    @classmethod
    def of(cls, rows: Iterable[Iterable[str]]) -> Sets:
        """The sets of texts, row by row."""
        ids: dict[str, int] = {}
        columns: list[int] = []
        ends = [0]
        for items in rows:
            columns += sorted({ids.setdefault(item, len(ids)) for item in items})
            ends.append(len(columns))
        return cls(np.array(ends, np.int64), np.array(columns, np.int32), list(ids))

    @classmethod
    def from_pairs(cls, row: Ints, item: Ints, rows: int, items: Sequence[str]) -> Sets:
        """The sets of (row, item) pairs in any order; a pair may come twice."""
        width = max(1, len(items))
        pairs = distinct(row * width + item)
        ends = np.concatenate([[0], np.cumsum(np.bincount(pairs // width, minlength=rows))])
        return cls(ends.astype(np.int64), (pairs % width).astype(np.int32), items)


@dataclass(frozen=True, slots=True)
class Coded:
    """Mentions, papers and names as numbers. Mentions are in the order of their ids.

    ``names`` holds each name once; beyond those of the mentions it may hold others, which only tell whom a name could
    stand for: ``beside_name`` says on which of the papers (``beside_paper``) they stand. ``keys`` are those of each
    name; names of one form are one name. ``account`` and ``organization`` are -1 where unknown. ``is_asked``: the
    mentions that want a decision; the others only tell how many groups of people bear a name. From ``real`` on come
    mentions that take part and are left out of the answer.
    """

    mention_ids: Sequence[str]
    names: Sequence[str]
    keys: Sequence[NameKeys]
    name: Ints
    paper: Ints
    position: Ints
    account: Ints
    organization: Ints
    coauthors: Sets
    titles: Sets
    keywords: Sets
    venues: Sets
    organizations: Sets
    year: Ints
    beside_paper: Ints
    beside_name: Ints
    is_asked: NDArray[np.bool_]
    real: int

    def ids_of(self, mentions: Ints) -> list[str]:
        """Ids by the numbers of mentions; a column of the warehouse gives them all at once."""
        take = getattr(self.mention_ids, "take", None)
        return take(mentions) if take else [self.mention_ids[k] for k in mentions.tolist()]


def coded(corpus: Corpus) -> Coded:
    """A corpus in numbers.

    Authors of a known paper who bear a name to be resolved but came without a mention of their own take part (they may
    be the bridge between two mentions) and are left out of the answer.
    """
    mentions = sorted(corpus.mentions, key=lambda m: m.mention_id)
    listed = [set(paper.authors) for paper in corpus.papers]
    for mention in mentions:
        listed[mention.paper].add(mention.name)
    keys = {name: name_keys(parse(name)) for name in {name for names in listed for name in names}}
    borne = {keys[m.name].form_key: m.name for m in reversed(mentions)}
    have = {(m.paper, keys[m.name].form_key) for m in mentions}
    extra = sorted(
        {(k, form) for k, names in enumerate(listed) for name in names if (form := keys[name].form_key) in borne} - have
    )
    real = len(mentions)
    mentions += [Mention(f"~{k}:{form}", k, 0, borne[form]) for k, form in extra]
    at: dict[str, int] = {}
    accounts: dict[str, int] = {}
    organizations: dict[str, int] = {}

    def column(values: Iterable[int]) -> Ints:
        return np.fromiter(values, np.int64, len(mentions))

    return Coded(
        mention_ids=[m.mention_id for m in mentions],
        name=column(at.setdefault(m.name, len(at)) for m in mentions),
        names=list(at),
        keys=[keys[name] for name in at],
        paper=column(m.paper for m in mentions),
        position=column(m.position for m in mentions),
        account=column(accounts.setdefault(m.account, len(accounts)) if m.account else -1 for m in mentions),
        organization=column(
            organizations.setdefault(m.organization, len(organizations)) if m.organization else -1 for m in mentions
        ),
        coauthors=Sets.of([key for name in sorted(names) if (key := keys[name].coauthor_key)] for names in listed),
        titles=Sets.of(words(p.title) for p in corpus.papers),
        keywords=Sets.of([keyword_key(k) for k in p.keywords] for p in corpus.papers),
        venues=Sets.of([fold(p.venue)] if p.venue else [] for p in corpus.papers),
        organizations=Sets.of(words(text) for text in organizations),
        year=np.array([p.year for p in corpus.papers], np.int64),
        beside_paper=np.zeros(0, np.int64),
        beside_name=np.zeros(0, np.int64),
        is_asked=np.ones(len(mentions), bool),
        real=real,
    )
