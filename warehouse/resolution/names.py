"""Author names: fold, parts, keys, and how two names may belong to one person.

Functions of text alone, called once per distinct name. `parse` returns a `Name`; `relate` returns whether two names can
be one person's, by which rule, and the tokens that they share (from which ``statistics`` computes the chance of it).
Not here: what an author row names at all (``listed_names``).
"""

from __future__ import annotations

import re
import sys
from array import array
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import repeat
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from warehouse.keys import fold as fold_letters
from warehouse.keys import separate, without_tex_letters
from warehouse.resolution.arrays import Ints, distinct, runs, slices_by_size
from warehouse.resolution.listed_names import MAX_WORDS, is_pinyin, read_listed

_PARTICLES_TEXT = """
    af al av bin bint ben da dal de degli dei del della delle den der des di do dos du el i ibn la las
    le los lo mac st san santa te ten ter van vande vander vom von y zu zum zur
    """
PARTICLES = frozenset(_PARTICLES_TEXT.split())
SUFFIXES = frozenset(["jr", "sr", "ii", "iii", "iv", "phd", "md"])
TITLES = frozenset(["dr", "prof", "mr", "mrs", "ms", "md", "mohd"])
NICKNAMES = tuple(
    frozenset(s.split())
    for s in (
        "alexander alex sasha alexandra",
        "andrew andy drew",
        "anthony tony antonio",
        "benjamin ben benny",
        "william bill will billy",
        "robert bob rob bobby bert",
        "richard rick dick rich",
        "michael mike mick misha",
        "james jim jimmy jamie",
        "john jack johnny",
        "jonathan jon",
        "joseph joe joey",
        "edward ed ted eddie ned",
        "edmund ed",
        "theodore ted",
        "thomas tom tommy",
        "charles charlie chuck",
        "christopher chris",
        "christian chris",
        "christina chris tina",
        "katherine kate kathy catherine cathy katie",
        "elizabeth liz beth betty lisa eliza",
        "margaret peggy maggie meg",
        "susan sue susie",
        "deborah deb debbie",
        "patricia pat patty",
        "patrick pat",
        "daniel dan danny",
        "david dave",
        "stephen steven steve",
        "kenneth ken",
        "ronald ron",
        "donald don",
        "gregory greg",
        "geoffrey jeffrey jeff geoff",
        "lawrence larry laurence",
        "gerald jerry",
        "nicholas nick",
        "samuel sam",
        "samantha sam",
        "raymond ray",
        "peter pete",
        "philip phil phillip",
        "frederick fred",
        "henry harry hank",
        "francis frank",
        "franklin frank",
        "eugene gene",
        "matthew matt",
        "timothy tim",
        "vladimir vova",
        "dmitry dima dmitri",
        "jose pepe",
        "francisco paco",
        "jennifer jenny jen",
        "rebecca becky",
        "victoria vicky",
        "abigail abby",
        "leonard len leo",
        "nathaniel nathan nate",
        "zachary zach zack",
        "maximilian max",
        "joshua josh",
    )
)

_NONE: frozenset[int] = frozenset()
_CLASSES: dict[str, frozenset[int]] = {
    t: frozenset(i for i, c in enumerate(NICKNAMES) if t in c) for t in {t for c in NICKNAMES for t in c}
}

_APOSTROPHES = re.compile("['’‘`´ʼʹ′ʻʾʿ‛＇\"“”„]")
_DASHES = re.compile("[‐‑‒–—―−﹣-]+")
_SIMPLE = re.compile("[A-Za-z0-9 .]*(?:-[A-Za-z0-9 .]+)*")
_TEX = re.compile(r"\\[a-zA-Z]+\b\s*|\\[^a-zA-Z\s]|[{}$^]")
_PAREN = re.compile(r"[(\[][^)\]]*[)\]]")
_INITIAL_RUN = re.compile(r"\b([A-Z])\.(?=[A-Z])")
_UMLAUT = re.compile(r"(?<=[aou])e(?![aeiou])")


def fold(text: str) -> str:
    """Case, accents, apostrophes, TeX and quotes gone; every dash a hyphen; single spaces."""
    if _SIMPLE.fullmatch(text):  # nine of ten: the same answer, sooner
        return " ".join(text.lower().replace(".", " ").split()).strip(" -")
    text = without_tex_letters(text).replace("~", " ")
    text = _DASHES.sub("-", _APOSTROPHES.sub("", _TEX.sub("", _PAREN.sub(" ", text))))
    if not text.isascii():  # decomposed characters may be apostrophes or dashes
        text = _DASHES.sub("-", _APOSTROPHES.sub("", fold_letters(text)))
    return " ".join(separate(text.lower(), kept="-").split()).strip(" -")


