"""How common names, words and keywords are: what makes a coincidence likely or not.

The pipeline judges by a *reference* that is shipped with the code and never moves with the data. Were the numbers
taken from the warehouse itself, each new day would change them a little, persons that the day does not touch would
change with them, and a rebuild would not agree with the days one by one. It holds aggregated counts of name tokens,
words and keywords, no name of a person. A benchmark has names and words of its own field: there the counts are the
set's own, and the reference fills in as far as the set is small.
"""

from __future__ import annotations

import json
import math
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from warehouse.resolution.names import Relation, parse, unumlaut
from warehouse.resolution.text import keyword_key, words

if TYPE_CHECKING:
    from warehouse.resolution.corpus import Corpus

REFERENCE = Path(__file__).with_name("reference.json")
#: Names among which a namesake is looked for. Fixed: a small set reads as a large one.
POPULATION = 30_000.0
#: Counts below this are not shipped: they say no more than "rare", and there are many of them.
LEAST_COUNT = 3
#: Log odds of one shared co-author whose name nobody else bears; about ln(papers / 2) of the reference.
COAUTHOR_BASE = 8.0
#: A benchmark of so many distinct names trusts its own counts and the reference alike; a larger one its own more.
FADING = 1_000.0
KINDS = ("title", "keywords", "organization")


@dataclass
class WordCounts:
    """In how many texts a word stands."""

    texts: float = 0
    counts: Counter[str] = field(default_factory=Counter)

    def add(self, texts: Iterable[Iterable[str]]) -> None:
        for text in texts:
            found = set(text)
            if found:
                self.texts += 1
                self.counts.update(found)

    def rarity(self, word: str) -> float:
        """-ln of the share of texts with the word. A word that two texts share stands in two at least."""
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

    def __post_init__(self) -> None:
        self._prefixes: Counter[str] | None = None

    # -- asking ----------------------------------------------------------------------------

    @property
    def authors_a_paper(self) -> float:
        return max(1.0, self.authors / max(1, self.papers))

    @property
    def prefixes(self) -> Counter[str]:
        """How many first names begin with some letters."""
        if self._prefixes is None:
            self._prefixes = Counter()
            for token, count in self.first.items():
                for length in range(1, len(token) + 1):
                    self._prefixes[token[:length]] += count
        return self._prefixes

    def chance(self, relation: Relation) -> float:
        """The chance that another person's name would fit too. Times ``POPULATION``: the namesakes to expect."""
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
        return chance

    def coauthor_weight(self, key: str) -> float:
        """Log odds that a shared co-author is no coincidence, of the key that it is found by (``coauthor_key``)."""
        share = POPULATION
        for token in {unumlaut(word) for word in key.split(" ")}:
            count = max(self.tokens[token] - 1, 0.5) if len(token) > 1 else self.prefixes[token]
            share *= count / max(1, self.names)
        return max(COAUTHOR_BASE - math.log1p(share), 0.5)

    # -- learning --------------------------------------------------------------------------

    def learn(self, corpus: Corpus) -> None:
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

    def faded(self, share: float) -> Statistics:
        """The same rates, told from fewer names and papers."""

        def less(counts: Counter[str]) -> Counter[str]:
            return Counter({key: value * share for key, value in counts.items()})

        return Statistics(
            self.names * share,
            less(self.tokens),
            less(self.first),
            self.papers * share,
            self.authors * share,
            {kind: WordCounts(w.texts * share, less(w.counts)) for kind, w in self.words.items()},
        )

    def save(self, path: Path) -> None:
        """Write the counts as JSON, rare ones left out."""

        def common(counts: Counter[str]) -> dict[str, int]:
            return {k: v for k, v in sorted(counts.items()) if v >= LEAST_COUNT}

        facts = {
            **{k: getattr(self, k) for k in ("names", "papers", "authors")},
            "tokens": common(self.tokens),
            "first": common(self.first),
            "words": {k: {"texts": w.texts, "counts": common(w.counts)} for k, w in self.words.items()},
        }
        lines = [f"{json.dumps(key)}: {json.dumps(value, ensure_ascii=False)}" for key, value in facts.items()]
        path.write_text("{\n" + ",\n".join(lines) + "\n}\n", encoding="utf-8")


def reference() -> Statistics:
    """The counts that the pipeline judges by."""
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
    """The counts that a benchmark is judged by: its own, and the reference as far as the set is small."""
    own = Statistics()
    own.learn(corpus)
    counts = reference().faded(FADING / (FADING + own.names))
    counts.learn(corpus)
    return counts
