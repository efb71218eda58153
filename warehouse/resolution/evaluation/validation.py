"""How far the published accuracy can be trusted: names and months that chose no parameter, and each piece of evidence.

Everything here measures; nothing here chooses the parameters of the pipeline. From the command line:

    python -m warehouse.resolution.evaluation.validation names SET        # cross-validation over names
    python -m warehouse.resolution.evaluation.validation ablation SET     # without each piece of evidence
    python -m warehouse.resolution.evaluation.validation months LISTINGS  # month by month, accounts hidden
"""

from __future__ import annotations

import sys
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import product
from pathlib import Path

import numpy as np

from warehouse.errors import InputError
from warehouse.resolution.arrays import components, first_with_same_label
from warehouse.resolution.census import CensusNames, census_names
from warehouse.resolution.corpus import Corpus
from warehouse.resolution.evaluation.benchmarks import first_listed, read_set
from warehouse.resolution.evaluation.interchange import Row, corpus_of, scored
from warehouse.resolution.evaluation.score import Evaluation, evaluate, score
from warehouse.resolution.names import coauthor_key, fold, parse, unumlaut
from warehouse.resolution.parameters import Parameters
from warehouse.resolution.resolver import resolve
from warehouse.resolution.statistics import Statistics, statistics_of

#: Values around those in use, of the parameters that matter most: each choice takes one of each.
GRID: Mapping[str, tuple[float, ...]] = {
    "prior_slope": (0.5, 0.3, 0.7),
    "group_power": (0.5, 0.25, 0.75),
    "no_coauthor": (-0.4, -0.7, -0.1),
    "text_offset": (1.0, 0.75, 1.25),
}
FOLDS = 10
#: Draws of names for an interval.
DRAWS = 10_000
#: Without each piece of evidence: the parameters that make it say nothing.
ABLATIONS: Mapping[str, Mapping[str, float]] = {
    "rarity of the name": {"prior_slope": 0.0},
    "unlinked co-author groups": {"group_power": 0.0},
    "shared co-authors": {"max_coauthors": 0.0, "no_coauthor": 0.0},
    "places in the author lists": {"role_scale": 0.0},
    "organization": {"organization_scale": 0.0, "organization_offset": 0.0, "min_organization": 0.0},
    "words of title and keywords": {"text_scale": 0.0, "text_offset": 0.0, "min_text": 0.0},
    "venue": {"same_venue": 0.0},
    "years": {"year_slope": 0.0},
}

F1ByName = Mapping[str, float]


# -- names -------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Measured:
    """The mean pairwise F1 of names that chose no parameter, with its 95 % interval over the choice of names."""

    names: int
    mean: float
    low: float
    high: float


def choices() -> list[Parameters]:
    """The parameters that the grid has, those in use first."""
    return [_changed(dict(zip(GRID, values, strict=True))) for values in product(*GRID.values())]


def _changed(values: Mapping[str, float]) -> Parameters:
    """The parameters in use, with other values for some."""
    return replace(Parameters(), **values)  # type: ignore[arg-type]  # no whole number is among them


def f1_by_name(rows: Sequence[Row], corpus: Corpus, statistics: Statistics, parameters: Parameters) -> F1ByName:
    """The pairwise F1 inside each name (block) of a labelled set."""
    author_of = {d.mention_id: d.cluster for d in resolve(corpus, statistics, parameters)}
    blocks: dict[str, list[tuple[str, str]]] = defaultdict(list)
    for block, person, author in scored(rows, author_of):
        blocks[block].append((person, author))
    return {block: score(pairs).pairwise_f1 for block, pairs in blocks.items()}


def measure_unseen(figures: Sequence[F1ByName], chosen_on: Iterable[str], measured_on: Iterable[str]) -> F1ByName:
    """The F1 of each name of ``measured_on`` under the choice that is best, in the mean, for those of ``chosen_on``.

    ``figures`` holds the F1 by name of each choice; of equal choices the first counts.
    """
    names = sorted(chosen_on)
    best = max(figures, key=lambda figure: float(np.mean([figure[name] for name in names])))
    return {name: best[name] for name in measured_on}


