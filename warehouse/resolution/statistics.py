"""How common names, words and keywords are, which decides how likely a coincidence is.

The pipeline uses a *reference* that ships with the code and does not change with the data. With counts of the warehouse
itself, each new day would change authors that it does not affect, and a rebuild would differ from the daily runs. The
reference holds counts of name tokens, words and keywords, no name of a person. A labelled set has names and words of
its own field: its own counts are used there, blended with the reference while the set is small.
"""

from __future__ import annotations

import json
import math
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from warehouse.resolution.census import CensusNames, census_names
from warehouse.resolution.names import Relation, parse, unumlaut
from warehouse.resolution.text import keyword_key, words

if TYPE_CHECKING:
    from warehouse.resolution.corpus import Corpus

REFERENCE = Path(__file__).with_name("reference.json")
#: Distinct names among which namesakes are expected. Fixed, so that small and large sets have the same scale.
POPULATION = 30_000.0
#: Lower counts are not shipped: they are many, and all mean "rare".
MIN_COUNT = 3
#: Log odds of one shared co-author with a unique name; about ln(papers / 2) of the reference.
COAUTHOR_BASE = 8.0
#: A labelled set of so many distinct names weighs its own counts and the reference equally; a larger one its own more.
BLENDING_NAMES = 1_000.0
KINDS = ("title", "keywords", "organization")


@dataclass
class WordCounts:
    """The number of texts that contain each word."""

    texts: float = 0
    counts: Counter[str] = field(default_factory=Counter)

    def add(self, texts: Iterable[Iterable[str]]) -> None:
        for text in texts:
            found = set(text)
            if found:
                self.texts += 1
                self.counts.update(found)

    def rarity(self, word: str) -> float:
        """-ln of the share of texts with the word. A word that two texts share is in two texts at least."""
        return math.log((self.texts + 1) / max(self.counts[word], 2))


@dataclass
class Statistics:
    """Counts over distinct names and over papers."""

    names: float = 0
    tokens: Counter[str] = field(default_factory=Counter)
    first: Counter[str] = field(default_factory=Counter)
    papers: float = 0
    authors: float = 0
    words: dict[str, WordCounts] = field(default_factory=lambda: {kind: WordCounts() for kind in KINDS})
    census: CensusNames = field(default_factory=census_names)

    def __post_init__(self) -> None:
        self._prefixes: Counter[str] | None = None

    # -- reading ---------------------------------------------------------------------------

    @property
    def authors_a_paper(self) -> float:
        return max(1.0, self.authors / max(1, self.papers))

    @property
    def prefixes(self) -> Counter[str]:
        """Letters → the number of first names that start with them."""
        if self._prefixes is None:
            self._prefixes = Counter()
            for token, count in self.first.items():
                for length in range(1, len(token) + 1):
                    self._prefixes[token[:length]] += count
        return self._prefixes

    def chance(self, relation: Relation) -> float:
        """The probability that another person's name fits too. Times ``POPULATION``: the expected namesakes.

        The probability by these counts plus that by the census (``census.CensusNames``): a field holds people with the
        names of its listings, and people with names that are common in the world and rare in its listings so far.
        """
        own = 1 if relation.rule == "same" else 2
        chance = 1.0
        for how, token in relation.shared:
            if how == "initial" or len(token) == 1:
                count = self.prefixes[token[0]]
            elif how == "short":
                count = max(self.prefixes[token], self.tokens[unumlaut(token)])
            else:
                count = self.tokens[unumlaut(token)]
            chance *= max(count - own, 0.5) / max(1, self.names)
        return chance + self.census.chance(relation)

    def coauthor_weight(self, key: str) -> float:
        """Log odds that a shared co-author with this key (``coauthor_key``) is no coincidence."""
        share = POPULATION
        for token in {unumlaut(word) for word in key.split(" ")}:
            count = max(self.tokens[token] - 1, 0.5) if len(token) > 1 else self.prefixes[token]
            share *= count / max(1, self.names)
        return max(COAUTHOR_BASE - math.log1p(share), 0.5)

    # -- counting --------------------------------------------------------------------------

    def add(self, corpus: Corpus) -> None:
        """Add the counts of a corpus."""
        listed = {name for paper in corpus.papers for name in paper.authors} | {m.name for m in corpus.mentions}
        sound = {n.units: n for n in map(parse, sorted(listed)) if n.sound}
        self.names += len(sound)
        for name in sound.values():
            self.tokens.update({unumlaut(t) for t in (*name.units, name.surname)})
            self.first[name.units[0]] += 1
        sizes = [len(set(paper.authors)) for paper in corpus.papers]
        self.papers += sum(1 for size in sizes if size)
        self.authors += sum(sizes)
        self.words["title"].add(words(paper.title) for paper in corpus.papers)
        self.words["keywords"].add([keyword_key(k) for k in paper.keywords] for paper in corpus.papers)
        self.words["organization"].add(words(m.organization) for m in corpus.mentions)
        self._prefixes = None

    def scaled(self, share: float) -> Statistics:
        """The same rates, from this share of the names and papers."""

        def scale(counts: Counter[str]) -> Counter[str]:
            return Counter({key: value * share for key, value in counts.items()})

        return Statistics(
            self.names * share,
            scale(self.tokens),
            scale(self.first),
            self.papers * share,
            self.authors * share,
            {kind: WordCounts(w.texts * share, scale(w.counts)) for kind, w in self.words.items()},
        )

    def save(self, path: Path) -> None:
        """Write the counts as JSON, rare ones left out."""

        def common(counts: Counter[str]) -> dict[str, int]:
            return {k: v for k, v in sorted(counts.items()) if v >= MIN_COUNT}

        facts = {
            **{k: getattr(self, k) for k in ("names", "papers", "authors")},
            "tokens": common(self.tokens),
            "first": common(self.first),
            "words": {k: {"texts": w.texts, "counts": common(w.counts)} for k, w in self.words.items()},
        }
        lines = [f"{json.dumps(key)}: {json.dumps(value, ensure_ascii=False)}" for key, value in facts.items()]
        path.write_text("{\n" + ",\n".join(lines) + "\n}\n", encoding="utf-8")


def reference() -> Statistics:
    """The counts that the pipeline uses."""
    facts = json.loads(REFERENCE.read_text(encoding="utf-8"))
    return Statistics(
        names=facts["names"],
        tokens=Counter(facts["tokens"]),
        first=Counter(facts["first"]),
        papers=facts["papers"],
        authors=facts["authors"],
        words={k: WordCounts(w["texts"], Counter(w["counts"])) for k, w in facts["words"].items()},
    )


def statistics_of(corpus: Corpus) -> Statistics:
    """The counts of a labelled set, blended with the reference while the set is small."""
    own = Statistics()
    own.add(corpus)
    counts = reference().scaled(BLENDING_NAMES / (BLENDING_NAMES + own.names))
    counts.add(corpus)
    return counts
