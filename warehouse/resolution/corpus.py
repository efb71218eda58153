"""The input of the resolver: papers with their listed authors, and mentions.

``Corpus`` holds objects, for labelled sets and tests; ``Coded`` holds arrays, built from columns of the warehouse
without an object for each row.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from warehouse.resolution.arrays import Ints, distinct
from warehouse.resolution.names import NameKeys, fold, name_keys, parse
from warehouse.resolution.text import keyword_key, words


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

    ``names`` holds each name once, ``keys`` the keys of each; names of one form are one name. Names beyond those of the
    mentions are *extra* names: they only show which longer names a short name fits; ``extra_name`` is on the paper
    ``extra_paper``. ``account`` and ``organization`` are -1 where unknown. ``is_affected``: the mentions that need a
    decision; the others count for the co-author groups of a name. Mentions from ``first_context`` on are context
    mentions: they take part in clustering and get no decision.
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
    extra_paper: Ints
    extra_name: Ints
    is_affected: NDArray[np.bool_]
    first_context: int

    def ids_of(self, mentions: Ints) -> list[str]:
        """The ids of mentions; an Arrow column takes all of them at once."""
        take = getattr(self.mention_ids, "take", None)
        return take(mentions) if take else [self.mention_ids[k] for k in mentions.tolist()]


def coded(corpus: Corpus) -> Coded:
    """A corpus in numbers.

    An author of a paper with the name of a mention but no mention of its own becomes a context mention: it may connect
    two mentions.
    """
    mentions = sorted(corpus.mentions, key=lambda m: m.mention_id)
    listed = [set(paper.authors) for paper in corpus.papers]
    for mention in mentions:
        listed[mention.paper].add(mention.name)
    keys = {name: name_keys(parse(name)) for name in {name for names in listed for name in names}}
    name_of_form = {keys[m.name].form_key: m.name for m in reversed(mentions)}
    known = {(m.paper, keys[m.name].form_key) for m in mentions}
    extra = sorted(
        {(k, form) for k, names in enumerate(listed) for name in names if (form := keys[name].form_key) in name_of_form}
        - known
    )
    first_context = len(mentions)
    mentions += [Mention(f"~{k}:{form}", k, 0, name_of_form[form]) for k, form in extra]
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
        extra_paper=np.zeros(0, np.int64),
        extra_name=np.zeros(0, np.int64),
        is_affected=np.ones(len(mentions), bool),
        first_context=first_context,
    )
