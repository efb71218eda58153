"""B-cubed (Bagga & Baldwin 1998) and pairwise precision, recall and F1; overall, and as the mean over blocks.

Only mentions with a known person count. A block is the ambiguous name that a set is made around
(``interchange.block_of``).
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass


@dataclass(frozen=True, slots=True)
class Score:
    """Precision, recall and F1 by mention (``b3``) and by pair of mentions."""

    b3_precision: float
    b3_recall: float
    b3_f1: float
    pairwise_precision: float
    pairwise_recall: float
    pairwise_f1: float


@dataclass(frozen=True, slots=True)
class Evaluation:
    """The score over all scored mentions, and the mean of the scores inside each block."""

    mentions: int
    persons: int
    clusters: int
    blocks: int
    overall: Score
    macro: Score


def _f1(precision: float, recall: float) -> float:
    return 2 * precision * recall / (precision + recall) if precision + recall else 0.0


def _pairs(sizes: Iterable[int]) -> int:
    return sum(n * (n - 1) // 2 for n in sizes)


def score(pairs: Sequence[tuple[str, str]]) -> Score:
    """Score (true person, predicted author) pairs, one per mention."""
    true, predicted = Counter(t for t, _ in pairs), Counter(p for _, p in pairs)
    both = Counter(pairs)
    n = max(1, len(pairs))
    b3_precision = sum(k * k / predicted[p] for (_, p), k in both.items()) / n
    b3_recall = sum(k * k / true[t] for (t, _), k in both.items()) / n
    together, guessed, right = _pairs(true.values()), _pairs(predicted.values()), _pairs(both.values())
    precision = right / guessed if guessed else 1.0
    recall = right / together if together else 1.0
    return Score(b3_precision, b3_recall, _f1(b3_precision, b3_recall), precision, recall, _f1(precision, recall))


def evaluate(scored: Iterable[tuple[str, str, str]]) -> Evaluation:
    """Score (block, true person, predicted author) over everything, and the mean over blocks."""
    rows: list[tuple[str, str]] = []
    blocks: dict[str, list[tuple[str, str]]] = defaultdict(list)
    for block, person, author in scored:
        rows.append((person, author))
        blocks[block].append((person, author))
    each = [asdict(score(block)) for block in blocks.values()]
    mean = {key: sum(one[key] for one in each) / len(each) for key in each[0]} if each else asdict(score([]))
    return Evaluation(
        mentions=len(rows),
        persons=len({person for person, _ in rows}),
        clusters=len({author for _, author in rows}),
        blocks=len(blocks),
        overall=score(rows),
        macro=Score(**mean),
    )
