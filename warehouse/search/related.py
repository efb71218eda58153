"""Related papers: the ten most similar texts of each paper, by the cosine of their vectors (``vectors``).

A build computes the lists that new and changed texts can affect, and equals a full one row for row:

- the lists of new and changed texts;
- those that hold a paper that is no more, or whose text changed;
- those of papers with a term that became common or ceased to be;
- those whose last place a new text takes.

A common term is not compared, which bounds the time and memory of a build at any number of papers. Whether a term is
common is counted on the first papers by id, as many as the largest power of two (4,096 of 6,000). Ids grow with time,
so the papers of a day hardly ever change it.

Not here: the weights of terms, and the published rows (``related_papers.sql``).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from scipy import sparse

from warehouse.resolution.incremental.engine import Engine, Ints
from warehouse.search.vectors import (
    Terms,
    norms,
    read_reference,
    read_terms,
    scores,
    weights,
)

MAX_RELATED = 10
#: A term is common if more of the counted papers have it than this. On 3,110 papers, leaving out the terms of a tenth
#: of them costs .01 of the share of papers that have a related one with the same keyword.
MAX_PAPERS = 1400
MAX_SHARED_TERMS = 5
#: Terms by which the shared ones are chosen: a word that is in a pair among them is left out.
_EXPLAINING_TERMS = 2 * MAX_SHARED_TERMS
#: Texts whose terms are in memory at once, and rows of a product of matrices.
_TEXTS, _PRODUCT_ROWS = 20_000, 500


def compute_lists(engine: Engine, is_incremental: bool) -> Any:
    """The rows of the model to write, as an Arrow table. Reads the tables that the model registered."""
    import pyarrow as pa

    lists = _Lists(engine, is_incremental)
    tables = [lists.empty()]
    for places in _chunks(lists.affected):
        tables.append(lists.compute(places))
    displaced = np.flatnonzero(lists.is_displaced)
    for places in _chunks(displaced):
        tables.append(lists.compute(places))
    return pa.concat_tables(tables)


class _Lists:
    """The papers of the index in the order of their ids: a place is a paper's index in that order."""

    def __init__(self, engine: Engine, is_incremental: bool):
        self._engine = engine
        self._reference = read_reference(engine)
        engine.materialize(
            "present",
            "select paper_id, cast(paper_number as bigint) as paper_number,"
            " row_number() over (order by paper_id) - 1 as place from indexed",
        )
        engine.materialize("counted", _counted("indexed"))
        if not is_incremental:
            engine.materialize(
                "earlier",
                "select paper_id, cast(0 as bigint) as paper_number, cast(0 as double) as norm,"
                " [''] as related_paper_ids, [cast(0 as bigint)] as scores from present limit 0",
            )
        found = engine.read(
            f"""select present.paper_number, earlier.paper_id is null as is_new, coalesce(earlier.norm, 0) as norm,
                    coalesce(earlier.scores[{MAX_RELATED}], 0) as last_score, coalesce(last.place, -1) as last_place
                from present
                left join earlier using (paper_id, paper_number)
                left join present as last on last.paper_id = earlier.related_paper_ids[{MAX_RELATED}]
                order by present.place"""
        )
        self.ids = engine.read("select paper_id from present order by place").texts("paper_id")
        self._numbers = found.ints("paper_number")
        #: The place of each paper number.
        self._places = np.zeros(self._numbers.max(initial=0) + 1, np.int64)
        self._places[self._numbers] = np.arange(len(self._numbers))
        self._norms = np.array(found.values("norm"), np.float64)
        self.is_new = np.array(found.values("is_new"), bool)
        #: The rank of each list's last place, as ``_ranks`` has it; -1 where a place is free.
        last_score, last_place = found.ints("last_score").astype(np.int64), found.ints("last_place")
        self._last = np.where(last_place >= 0, self._ranks(last_score, last_place), -1)
        self.is_displaced = np.zeros(len(self._numbers), bool)
        self._last_read: tuple[Ints, Terms] | None = None
        for places in _chunks(np.flatnonzero(self.is_new)):
            self._norms[places] = norms(self._terms(places), self._reference, len(places))
        self.is_affected = self.is_new.copy()
        if is_incremental:
            self.is_affected[self._affected_by_others()] = True
        self.affected = np.flatnonzero(self.is_affected)

    def _affected_by_others(self) -> Ints:
        """Places of lists that other papers' new or gone texts affect."""
        self._engine.materialize(
            "changed",
            """select paper_id, coalesce(present.paper_number, earlier.paper_number) as paper_number
               from present full join earlier using (paper_id, paper_number)
               where present.paper_number is null or earlier.paper_number is null""",
        )
        self._engine.materialize("counted_before", _counted("earlier"))
        return self._engine.read(
            f"""with moved as (
                    select coalesce(counted.paper_number, counted_before.paper_number) as paper_number
                    from counted full join counted_before using (paper_number)
                    where counted.paper_number is null or counted_before.paper_number is null
                ),
                crossing as (
                    select term
                    from postings
                    where term in (
                        select term from postings where paper_number in (select paper_number from moved)
                    )
                    group by term
                    having (count(*) filter (where paper_number in (select paper_number from counted)) > {MAX_PAPERS})
                        <> (count(*) filter (where paper_number in (select paper_number from counted_before))
                            > {MAX_PAPERS})
                )
                select distinct place from present
                where paper_number in (select paper_number from postings where term in (select term from crossing))
                    or paper_id in (
                        select paper_id from (select paper_id, unnest(related_paper_ids) as related_id from earlier)
                        where related_id in (select paper_id from changed)
                    )
                order by place"""
        ).ints("place")

    def _ranks(self, found: Ints, places: Ints) -> Ints:
        """Higher is better: by score, then by paper id."""
        return found * len(self._numbers) + (len(self._numbers) - 1 - places)

    def _terms(self, places: Ints) -> Terms:
        """The terms of texts; rows are indices of ``places``. The last ones read are kept: an archive of up to
        ``_TEXTS`` papers is parsed once for the lengths and the lists."""
        if self._last_read is None or not np.array_equal(self._last_read[0], places):
            self._last_read = None
            self._engine.register("wanted", _column("place", places))
            terms = read_terms(
                self._engine,
                "select row_number() over (order by place) - 1 as number, papers.title, papers.abstract from present"
                " inner join papers using (paper_id) where place in (select place from wanted)",
            )
            self._last_read = places, terms
        return self._last_read[1]

    def _others(self, vocabulary: Ints) -> sparse.csr_matrix:
        """All texts × terms of a vocabulary, common terms left out."""
        self._engine.register("vocabulary", _column("term", vocabulary))
        found = self._engine.read(
            f"""with compared as (
                    select term
                    from postings
                    where term in (select cast(term as uinteger) from vocabulary)
                        and paper_number in (select paper_number from present)
                    group by term
                    having count(*) > 1
                        and count(*) filter (where paper_number in (select paper_number from counted)) <= {MAX_PAPERS}
                )
                select term, paper_number,
                    cast(2 * cast(frequency as bigint) + title_frequency as bigint) as frequency
                from postings
                where term in (select term from compared) and paper_number in (select paper_number from present)"""
        )
        numbers, keys = (found.ints(name).astype(np.int64) for name in ("paper_number", "term"))
        places = self._places[numbers]
        columns = np.searchsorted(vocabulary, keys)
        values = weights(found.ints("frequency"), self._reference.factors(vocabulary)[columns], self._norms[places])
        shape = (len(self._numbers), len(vocabulary))
        return sparse.csr_matrix((values, (places, columns)), shape=shape)

    def compute(self, places: Ints) -> Any:
        """The lists of the papers at these places; marks other lists that a new text among them enters."""
        terms = self._terms(places)
        vocabulary, columns = np.unique(terms.terms, return_inverse=True)
        others = self._others(vocabulary)
        values = weights(
            terms.frequencies, self._reference.factors(vocabulary)[columns], self._norms[places][terms.rows]
        )
        texts = sparse.csr_matrix((values, (terms.rows, columns)), shape=(len(places), len(vocabulary)))
        by_term = others.T.tocsr()
        best = []
        for start in range(0, len(places), _PRODUCT_ROWS):
            product = texts[start : start + _PRODUCT_ROWS] @ by_term
            for row in range(product.shape[0]):
                own = places[start + row]
                found = slice(product.indptr[row], product.indptr[row + 1])
                near, score = product.indices[found].astype(np.int64), scores(product.data[found])
                if self.is_new[own]:
                    enters = (self._ranks(score, own) > self._last[near]) & (score > 0)
                    self.is_displaced[near[enters & ~self.is_affected[near]]] = True
                ranks = self._ranks(score, near)[(near != own) & (score > 0)]
                if len(ranks) > MAX_RELATED:
                    ranks = np.partition(ranks, -MAX_RELATED)[-MAX_RELATED:]
                best.append(np.sort(ranks)[::-1])
        return self._table(places, best, _shared_terms(texts, others, best, len(self._numbers), terms, columns))

    def _table(self, places: Ints, best: list[Ints], shared: list[list[str]]) -> Any:
        import pyarrow as pa

        size = len(self._numbers)
        return pa.table(
            {
                "paper_id": pa.array([self.ids[place] for place in places.tolist()], pa.string()),
                "paper_number": pa.array(self._numbers[places].tolist(), pa.int64()),
                "norm": pa.array(self._norms[places].tolist(), pa.float64()),
                "related_paper_ids": pa.array(
                    [[self.ids[size - 1 - rank % size] for rank in ranks.tolist()] for ranks in best],
                    pa.list_(pa.string()),
                ),
                "scores": pa.array([(ranks // size).tolist() for ranks in best], pa.list_(pa.int64())),
                "shared_terms": pa.array(shared, pa.list_(pa.string())),
            }
        )

    def empty(self) -> Any:
        """No rows, with the columns of the table."""
        return self._table(np.zeros(0, np.int64), [], [])


def _counted(papers: str) -> str:
    """A query of the papers by which common terms are counted: the first by id, as many as the largest power of two."""
    return f"""select paper_number
        from (
            select cast(paper_number as bigint) as paper_number, row_number() over (order by paper_id) as position,
                count(*) over () as papers
            from {papers}
        )
        where position <= power(2, floor(log2(papers)))"""


def _column(name: str, values: Ints) -> Any:
    """Whole numbers as an Arrow table with one column, without pyarrow's import of pandas."""
    import pyarrow as pa

    buffer = pa.py_buffer(np.ascontiguousarray(values, np.int64))
    return pa.table({name: pa.Array.from_buffers(pa.int64(), len(values), [None, buffer])})


def _chunks(places: Ints) -> Iterator[Ints]:
    return (places[start : start + _TEXTS] for start in range(0, len(places), _TEXTS))


def _shared_terms(
    texts: sparse.csr_matrix, others: sparse.csr_matrix, best: list[Ints], size: int, terms: Terms, columns: Ints
) -> list[list[str]]:
    """For each text, the terms that it shares with each of its related papers, joined."""
    vocabulary_size = texts.shape[1]
    keys = terms.rows * vocabulary_size + columns  # ascending, as terms are
    shared: list[list[str]] = []
    for start in range(0, len(best), _PRODUCT_ROWS):
        part = best[start : start + _PRODUCT_ROWS]
        rows = np.repeat(np.arange(start, start + len(part)), [len(ranks) for ranks in part])
        near = size - 1 - np.concatenate([*part, np.zeros(0, np.int64)]) % size
        common = texts[rows].multiply(others[near]).tocsr()
        pairs = np.repeat(np.arange(len(rows)), np.diff(common.indptr))
        order = np.lexsort((common.indices, -common.data, pairs))
        order = order[np.arange(len(order)) - common.indptr[pairs] < _EXPLAINING_TERMS]
        places = np.searchsorted(keys, rows[pairs[order]] * vocabulary_size + common.indices[order])
        words = terms.words.take(places)
        ends = np.cumsum(np.minimum(np.diff(common.indptr), _EXPLAINING_TERMS)).tolist()
        explained = iter([_explain(words[start:end]) for start, end in zip([0, *ends], ends, strict=False)])
        shared += [[next(explained) for _ in ranks] for ranks in part]
    return shared


def _explain(first: list[str]) -> str:
    """The first of these terms, without words that a pair among them has."""
    in_pairs = {word for term in first if " " in term for word in term.split()}
    return ", ".join([term for term in first if term not in in_pairs][:MAX_SHARED_TERMS])
