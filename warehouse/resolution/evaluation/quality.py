"""Measures the published accuracy, `dbt_project/seeds/resolution_quality.csv`, and finds drops of it.

``python -m warehouse.resolution.evaluation.quality FOLDER`` measures the labelled sets of FOLDER
(docs/resolution.md) and the invented one that ships, and writes the seed, which a person reviews. Runs of the
pipeline don't measure.
"""

from __future__ import annotations

import csv
import sys
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

from warehouse.errors import InputError
from warehouse.resolution.evaluation.benchmarks import read_set
from warehouse.resolution.evaluation.evaluate import evaluate_file
from warehouse.resolution.evaluation.interchange import scored
from warehouse.resolution.evaluation.score import Evaluation, evaluate
from warehouse.resolution.names import fold
from warehouse.settings import DBT_PROJECT

SEED = DBT_PROJECT / "seeds" / "resolution_quality.csv"
COLUMNS = ("labelled_set", "measure", "value", "baseline", "mentions", "persons", "method")
#: The leading measure of a set (B-cubed F1; for AMiner the mean pairwise F1 over names) may fall by this.
MAX_DROP = 0.005


@dataclass(frozen=True, slots=True)
class LabelledSet:
    """A labelled set: its path in the folder, and its leading measure."""

    place: str
    method: str
    hide_accounts: bool = False
    leading: str = "b3_f1"


SETS = {
    "listings, accounts hidden": LabelledSet(
        "listings", "a claimed account is a person; the resolver does not see it", hide_accounts=True
    ),
    "listings, accounts visible": LabelledSet(
        "listings", "a claimed account is a person; the resolver sees it, so this is circular"
    ),
    "AMiner": LabelledSet(
        "normalization/aminer110",
        "53 ambiguous names; the number of persons is not given",
        leading="macro_pairwise_f1",
    ),
    "ACL name variants": LabelledSet("normalization/acl_name_variants.json", "names only: no paper, no co-author"),
    "invented": LabelledSet(
        str(Path(__file__).parents[2] / "sample" / "labelled_mentions.jsonl"), "ships with the code; of no field"
    ),
}


@dataclass(frozen=True, slots=True)
class Quality:
    """One row of the seed. ``baseline`` is the same measure where equal folded names are one person."""

    labelled_set: str
    measure: str
    value: float
    baseline: float
    mentions: int
    persons: int
    method: str


def measures(evaluation: Evaluation) -> dict[str, float]:
    """The score over all mentions, and the mean of the pairwise F1 over blocks, to four digits."""
    found = {**asdict(evaluation.overall), "macro_pairwise_f1": evaluation.macro.pairwise_f1}
    return {measure: round(value, 4) for measure, value in found.items()}


def measure(folder: Path, name: str) -> list[Quality]:
    """Measure one set of the folder, with what ``papers evaluate`` runs."""
    labelled = SETS[name]
    file = folder / labelled.place
    evaluation = evaluate_file(file, hide_accounts=labelled.hide_accounts).evaluation
    rows = read_set(file)
    folded = evaluate(scored(rows, {row.mention_id: fold(row.name) for row in rows}))
    baseline = measures(folded)
    return [
        Quality(name, which, value, baseline[which], evaluation.mentions, evaluation.persons, labelled.method)
        for which, value in measures(evaluation).items()
    ]


def published(seed: Path = SEED) -> dict[tuple[str, str], Quality]:
    """The rows of the seed, by set and measure."""
    with seed.open(encoding="utf-8", newline="") as file:
        rows = [
            Quality(
                row["labelled_set"],
                row["measure"],
                float(row["value"]),
                float(row["baseline"]),
                int(row["mentions"]),
                int(row["persons"]),
                row["method"],
            )
            for row in csv.DictReader(file)
        ]
    return {(row.labelled_set, row.measure): row for row in rows}


def drops(now: list[Quality], before: dict[tuple[str, str], Quality]) -> Iterator[str]:
    """A sentence for each leading measure that fell by more than ``MAX_DROP``."""
    for row in now:
        was = before[row.labelled_set, row.measure].value
        if row.measure == SETS[row.labelled_set].leading and row.value < was - MAX_DROP:
            yield f"{row.labelled_set}: {row.measure} fell from {was} to {row.value}."


def table(figures: dict[tuple[str, str], Quality]) -> str:
    """The figures as the table that README.md and docs/resolution.md show."""

    def parts(name: str, *which: str) -> str:
        return " / ".join(f"{figures[name, one].value:.4f}".removeprefix("0") for one in which)

    lines = [
        "| set | scored | B-cubed P / R / F1 | pairwise P / R / F1 | pairwise F1, mean over names "
        "| F1 of folded names alone: B-cubed, pairwise, mean |",
        "|---|---|---|---|---|---|",
    ]
    for name in SETS:
        row = figures[name, "b3_f1"]
        alone = ", ".join(
            f"{figures[name, one].baseline:.4f}".removeprefix("0")
            for one in ("b3_f1", "pairwise_f1", "macro_pairwise_f1")
        )
        lines.append(
            f"| {name} | {row.mentions:,} mentions, {row.persons:,} persons "
            f"| {parts(name, 'b3_precision', 'b3_recall', 'b3_f1')} "
            f"| {parts(name, 'pairwise_precision', 'pairwise_recall', 'pairwise_f1')} "
            f"| {parts(name, 'macro_pairwise_f1')} | {alone} |"
        )
    return "\n".join(lines)


def main(arguments: list[str]) -> int:
    """Measure every set and write the seed; returns the exit code."""
    if len(arguments) != 1:
        print(__doc__, file=sys.stderr)
        return 2
    try:
        rows = [row for name in SETS for row in measure(Path(arguments[0]), name)]
    except (OSError, InputError) as error:
        print(f"Nothing is written: {error}", file=sys.stderr)
        return 2
    with SEED.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, COLUMNS, lineterminator="\n")
        writer.writeheader()
        writer.writerows(asdict(row) for row in rows)
    print(f"{table(published())}\n{len(rows)} figures in {SEED}; README.md and docs/resolution.md show the table.")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
