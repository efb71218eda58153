"""Postings of the search in the page, as text that JSON does not escape.

A term is a stem of title and abstract, or ``author:`` or ``org:`` and a word of a name. A posting list is of one term:
the papers that have it, how often each has it, where, and a code for each of these places. Papers, and the places in
one paper, are in order, each as the distance from the one before less 1; a frequency is less 1.

- Places count words from 0. In a text they count content words, which are no stop words: first those of the abstract,
  then, from the paper's word count + 1, those of the title. In names they count one more between two names. So the
  words of a pair have places that follow each other, and no pair spans two texts or two names.
- A code is ``gap · forms + form``: which stop words are right before the word (0 for none, else its place in ``gaps``
  and 1), and which of the forms of the term is written there. Places in names have no code.

A number is written in base 46, the smallest digit first, each digit a character of ``_ALPHABET``; all digits but the
last are 46 characters further on. Short numbers, which are most, then compress to what they hold.

Not here: where the words come from (``search_index``), and how they are ranked (``assets/search_engine.js``).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.signedinteger[Any]]

#: Sections of a paper, in the order of their places.
ABSTRACT, TITLE, AUTHORS, ORGANIZATIONS = range(4)
SECTIONS = 4
#: Before the words of names.
PREFIXES = ("", "author:", "org:")
#: Stop words of a gap that count, those nearest to the word.
MAX_GAP = 8
#: Occurrences that are written at a time.
_CHUNK = 1 << 17
_BASE = 46
_ALPHABET = np.array([code for code in range(0x20, 0x7F) if chr(code) not in '"\\'][: 2 * _BASE], np.uint8)


@dataclass(frozen=True)
class Word:
    """A word as the index has it. The empty one ends a text and a name, and is none."""

    text: str
    stem: str
    is_stop: bool
    count: int


@dataclass(frozen=True)
class Tokens:
    """Where each word is, one entry per occurrence, in any order: its index in ``words``, its section (``SECTIONS`` ·
    paper + section), and its place there among all words, from 0 without a hole."""

    words: list[Word]
    ids: Ints
    sections: Ints
    places: Ints
    papers: int


@dataclass(frozen=True)
class Postings:
    """Posting lists by term, in the order of their words, and what all of them need: sequences of stop words before a
    word, the most frequent first, and the content words (count) of each paper's title and abstract."""

    lists: list[tuple[str, str, list[Any]]]
    gaps: list[str]
    word_counts: str


def compute_postings(tokens: Tokens) -> Postings:
    """The posting lists of all words: word, term, and (papers, frequencies, places[, codes[, forms]])."""
    terms = _Terms(tokens.words)
    stream, sections, starts = _in_order(tokens)
    is_hole = np.array([not word.text for word in tokens.words], bool)[stream]
    is_stop = np.array([word.is_stop for word in tokens.words], bool)[stream] & (sections % SECTIONS <= TITLE)
    content = np.flatnonzero(~(is_hole | is_stop)).astype(np.int32)
    gaps, gap_texts = _gaps(tokens.words, stream, is_stop, content)
    ids, sections = stream[content], sections[content]
    counts = np.bincount(sections, minlength=SECTIONS * tokens.papers).astype(np.int32)
    word_counts = counts[ABSTRACT::SECTIONS] + counts[TITLE::SECTIONS]
    papers, parts = sections // SECTIONS, (sections % SECTIONS).astype(np.int8)
    numbers = terms.numbers(ids, parts)
    places = np.arange(len(content), dtype=np.int32) - (np.cumsum(counts, dtype=np.int32) - counts)[sections]
    places = np.where(parts > TITLE, content - starts[sections], places)
    places = np.where(parts == TITLE, places + word_counts[papers] + 1, places)
    codes = gaps * terms.form_counts[ids] + terms.forms[ids]
    order = _stable_order(numbers)
    lists = list(terms.lists(numbers, papers, places, codes, order))
    return Postings(lists, gap_texts, write_numbers(word_counts))


def write_numbers(values: Ints) -> str:
    """Whole numbers of 0 or more as text; the module's docstring has the format."""
    return _digits(values)[0]


def _digits(values: Ints) -> tuple[str, Ints]:
    """The text of numbers, and where each ends in it."""
    lengths = np.ones(len(values), np.int32)
    longer, limit = np.flatnonzero(values >= _BASE), _BASE
    while len(longer):
        lengths[longer] += 1
        limit *= _BASE
        longer = longer[values[longer] >= limit]
    ends = np.cumsum(lengths, dtype=np.int32)
    digits = np.empty(int(ends[-1]) if len(ends) else 0, np.uint8)
    places, left = ends - lengths, values
    while len(left):
        digits[places] = left % _BASE
        longer = np.flatnonzero(left >= _BASE)
        places, left = places[longer], left[longer] // _BASE
        digits[places] += _BASE
        places += 1
    return _ALPHABET[digits].tobytes().decode("ascii"), ends


def _in_order(tokens: Tokens) -> tuple[Ints, Ints, Ints]:
    """The words of all sections in order, the section of each, and where each section starts."""
    lengths = np.bincount(tokens.sections, minlength=SECTIONS * tokens.papers)
    starts = (np.cumsum(lengths) - lengths).astype(np.int32)
    stream = np.empty(len(tokens.ids), np.int32)
    stream[starts[tokens.sections] + tokens.places] = tokens.ids
    return stream, np.repeat(np.arange(len(lengths), dtype=np.int32), lengths), starts


