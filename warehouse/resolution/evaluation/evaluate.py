"""The pipeline's resolver on a labelled set: what ``papers evaluate`` runs."""

from __future__ import annotations

import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from warehouse.resolution.evaluation.benchmarks import read_set
from warehouse.resolution.evaluation.interchange import corpus_of, scored, write_predictions
from warehouse.resolution.evaluation.score import Evaluation, evaluate
from warehouse.resolution.incremental.resolve import version
from warehouse.resolution.resolver import resolve
from warehouse.resolution.statistics import statistics_of


@dataclass(frozen=True, slots=True)
class Measured:
    """The score of a set, and how it was measured."""

    file: str
    resolved: int
    accounts_hidden: bool
    seconds: float
    evaluation: Evaluation

    def facts(self) -> dict[str, Any]:
        """As a JSON object: counts, then ``overall`` and ``macro``."""
        return {
            "file": self.file,
            "resolved_mentions": self.resolved,
            "accounts_hidden": self.accounts_hidden,
            "seconds": round(self.seconds, 2),
            "resolver_version": version(),
            **asdict(self.evaluation),
        }


def evaluate_file(file: Path, *, hide_accounts: bool = False, predictions: Path | None = None) -> Measured:
    """Resolve all mentions of a set and score those whose person is known; write the predictions if a path is given."""
    rows = read_set(file)
    start = time.monotonic()
    corpus = corpus_of(rows, hide_accounts=hide_accounts)
    decided = {d.mention_id: d.cluster for d in resolve(corpus, statistics_of(corpus))}
    seconds = time.monotonic() - start
    if predictions is not None:
        write_predictions(predictions, {row.mention_id: decided[row.mention_id] for row in rows})
    return Measured(str(file), len(rows), hide_accounts, seconds, evaluate(scored(rows, decided)))