@dataclass(frozen=True, slots=True)
class Name:
    listed: str
    units: tuple[str, ...]  # space-separated tokens, dashes removed, suffixes dropped
    parts: tuple[tuple[str, ...], ...]  # each unit cut at its dashes
    surname: str  # particles + last unit, joined
    given: tuple[str, ...]  # units before the surname
    last: str  # last unit
    squash: str  # all letters
    is_team: bool
    full_key: str | None  # None: single token or lone initials only
    given_parts: tuple[tuple[str, ...], ...] = field(default=())
    namesake: str = ""  # the number by which DBLP tells persons of one name apart

    @property
    def sound(self) -> bool:
        return self.full_key is not None and not self.is_team


def _parts(unit: str) -> tuple[str, ...]:
    return tuple(filter(None, unit.split("-"))) if "-" in unit else (unit,) if unit else ()


@lru_cache(maxsize=100_000)
def parse(listed: str) -> Name:
    row = read_listed(listed)
    if row.kind == "placeholder":
        return Name(listed, (), (), "", (), "", "", False, None)
    text = row.text
    if "." in text:
        text = _INITIAL_RUN.sub(r"\1. ", text)
    head, comma, tail = text.partition(",")
    if comma and tail.strip() and fold(tail).replace(" ", "") not in SUFFIXES and len(tail.split()) <= 3:
        text = f"{tail} {head}"
    raw = fold(text)
    words = [w for w in raw.split(" ") if w.strip("-")]
    is_team = row.kind != "person" or len(words) > MAX_WORDS
    while len(words) > 2 and words[-1] in SUFFIXES:
        words.pop()
    while len(words) > 2 and words[0] in TITLES:
        words.pop(0)
    pieces = [p for p in map(_parts, words) if p]
    units = tuple("".join(p) for p in pieces)
    if not units:
        return Name(listed, (), (), "", (), "", "", is_team, None)
    cut = len(units) - 1
    while cut > 1 and units[cut - 1] in PARTICLES:
        cut -= 1
    full = " ".join(units) if len(units) > 1 and any(len(u) > 1 for u in units[:-1]) else None
    return Name(
        listed,
        units,
        tuple(pieces),
        "".join(units[cut:]),
        units[:cut],
        units[-1],
        "".join(units),
        is_team,
        full,
        tuple(pieces[:cut]),
        row.namesake,
    )


@lru_cache(maxsize=200_000)
def unumlaut(s: str) -> str:
    return _UMLAUT.sub("", s)


def _token(a: str, b: str) -> str | None:
    """How two given tokens agree: equal, initial, short (prefix or nickname); None: they don't."""
    if a == b or unumlaut(a) == unumlaut(b):
        return "equal"
    if len(a) > len(b):
        a, b = b, a
    if len(a) == 1:
        return "initial" if b.startswith(a) else None
    if not _CLASSES.get(a, _NONE).isdisjoint(_CLASSES.get(b, _NONE)):
        return "short"
    if len(a) >= 2 and b.startswith(a) and len(b) - len(a) >= 1 and not (is_pinyin(a) and is_pinyin(b)):
        return "short"
    return None


Shared = tuple[tuple[str, str], ...]  # (how, token)


@dataclass(frozen=True, slots=True)
class Relation:
    rule: str
    shared: Shared  # tokens both names carry, with how they agree
    cost: float  # log odds lost because the names are not simply equal


def _align(a: tuple[str, ...], b: tuple[str, ...]) -> tuple[list[tuple[str, str]], int] | None:
    """The shorter given sequence inside the longer one, in order, first tokens together."""
    if len(a) > len(b):
        a, b = b, a
    out: list[tuple[str, str]] = []
    k = 0
    for i, x in enumerate(a):
        while k < len(b):
            how = _token(x, b[k])
            k += 1
            if how:
                out.append((how, min(x, b[k - 1], key=len) if how != "equal" else x))
                break
            if i == 0:
                return None
        else:
            return None
        if len(out) != i + 1:
            return None
    return (out, len(b) - len(a)) if len(out) == len(a) else None


def _given(a: Name, b: Name) -> tuple[list[tuple[str, str]], int] | None:
    ga, gb = a.given, b.given
    if "".join(ga) == "".join(gb):
        return [("equal", t) for t in (ga if len(ga) > len(gb) else gb)], 0
    found = _align(ga, gb)
    if found:
        return found
    fa, fb = (tuple(p for u in n.given_parts for p in u) for n in (a, b))
    if any(len(p) == 1 for p in fa + fb) and (fa, fb) != (ga, gb):
        return _align(fa, fb)
    return None


