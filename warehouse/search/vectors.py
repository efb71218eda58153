"""Texts as vectors of weighted terms, for related papers and their evaluation.

A term is a stemmed word of title or abstract, or a pair of neighbouring ones, as the search index has them
(``dbt_project/macros/search.sql``). Its weight is

    f / (f + 2.25) · ln((N + 1) / (n + 1)) ^ .65 · (.85 for a pair)

for a term that n of N reference papers have and the text f times, a time in the title counted as 1.5: the saturation of
BM25 (Robertson & Zaragoza 2009) and a power of inverse document frequency (Spärck Jones 1972), which the product of two
weights has twice. Weights are divided by the length of the text's vector, so that the product of two vectors is the
cosine of their angle. Weights are whole numbers, so that sums are equal in any order.

The reference is frozen (``reference.csv``): a weight depends on the text alone, and a new paper changes no score of
others. It has the words that 3 and the pairs that 10 of 5,841 listed papers have (May 2024 to December 2025);
``python -m warehouse.search.vectors PAPERS.duckdb`` counts it again.

Not here: which papers are compared (``related``), how a labelled set is scored (``evaluation``).
"""

from __future__ import annotations

import csv
import math
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from warehouse.publication.table_macros import search_macros
from warehouse.resolution.incremental.engine import Engine, Ints, Texts

REFERENCE = Path(__file__).with_name("reference.csv")
#: Papers that a word or a pair of the reference has at least.
MIN_WORD_PAPERS, MIN_PAIR_PAPERS = 3, 10
#: The row of the reference with the number of papers.
_ALL = "*"
_PAIR_FACTOR, _RARITY_POWER, _HALF_FREQUENCY = 0.85, 0.65, 2.25
#: The whole number that stands for a weight of 1. A double holds the sum of products of two vectors exactly.
UNIT = 2**20


@dataclass(frozen=True)
class Frequencies:
    """How many of ``papers`` texts have a term; ``terms`` are sorted keys of the index. A term that is not there: 0."""

    terms: Ints
    counts: Ints
    papers: int

    def factors(self, terms: Ints) -> NDArray[np.float64]:
        """The factor of each term's weight that its text does not change."""
        counts = np.zeros(len(terms), np.int64)
        if len(self.terms):
            places = np.minimum(np.searchsorted(self.terms, terms), len(self.terms) - 1)
            counts = np.where(self.terms[places] == terms, self.counts[places], 0)
        known, back = np.unique(counts, return_inverse=True)
        rarity = [math.log((self.papers + 1) / (count + 1)) ** _RARITY_POWER for count in known.tolist()]
        return np.array(rarity)[back] * np.where(terms % 2 == 1, _PAIR_FACTOR, 1.0)


@dataclass(frozen=True)
class Terms:
    """The terms of texts, one entry per text and term, ordered by both. ``rows`` are the numbers of the texts;
    ``frequencies`` are counted in halves."""

    rows: Ints
    terms: Ints
    frequencies: Ints
    words: Texts


def read_terms(engine: Engine, texts: str) -> Terms:
    """The terms of a query's texts: columns ``number`` (bigint), ``title`` and ``abstract``."""
    found = engine.read(f"select * from ({search_macros().related_terms(f'({texts})')}) order by number, term")
    rows, terms, frequencies = (found.ints(name).astype(np.int64) for name in ("number", "term", "frequency"))
    return Terms(rows, terms, frequencies, found.texts("words"))


def read_reference(engine: Engine) -> Frequencies:
    """The frozen reference."""
    with REFERENCE.open(encoding="utf-8", newline="") as file:
        rows = [(row["term"], row["papers"]) for row in csv.DictReader(file)]
    engine.load("reference_rows", ("term", "papers"), rows)
    found = engine.read(
        f"""select {search_macros().search_key("term")} as term, max(cast(papers as bigint)) as papers
            from reference_rows where term <> '{_ALL}' group by 1 order by 1"""
    )
    return Frequencies(found.ints("term").astype(np.int64), found.ints("papers"), int(dict(rows)[_ALL]))


def raw_weights(frequencies: Ints, factors: NDArray[np.float64]) -> NDArray[np.float64]:
    """Weights of terms, from frequencies in halves, before they are divided by the length of their text's vector."""
    return frequencies / (frequencies + 2 * _HALF_FREQUENCY) * factors


def norms(terms: Terms, frequencies: Frequencies, texts: int) -> NDArray[np.float64]:
    """The length of the vector of each of ``texts`` texts, by number; 0 without terms."""
    weights = raw_weights(terms.frequencies, frequencies.factors(terms.terms))
    return np.sqrt(np.bincount(terms.rows, weights * weights, texts))


def weights(frequencies: Ints, factors: NDArray[np.float64], lengths: NDArray[np.float64]) -> NDArray[np.float64]:
    """Weights as whole numbers of ``1 / UNIT``; ``lengths`` are those of their texts' vectors, by entry."""
    shares = np.divide(raw_weights(frequencies, factors), lengths, out=np.zeros(len(lengths)), where=lengths > 0)
    whole: NDArray[np.float64] = np.rint(UNIT * shares)
    return whole


def scores(products: NDArray[Any]) -> Ints:
    """Products of vectors as whole ten thousandths of the cosine, at most 10,000."""
    wide = products.astype(np.int64)
    return np.minimum((wide * 10_000 + UNIT * UNIT // 2) // (UNIT * UNIT), 10_000)


def count_reference(database: Path) -> int:
    """Write the reference from the papers of a published file; returns the number of its terms."""
    import duckdb

    with duckdb.connect(str(database), read_only=True) as connection:
        connection.execute("use marts")
        lists = [search_macros().search_terms(column) for column in ("title", "abstract")]
        both = " || ".join(f"{terms} || {search_macros().search_pairs(terms)}" for terms in lists)
        rows = connection.execute(
            f"""select term, count(*) from (
                    select unnest(list_distinct({both})) as term
                    from (select title, coalesce(abstract, '') as abstract from dim_papers)
                ) group by 1
                having count(*) >= case when contains(term, ' ') then {MIN_PAIR_PAPERS} else {MIN_WORD_PAPERS} end
                order by 1"""
        ).fetchall()
        papers = connection.execute("select count(*) from dim_papers").fetchall()
    with REFERENCE.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file, lineterminator="\n").writerows([("term", "papers"), (_ALL, papers[0][0]), *rows])
    return len(rows)


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    print(f"{count_reference(Path(sys.argv[1])):,} terms in {REFERENCE}")