def cross_validate(figures: Sequence[F1ByName], folds: int = FOLDS) -> Measured:
    """Each tenth of the names under the choice that is best for the other names. The k-th name, in the order of the
    alphabet, is in fold k modulo ``folds``."""
    names = sorted(figures[0])
    unseen: dict[str, float] = {}
    for fold_number in range(min(folds, len(names))):
        held_out = names[fold_number::folds]
        unseen |= measure_unseen(figures, set(names) - set(held_out), held_out)
    return with_interval(unseen)


def with_interval(f1: F1ByName) -> Measured:
    """The mean, and its 2.5th and 97.5th percentile over names drawn with replacement (bootstrap)."""
    values = np.array([f1[name] for name in sorted(f1)])
    draws = np.random.default_rng(0).integers(0, len(values), (DRAWS, len(values)))
    low, high = np.percentile(values[draws].mean(1), [2.5, 97.5])
    return Measured(len(values), float(values.mean()), float(low), float(high))


def is_in_census(name: str) -> bool:
    """Whether the census has the first and the last word of a name as given name and surname."""
    words, census = [unumlaut(word) for word in fold(name).split()], census_names()
    return len(words) > 1 and words[0] in census.given and words[-1] in census.surnames


def validate_names(rows: Sequence[Row]) -> Iterator[tuple[str, Measured]]:
    """The parameters in use; ten folds; and the choice on one kind of names, measured on the other kind."""
    corpus = corpus_of(rows)
    statistics = statistics_of(corpus)
    figures = [f1_by_name(rows, corpus, statistics, choice) for choice in choices()]
    yield "parameters in use", with_interval(figures[0])
    yield f"{FOLDS} folds over names", cross_validate(figures)
    known = {name for name in figures[0] if is_in_census(name)}
    others = figures[0].keys() - known
    if known and others:
        yield "chosen on names of the census, measured on others", with_interval(measure_unseen(figures, known, others))
        yield (
            "chosen on other names, measured on those of the census",
            with_interval(measure_unseen(figures, others, known)),
        )


# -- evidence ----------------------------------------------------------------------------------------------------------


def validate_evidence(rows: Sequence[Row]) -> Iterator[tuple[str, Evaluation]]:
    """The accuracy with all evidence, and without each piece of it; accounts are hidden."""
    corpus = corpus_of(rows, hide_accounts=True)
    counted = statistics_of(corpus)

    def measure(statistics: Statistics, parameters: Parameters) -> Evaluation:
        return evaluate(scored(rows, {d.mention_id: d.cluster for d in resolve(corpus, statistics, parameters)}))

    yield "all evidence", measure(counted, Parameters())
    yield "without the census", measure(replace(counted, census=CensusNames({}, {}, Counter())), Parameters())
    for what, parameters in ABLATIONS.items():
        yield f"without: {what}", measure(counted, _changed(parameters))


# -- months ------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Month:
    """The B-cubed F1 of the mentions with a claimed account that a month added, with what was known at its end.

    ``f1``: of the resolver; ``f1_of_folded_names``: where equal folded names are one person;
    ``f1_of_persons``: of the resolver, where two accounts with one folded name and a shared co-author are one person.
    """

    month: str
    mentions: int
    f1: float
    f1_of_folded_names: float
    f1_of_persons: float


def score_new(pairs: Sequence[tuple[str, str]], is_new: Sequence[bool]) -> float:
    """The B-cubed F1 (Bagga & Baldwin 1998) of the new mentions: the mean of their precision and recall against all.

    ``pairs``: the true person and the predicted author of each mention.
    """
    true, predicted, both = Counter(t for t, _ in pairs), Counter(p for _, p in pairs), Counter(pairs)
    new = [pair for pair, counts in zip(pairs, is_new, strict=True) if counts]
    precision = float(np.mean([both[pair] / predicted[pair[1]] for pair in new]))
    recall = float(np.mean([both[pair] / true[pair[0]] for pair in new]))
    return 2 * precision * recall / (precision + recall)