#: Log odds that a rule costs; 0.6 of the values that suited counts of the listings alone (docs/resolution.md).
RULE_COST = {
    "same": 0.0,
    "spelling": 0.5,
    "middle": 0.3,
    "short": 0.5,
    "initial": 0.3,
    "order": 0.9,
    "dropped first": 0.7,
    "second surname": 0.6,
}


def _cost(shared: list[tuple[str, str]], extra: int, rule: str) -> float:
    return RULE_COST[rule] + 0.3 * extra + 0.2 * sum(h != "equal" for h, _ in shared)


@lru_cache(maxsize=100_000)
def relate(a: Name, b: Name) -> Relation | None:
    """How two names can be one person's; None if they are incompatible."""
    if not a.units or not b.units:
        return None
    if a.namesake and b.namesake and a.namesake != b.namesake:
        return None
    if a.parts == b.parts and a.namesake == b.namesake:
        return Relation("same", tuple(("equal", t) for t in a.units), 0.0)
    longer = a if len(a.units) >= len(b.units) else b
    if unumlaut(a.squash) == unumlaut(b.squash):
        return Relation("spelling", tuple(("equal", t) for t in longer.units), RULE_COST["spelling"])
    if len(a.units) == 1 or len(b.units) == 1:
        return None
    if unumlaut(a.surname) == unumlaut(b.surname):
        found = _given(a, b)
        if found:
            shared, extra = found
            hows = {h for h, _ in shared}
            rule = "initial" if "initial" in hows else "short" if "short" in hows else "middle" if extra else "spelling"
            both = [*shared, ("equal", a.surname)]
            return Relation(rule, tuple(both), _cost(shared, extra, rule))
    if sorted(a.units) == sorted(b.units) and len(a.units) <= 4:
        return Relation("order", tuple(("equal", t) for t in a.units), RULE_COST["order"])
    long_, short_ = (a, b) if len(a.units) > len(b.units) else (b, a)
    if len(a.units) == len(b.units) == 2:
        # initials and reversed order: "A. Akilandeswari" / "Akilandeswari A"
        x, y = a.units, b.units
        if (x[0] == y[1] and _token(x[1], y[0]) == "initial") or (x[1] == y[0] and _token(x[0], y[1]) == "initial"):
            word = x[0] if x[0] == y[1] else x[1]
            return Relation("order", (("equal", word), ("initial", min(x + y, key=len))), RULE_COST["order"])
    if len(long_.units) > len(short_.units) and unumlaut(a.surname) == unumlaut(b.surname) and len(long_.given) > 1:
        found = _align(long_.given[1:], short_.given)
        if found and len(long_.given) - 1 == len(short_.given) and all(len(t) > 1 for t in short_.given[:1]):
            shared, extra = found
            return Relation("dropped first", (*shared, ("equal", a.surname)), _cost(shared, extra, "dropped first"))
    for n, other in ((a, b), (b, a)):
        # n has a second surname that the other lacks: "Paloma Moreda Pozo", "Olivia Sanchez-Graillet"
        heads = [n.units[:-1]] if len(n.units) > 2 and n.units[-2] not in PARTICLES else []
        if len(n.parts[-1]) == 2 and min(map(len, n.parts[-1])) > 2:
            heads += [(*n.units[:-1], half) for half in n.parts[-1]]
        for head in heads:
            if len(head) > 1 and unumlaut(head[-1]) == unumlaut(other.last) and len(head[-1]) > 2:
                found = _align(head[:-1], other.units[:-1])
                if found and found[0][0][0] != "initial":
                    shared, extra = found
                    cost = _cost(shared, extra, "second surname")
                    return Relation("second surname", (*shared, ("equal", other.last)), cost)
    return None


def _ends(n: Name) -> set[tuple[str, str]]:
    """(given token, surname) readings of a name: as written, reversed, first dropped, second surname dropped."""
    u = n.units
    if len(u) < 2 or n.is_team:
        return set()
    out = {(u[0], n.surname), (u[0], u[-1])}
    if len(u) <= 4:
        out |= {(u[-1], u[0]), (u[1], u[0])}
    if len(u) > 2:
        out.add((u[1], n.surname))
        out |= {(u[0], w) for w in u[1:-1] if len(w) > 2}
    if len(n.parts[-1]) > 1:
        out |= {(u[0], p) for p in n.parts[-1] if len(p) > 2}
    return out