def _gaps(words: list[Word], stream: Ints, is_stop: NDArray[np.bool_], content: Ints) -> tuple[Ints, list[str]]:
    """Of each content word the number of the stop words right before it, and the texts of the numbers from 1."""
    stop_words = [word.text for word in words if word.is_stop]
    number_of = {text: number for number, text in enumerate(stop_words, start=1)}
    stop_numbers = np.array([number_of.get(word.text, 0) for word in words], np.int64)
    base = len(stop_words) + 1
    # The words with a gap, how far it reaches so far, and the numbers of its words as the digits of one.
    with_gap = np.flatnonzero((content > 0) & is_stop[content - 1])
    keys = np.zeros(len(with_gap), np.int64)
    longer = np.arange(len(with_gap))
    for distance in range(1, MAX_GAP + 1):
        before = content[with_gap[longer]] - distance
        keys[longer] += stop_numbers[stream[before]] * base ** (distance - 1)
        longer = longer[(before > 0) & is_stop[before - 1]]
    found, back, counts = np.unique(keys, return_inverse=True, return_counts=True)
    order = np.lexsort((found, -counts))
    ranks = np.empty(len(found), np.int32)
    ranks[order] = np.arange(1, len(found) + 1)
    numbers = np.zeros(len(content), np.int32)
    numbers[with_gap] = ranks[back]
    texts = []
    for key in found[order].tolist():
        text = []
        while key:
            key, number = divmod(key, base)
            text.append(stop_words[number - 1])
        texts.append(" ".join(reversed(text)))
    return numbers, texts


def _stable_order(values: Ints) -> Ints:
    """The order of numbers of 0 to 2^32 − 1; equal ones stay in order. NumPy sorts 16 bits by radix, in linear time."""
    order = np.argsort((values & 0xFFFF).astype(np.uint16), kind="stable")
    return order[np.argsort((values[order] >> 16).astype(np.uint16), kind="stable")]


class _Terms:
    """The terms of words: their numbers, in the order of their words as JavaScript compares them, and their forms."""

    def __init__(self, words: list[Word]):
        texts = {word.text for word in words} | {word.stem for word in words}
        self.texts = sorted(texts, key=lambda text: text.encode("utf-16-be"))
        ranks = {text: rank for rank, text in enumerate(self.texts)}
        self.word_ranks = np.array([ranks[word.text] for word in words], np.int32)
        self.stem_ranks = np.array([ranks[word.stem] for word in words], np.int32)
        self.forms_of: defaultdict[str, list[str]] = defaultdict(list)
        forms = []
        for word in words:
            forms.append(len(self.forms_of[word.stem]))
            self.forms_of[word.stem].append(word.text)
        self.forms = np.array(forms, np.int32)
        self.form_counts = np.array([len(self.forms_of[word.stem]) for word in words], np.int32)

    def numbers(self, ids: Ints, parts: Ints) -> Ints:
        """The number of the term of each word in its section's part."""
        return np.where(
            parts <= TITLE,
            len(PREFIXES) * self.stem_ranks[ids],
            len(PREFIXES) * self.word_ranks[ids] + parts - TITLE,
        )

    def lists(
        self, terms: Ints, papers: Ints, places: Ints, codes: Ints, order: Ints
    ) -> Iterator[tuple[str, str, list[Any]]]:
        """The posting lists of occurrences; ``order`` is theirs by term, paper and place."""
        # In chunks of whole terms: arrays that fit the processor's cache, and memory that is used again.
        starts = np.flatnonzero(_changes(terms[order]))
        cuts = np.unique(np.searchsorted(starts, np.arange(0, len(order), _CHUNK)))
        for first, last in pairwise([*starts[cuts[cuts < len(starts)]].tolist(), len(order)]):
            chunk = order[first:last]
            yield from self._lists(terms[chunk], papers[chunk], places[chunk], codes[chunk])

    def _lists(self, terms: Ints, papers: Ints, places: Ints, codes: Ints) -> Iterator[tuple[str, str, list[Any]]]:
        is_first_of_term = _changes(terms)
        is_first = is_first_of_term | _changes(papers)
        firsts = np.flatnonzero(is_first)
        list_starts = np.flatnonzero(is_first_of_term)
        frequencies = np.diff(np.append(firsts, len(terms)))
        paper_starts = np.searchsorted(firsts, list_starts)
        written = (
            _pieces(_distances(papers[firsts], is_first_of_term[firsts]), paper_starts),
            _pieces(frequencies - 1, paper_starts),
            _pieces(_distances(places, is_first), list_starts),
            _pieces(codes, list_starts),
        )
        for term, *texts in zip(terms[list_starts].tolist(), *written, strict=True):
            rank, field = divmod(term, len(PREFIXES))
            word = self.texts[rank]
            if field:
                yield word, PREFIXES[field] + word, texts[:3]
            else:
                forms = self.forms_of[word]
                yield word, word, [*texts, *([forms] if forms != [word] else [])]


def _changes(values: Ints) -> NDArray[np.bool_]:
    """Whether each value differs from the one before; the first does."""
    changes = np.ones(len(values), bool)
    changes[1:] = values[1:] != values[:-1]
    return changes


def _distances(values: Ints, is_first: NDArray[np.bool_]) -> Ints:
    """Each value as its distance from the one before less 1; the first of a row as it is."""
    before = np.empty_like(values)
    before[1:] = values[:-1]
    return values - np.where(is_first, -1, before) - 1


def _pieces(values: Ints, starts: Ints) -> list[str]:
    """The texts of the rows of numbers that start at ``starts``."""
    text, ends = _digits(values)
    cuts = [0, *ends[starts[1:] - 1].tolist(), len(text)] if len(starts) else []
    return [text[start:end] for start, end in pairwise(cuts)]
