"""Posting lists of the report's search against the same facts collected word by word."""

from __future__ import annotations

import random
from collections import Counter, defaultdict
from itertools import accumulate
from typing import Any

import numpy as np
import pytest

from warehouse.report.postings import MAX_GAP, SECTIONS, Tokens, Word, compute_postings, write_numbers

STOP_WORDS = ("of", "the")
#: Word → stem.
STEMS = {"model": "model", "models": "model", "papers": "paper", "a1": "a1", "中文": "中文", "zoo": "zoo", "x": "x"}
ALPHABET = [chr(code) for code in range(0x20, 0x7F) if chr(code) not in '"\\'][:92]


def read_numbers(text: str) -> list[int]:
    numbers, value, unit = [], 0, 1
    for digit in map(ALPHABET.index, text):
        value += digit % 46 * unit
        unit *= 46
        if digit < 46:
            numbers.append(value)
            value, unit = 0, 1
    return numbers


def read_list(columns: list[Any], word: str, gaps: list[str]) -> list[tuple[int, list[tuple[int, str, str]]]]:
    """Per paper: place, stop words before, and the word as written, of each occurrence."""
    papers = [paper - 1 for paper in accumulate(number + 1 for number in read_numbers(columns[0]))]
    counts = [number + 1 for number in read_numbers(columns[1])]
    places, codes = read_numbers(columns[2]), read_numbers(columns[3]) if len(columns) > 3 else None
    forms = columns[4] if len(columns) > 4 else [word]
    found, at = [], 0
    for paper, count in zip(papers, counts, strict=True):
        of_paper = [place - 1 for place in accumulate(number + 1 for number in places[at : at + count])]
        of_codes = codes[at : at + count] if codes is not None else [0] * count
        found.append(
            (
                paper,
                [
                    (place, ["", *gaps][code // len(forms)], forms[code % len(forms)])
                    for place, code in zip(of_paper, of_codes, strict=True)
                ],
            )
        )
        at += count
    assert at == len(places) and (codes is None or at == len(codes))
    return found


def tokens_of(papers: list[list[list[str]]]) -> Tokens:
    """Tokens of papers, each with the words of its sections, in any order."""
    counts = Counter(word for paper in papers for section in paper for word in section)
    words = [Word(text, STEMS.get(text, text), text in STOP_WORDS, count) for text, count in sorted(counts.items())]
    ids = {word.text: number for number, word in enumerate(words)}
    entries = [
        (ids[word], SECTIONS * number + part, place)
        for number, paper in enumerate(papers)
        for part, section in enumerate(paper)
        for place, word in enumerate(section)
    ]
    random.Random(3).shuffle(entries)
    columns = np.array(entries, np.int32).reshape(-1, 3).T
    return Tokens(words, *columns, len(papers))


def expected_of(papers: list[list[list[str]]]) -> dict[str, dict[int, list[tuple[int, str, str]]]]:
    found: dict[str, dict[int, list[tuple[int, str, str]]]] = defaultdict(lambda: defaultdict(list))
    for number, paper in enumerate(papers):
        word_count = sum(word not in ("", *STOP_WORDS) for section in paper[:2] for word in section)
        for section, first in zip(paper[:2], (0, word_count + 1), strict=True):
            place, gap = first, list[str]()
            for word in section:
                if word in STOP_WORDS:
                    gap.append(word)
                elif word:
                    found[STEMS[word]][number].append((place, " ".join(gap[-MAX_GAP:]), word))
                    place, gap = place + 1, []
        for section, prefix in zip(paper[2:], ("author:", "org:"), strict=False):
            for place, word in enumerate(section):
                if word:
                    found[prefix + word][number].append((place, "", word))
    return found


@pytest.mark.parametrize("seed", range(5))
def test_posting_lists_have_every_word_where_it_is(seed: int) -> None:
    made = random.Random(seed)
    words = [*STEMS, *STOP_WORDS, *STOP_WORDS]

    def texts(count: int) -> list[str]:
        return [word for _ in range(count) for word in [*made.choices(words, k=made.randrange(120)), ""]]

    papers = [[texts(1), texts(1), texts(made.randrange(3)), texts(made.randrange(2))] for _ in range(60)]
    papers[7][0] = ["of"] * 12 + ["zoo", "of", ""]
    postings = compute_postings(tokens_of(papers))
    expected = expected_of(papers)
    assert [term for _, term, _ in postings.lists] == sorted(
        expected, key=lambda term: (term.split(":")[-1], ["", "author", "org"].index(term.rpartition(":")[0]))
    )
    for word, term, columns in postings.lists:
        assert dict(read_list(columns, word, postings.gaps)) == expected[term], term
        assert (len(columns) > 3) == (":" not in term)
    assert read_numbers(postings.word_counts) == [
        sum(word not in ("", *STOP_WORDS) for section in paper[:2] for word in section) for paper in papers
    ]
    assert "of" in postings.gaps[:2] and "the" in postings.gaps[:2]


def test_terms_are_in_the_order_of_their_words_in_javascript() -> None:
    words = ["\ufb20", "\U00020000", "a", "z"]
    postings = compute_postings(tokens_of([[[*words, ""], [""], [], []]]))
    assert [word for word, _, _ in postings.lists] == ["a", "z", "\U00020000", "\ufb20"]


def test_numbers_of_any_size_are_written_and_read() -> None:
    numbers = [0, 1, 45, 46, 47, 2115, 2116, 97335, 97336, 2**31 - 1]
    assert read_numbers(write_numbers(np.array(numbers))) == numbers
    assert write_numbers(np.array([], np.int32)) == ""


def test_an_index_of_nothing_is_empty() -> None:
    postings = compute_postings(tokens_of([]))
    assert (postings.lists, postings.gaps, postings.word_counts) == ([], [], "")
    postings = compute_postings(tokens_of([[[""], [""], [], []]]))
    assert (postings.lists, postings.gaps, read_numbers(postings.word_counts)) == ([], [], [0])