class BlockKeys(NamedTuple):
    """The block keys of a name: related names share one of them."""

    #: Two names that share such a key are compared.
    exact: set[str]
    #: Initial and surname → whether the name may be an abbreviation: two names that share such a key are compared if
    #: one of them may be.
    initials: dict[str, bool]
    #: Initial and surname, first name: two names are compared if one first name starts with the other, not both pinyin.
    short: tuple[str, str] | None


def block_keys(name: Name) -> BlockKeys:
    """The block keys of a parsed name."""
    if not name.units:
        return BlockKeys(set(), {}, None)
    exact = {f"={unumlaut(name.squash)}"}
    if not name.is_team and len(name.units) <= 4:
        exact.add("~" + " ".join(sorted(name.units)))
    ends = _ends(name)
    initials: dict[str, bool] = {}
    for g, s in ends:
        s = unumlaut(s)
        exact.add(f"{unumlaut(g)} {s}")
        initial = f"{g[0]} {s}"
        may_abbreviate = len(g) == 1 or len(name.parts[0]) == len(name.units[0])
        initials[initial] = initials.get(initial, False) or may_abbreviate
    short = None
    if ends and len(name.units[0]) > 1 and len(name.units[0]) > len(name.parts[0]):
        # a prefix or a nickname of the first name, under one surname
        g, surname = name.units[0], unumlaut(name.surname)
        short = f"{g[0]} {surname}", g
        exact.update(f"{c} {surname}" for c in _CLASSES.get(g, _NONE))
    return BlockKeys(exact, initials, short)


#: Marks before initial and surname: of any name, of a possible abbreviation, of a first name, of a pinyin first name.
_ANY, _ABBREVIATED, _FULL, _SYLLABLES = "*", ".", "<", ">"


class Blocks:
    """Blocking: the pairs of names that share a block key, without the names themselves.

    Blocks are small, as only abbreviated names are paired with all names of their initial and surname. Keys are stored
    as 64-bit hashes: a collision costs one comparison by `relate`.
    """

    def __init__(self) -> None:
        self._exact = array("q"), array("q")
        self._initial = array("q"), array("q")
        self._may_abbreviate = array("b")
        self._short = array("q"), array("q")
        self._short_given: list[str] = []
        self._count = 0

    def add(self, family_keys: Iterable[str], coauthor_key: str) -> None:
        """Add the next name by its keys; names are numbered from 0 as they come."""
        i, self._count = self._count, self._count + 1
        initials, exact = {}, []
        for key in family_keys:  # sorted, so the mark of any name comes before that of an abbreviation
            mark = key[0]
            if mark == _ANY:
                initials[key[1:]] = 0
            elif mark == _ABBREVIATED:
                initials[key[1:]] = 1
            elif mark in (_FULL, _SYLLABLES):
                self._short[0].append(hash(key[1:]))
                self._short[1].append(i)
                self._short_given.append(sys.intern(coauthor_key.partition(" ")[0]))
            else:
                exact.append(key)
        for (hashes, names), some in ((self._exact, exact), (self._initial, initials)):
            hashes.extend(map(hash, some))
            names.extend(repeat(i, len(some)))
        self._may_abbreviate.extend(initials.values())

    def pairs(self, only: Collection[int] | None = None) -> tuple[Ints, Ints]:
        """Pairs (a < b) of name numbers, ascending. With ``only``, pairs with at least one of these names."""
        n = max(1, self._count)
        is_wanted = np.ones(n, bool)
        if only is not None:
            is_wanted[:] = False
            is_wanted[list(only)] = True
        found = [np.zeros(0, np.int64)]

        def add_pairs(a: Ints, b: Ints) -> None:
            at = (a != b) & (is_wanted[a] | is_wanted[b])
            a, b = a[at], b[at]
            found.append(distinct(np.minimum(a, b) * n + np.maximum(a, b)))

        for members, start, end, _ in _groups(*self._exact):
            for a, b in _within(members, start, end):
                add_pairs(a, b)
        for members, start, end, order in _groups(*self._initial):
            is_abbreviated = np.frombuffer(self._may_abbreviate, np.int8).astype(bool)[order]
            for a, b in _within(members, start, end, is_abbreviated):
                add_pairs(a, b)
        for members, start, end, order in _groups(*self._short):
            found.append(self._shortened(members, start, end, order, is_wanted, n))
        codes = distinct(np.concatenate(found))
        return codes // n, codes % n

    def _shortened(
        self, members: Ints, start: Ints, end: Ints, order: Ints, is_wanted: NDArray[np.bool_], n: int
    ) -> Ints:
        given, pairs = self._short_given, array("q")
        for low, high in zip(start.tolist(), end.tolist(), strict=True):
            block = sorted(
                (given[k], i) for k, i in zip(order[low:high].tolist(), members[low:high].tolist(), strict=True)
            )
            for x, (g, a) in enumerate(block):
                for h, b in block[x + 1 :]:
                    if not h.startswith(g):
                        break
                    if a != b and (is_wanted[a] or is_wanted[b]) and not (is_pinyin(g) and is_pinyin(h)):
                        pairs.append(min(a, b) * n + max(a, b))
        return np.frombuffer(pairs, np.int64) if pairs else np.zeros(0, np.int64)


