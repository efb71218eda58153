"""Related papers on a labelled set: what ``papers evaluate --related`` runs.

A line of a set is a query: ``query`` (its name), ``id``, ``title``, ``abstract``, and ``candidates``, each with ``id``,
``title``, ``abstract`` and ``relevance`` from 0 to 3. The weights are the pipeline's (``vectors``), with the document
frequencies of the set's own texts in the place of the frozen reference, which is of another field and time.

The measure is the mean NDCG (Järvelin & Kekäläinen 2002) of the first 20 % of each pool, with a gain of 2^r − 1.
"""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
from scipy import sparse

from warehouse.errors import InputError
from warehouse.resolution.incremental.engine import DuckDB
from warehouse.search.vectors import Frequencies, norms, read_terms, scores, weights

_MAX_RELEVANCE = 3


@dataclass(frozen=True)
class Candidate:
    """A paper of a pool; ``text`` is the number of its title and abstract in the set."""

    id: str
    text: int
    relevance: int


@dataclass(frozen=True)
class Query:
    """A query of a set with its pool of candidates."""

    name: str
    text: int
    candidates: list[Candidate]


@dataclass(frozen=True)
class Measured:
    """The scores of a set, from 0 to 1 by candidate, and the NDCG of each query."""

    queries: list[Query]
    scores: list[list[float]]
    ndcg: list[float]

    @property
    def mean_ndcg(self) -> float:
        """The figure: the mean over the queries."""
        return sum(self.ndcg) / len(self.ndcg)

    def facts(self) -> dict[str, Any]:
        """As a JSON object: counts, the mean NDCG, and that of each query."""
        by_query = {query.name: round(value, 4) for query, value in zip(self.queries, self.ndcg, strict=True)}
        return {
            "queries": len(self.queries),
            "candidates": sum(len(query.candidates) for query in self.queries),
            "ndcg_20_percent": round(self.mean_ndcg, 4),
            "by_query": by_query,
        }


def evaluate_related(file: Path, predictions: Path | None = None) -> Measured:
    """Score every candidate of a set, and write ``query``, ``id`` and ``score`` of each if a path is given.

    Raises InputError for a file or a line that is no such set.
    """
    texts: dict[tuple[str, str], int] = {}
    queries = _read(file, texts)
    found = [
        [number / 10_000 for number in pool]
        for pool in _scores(list(texts), [(q.text, [c.text for c in q.candidates]) for q in queries])
    ]
    measured = Measured(queries, found, [_ndcg_of(query, pool) for query, pool in zip(queries, found, strict=True)])
    if predictions is not None:
        lines = [
            json.dumps({"query": query.name, "id": candidate.id, "score": score}, ensure_ascii=False)
            for query, pool in zip(queries, found, strict=True)
            for candidate, score in zip(query.candidates, pool, strict=True)
        ]
        predictions.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    return measured


def ndcg(relevances: Sequence[int]) -> float:
    """NDCG of the first 20 % (rounded up) of a ranked pool; 0 where nothing is relevant."""
    places = math.ceil(len(relevances) / 5)

    def gain(ranked: Sequence[int]) -> float:
        return math.fsum((2**r - 1) / math.log2(place + 2) for place, r in enumerate(ranked[:places]))

    ideal = gain(sorted(relevances, reverse=True))
    return gain(relevances) / ideal if ideal else 0.0


def _ndcg_of(query: Query, pool: list[float]) -> float:
    ranked = sorted(zip(pool, query.candidates, strict=True), key=lambda pair: (-pair[0], pair[1].id))
    return ndcg([candidate.relevance for _, candidate in ranked])


def _scores(texts: list[tuple[str, str]], pools: list[tuple[int, list[int]]]) -> list[list[int]]:
    """The scores of each pool in ten thousandths; texts are (title, abstract)."""
    with duckdb.connect() as connection:
        engine = DuckDB(connection)
        rows = [(str(number), *text) for number, text in enumerate(texts)]
        engine.load("texts", ("number", "title", "abstract"), rows)
        terms = read_terms(engine, "select cast(number as bigint) as number, title, abstract from texts")
    known, columns, counts = np.unique(terms.terms, return_inverse=True, return_counts=True)
    frequencies = Frequencies(known, counts, len(texts))
    lengths = norms(terms, frequencies, len(texts))
    values = weights(terms.frequencies, frequencies.factors(known)[columns], lengths[terms.rows])
    matrix = sparse.csr_matrix((values, (terms.rows, columns)), shape=(len(texts), len(known)))
    return [scores((matrix[pool] @ matrix[text].T).toarray().ravel()).tolist() for text, pool in pools]


def _read(file: Path, texts: dict[tuple[str, str], int]) -> list[Query]:
    try:
        lines = file.read_text(encoding="utf-8").splitlines()
    except OSError as error:
        raise InputError(f"{file} can't be read ({error.strerror}).") from None
    except UnicodeDecodeError:
        raise InputError(f"{file} is not UTF-8 text: give JSON Lines.") from None
    queries = []
    names = set()
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        try:
            query = _query(json.loads(line), texts)
            if query.name in names:
                raise _Malformed(f"query {query.name!r} came before")
        except (ValueError, RecursionError) as error:
            why = str(error) if isinstance(error, _Malformed) else "no JSON"
            raise InputError(
                f"{file}, line {number}: {why}. A line is an object with query, title, abstract and candidates, each"
                f" with id, title, abstract and relevance from 0 to {_MAX_RELEVANCE}."
            ) from None
        names.add(query.name)
        queries.append(query)
    if not queries:
        raise InputError(f"{file} has no query: give JSON Lines, one query a line.")
    return queries


class _Malformed(ValueError):
    """What is wrong with a line, in words."""


def _query(line: Any, texts: dict[tuple[str, str], int]) -> Query:
    if not isinstance(line, dict):
        raise _Malformed("no object")
    name, own = _text(line, "query"), _number_of(line, texts)
    pool = line.get("candidates")
    if not isinstance(pool, list) or not pool or not all(isinstance(one, dict) for one in pool):
        raise _Malformed("candidates is no list of objects")
    candidates = []
    for one in pool:
        relevance = one.get("relevance")
        if isinstance(relevance, bool) or relevance not in range(_MAX_RELEVANCE + 1):
            raise _Malformed("a relevance is no whole number from 0 to 3")
        candidates.append(Candidate(_text(one, "id"), _number_of(one, texts), int(relevance)))
    if len({candidate.id for candidate in candidates}) < len(candidates):
        raise _Malformed("two candidates have one id")
    return Query(name, own, candidates)


def _number_of(line: dict[str, Any], texts: dict[tuple[str, str], int]) -> int:
    """The number of a title and abstract; an abstract may be null or missing."""
    abstract = "" if line.get("abstract") is None else _text(line, "abstract")
    return texts.setdefault((_text(line, "title"), abstract), len(texts))


def _text(line: dict[str, Any], name: str) -> str:
    text = line.get(name)
    if not isinstance(text, str):
        raise _Malformed(f"{name} is missing or no text")
    if any("\ud800" <= character <= "\udfff" for character in text):
        raise _Malformed(f"{name} has half of a surrogate pair")
    return text