def persons_of_accounts(rows: Iterable[Row]) -> dict[str, str]:
    """Account → the first account of the same person: accounts with one folded name and a shared co-author are one."""
    claimed = [row for row in rows if row.person not in (None, "")]
    accounts = sorted({str(row.person) for row in claimed})
    place = {account: number for number, account in enumerate(accounts)}
    first: dict[tuple[str, str], int] = {}
    links = [
        (
            first.setdefault((fold(row.name), coauthor_key(parse(coauthor))), place[str(row.person)]),
            place[str(row.person)],
        )
        for row in claimed
        for coauthor in row.coauthors or ()
    ]
    one, other = np.array(links, np.int64).reshape(-1, 2).T
    places = np.arange(len(accounts))
    firsts = first_with_same_label(components(len(accounts), one, other), places)
    return {account: accounts[number] for account, number in zip(accounts, firsts.tolist(), strict=True)}


def validate_months(folder: Path) -> Iterator[Month]:
    """Saved listings, resolved at the end of each month from all that was listed until then; accounts are hidden."""
    month_of = {paper: date[:7] for paper, date in first_listed(folder).items()}
    rows = read_set(folder)
    persons = persons_of_accounts(rows)
    for month in sorted(set(month_of.values())):
        listed = [row for row in rows if month_of[str(row.paper_id)] <= month]
        claimed = [row for row in listed if row.person not in (None, "")]
        is_new = [month_of[str(row.paper_id)] == month for row in claimed]
        if not any(is_new):
            continue
        corpus = corpus_of(listed, hide_accounts=True)
        author_of = {d.mention_id: d.cluster for d in resolve(corpus)}
        accounts = [str(row.person) for row in claimed]
        authors = [author_of[row.mention_id] for row in claimed]
        names = [fold(row.name) for row in claimed]
        yield Month(
            month,
            sum(is_new),
            score_new(list(zip(accounts, authors, strict=True)), is_new),
            score_new(list(zip(accounts, names, strict=True)), is_new),
            score_new([(persons.get(a, a), author) for a, author in zip(accounts, authors, strict=True)], is_new),
        )


# -- the command -------------------------------------------------------------------------------------------------------


def lines(what: str, path: Path) -> Iterator[str]:
    """The rows of a Markdown table of docs/resolution.md."""
    if what == "names":
        yield "| parameters | names | pairwise F1, mean over names | 95 % interval |\n|---|---|---|---|"
        for label, found in validate_names(read_set(path)):
            yield f"| {label} | {found.names} | {_short(found.mean)} | {_short(found.low)} to {_short(found.high)} |"
    elif what == "ablation":
        yield "| evidence | B-cubed F1 | pairwise F1 | pairwise F1, mean over names |\n|---|---|---|---|"
        for label, result in validate_evidence(read_set(path)):
            figures = (result.overall.b3_f1, result.overall.pairwise_f1, result.macro.pairwise_f1)
            yield f"| {label} | {' | '.join(map(_short, figures))} |"
    else:
        yield "| month | new mentions | B-cubed F1 | of folded names | of persons |\n|---|---|---|---|---|"
        for month in validate_months(path):
            figures = (month.f1, month.f1_of_folded_names, month.f1_of_persons)
            yield f"| {month.month} | {month.mentions} | {' | '.join(map(_short, figures))} |"


def _short(figure: float) -> str:
    return f"{figure:.4f}".removeprefix("0")


def main(arguments: list[str]) -> int:
    """Print one of the tables; returns the exit code."""
    if len(arguments) != 2 or arguments[0] not in ("names", "ablation", "months"):
        print(__doc__, file=sys.stderr)
        return 2
    try:
        for line in lines(arguments[0], Path(arguments[1])):
            print(line, flush=True)
    except (OSError, InputError) as error:
        print(error, file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