def _groups(keys: array[int], ids: array[int]) -> Iterator[tuple[Ints, Ints, Ints, Ints]]:
    """The groups of two members or more with one key: members sorted by key, start and end of each group, and the
    original index of each member. Yields nothing without such groups."""
    if len(keys) < 2:
        return
    order = np.argsort(np.frombuffer(keys, np.int64), kind="stable")
    key = np.frombuffer(keys, np.int64)[order]
    cuts = np.concatenate([[0], np.flatnonzero(np.diff(key)) + 1, [len(key)]])
    start, end = cuts[:-1], cuts[1:]
    many = end - start > 1
    if many.any():
        yield np.frombuffer(ids, np.int64)[order], start[many], end[many], order


def _within(
    members: Ints, start: Ints, end: Ints, is_abbreviated: NDArray[np.bool_] | None = None, max_pairs: int = 4_000_000
) -> Iterator[tuple[Ints, Ints]]:
    """Pairs inside each group, about ``max_pairs`` at a time; with ``is_abbreviated``, those with an abbreviation."""
    size = end - start
    place = runs(start, size)
    stop = np.repeat(end, size)
    if is_abbreviated is None:
        first, count = place + 1, stop - place - 1
    else:
        wanted = is_abbreviated[place]
        place, stop = place[wanted], stop[wanted]
        first = np.repeat(start, size)[wanted]
        count = stop - first
    for part in slices_by_size(count, max_pairs):
        n = count[part]
        left = np.repeat(place[part], n)
        yield members[left], members[runs(first[part], n)]


def form_key(name: Name) -> str:
    """A key that is equal for names that differ in case, accents, marks and spaces only."""
    words = ["-".join(unit) for unit in name.parts]
    return " ".join([*words, name.namesake] if name.namesake else words) or f"\0{name.listed}"


def coauthor_key(name: Name) -> str:
    """The key of a co-author on other papers: first name and surname, else all letters; empty without any letter."""
    key = f"{name.units[0]} {unumlaut(name.surname)}" if len(name.units) > 1 else name.squash
    return key + name.namesake


def family_keys(name: Name) -> list[str]:
    """The `block_keys` of a name as sorted texts: `Blocks` pairs by them, and a table stores them for `sought_keys`."""
    keys = block_keys(name)
    found = {*keys.exact, *(_ANY + key for key in keys.initials)}
    found |= {_ABBREVIATED + key for key, may_abbreviate in keys.initials.items() if may_abbreviate}
    if keys.short:
        found.add((_SYLLABLES if is_pinyin(keys.short[1]) else _FULL) + keys.short[0])
    return sorted(found)


class NameKeys(NamedTuple):
    """The keys of one name: its `form_key`, its `family_keys`, joined, and its `coauthor_key`."""

    form_key: str
    family_keys: str
    coauthor_key: str

    @property
    def families(self) -> list[str]:
        """The family keys one by one."""
        return self.family_keys.split(SEPARATOR) if self.family_keys else []


def name_keys(name: Name) -> NameKeys:
    """The keys of a name, as ``int_author_names`` stores them."""
    return NameKeys(form_key(name), SEPARATOR.join(family_keys(name)), coauthor_key(name))


#: Separator of the family keys of a name; no key contains it.
SEPARATOR = ";"


def sought_keys(name: Name) -> list[str]:
    """Every name that may be related to this one has at least one of these `family_keys`."""
    keys = block_keys(name)
    sought = {*keys.exact, *(_ABBREVIATED + key for key in keys.initials), *abbreviated_keys(name)}
    if keys.short:
        key, given = keys.short
        sought |= {_FULL + key} if is_pinyin(given) else {_FULL + key, _SYLLABLES + key}
    return sorted(sought)


def abbreviated_keys(name: Name) -> list[str]:
    """The `sought_keys` by which an abbreviated name finds the many names that it may fit."""
    return [_ANY + key for key, may_abbreviate in block_keys(name).initials.items() if may_abbreviate]
