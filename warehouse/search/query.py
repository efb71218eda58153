"""Search and related papers of the published file: ``marts.search(query)`` and ``marts.related_papers`` with the facts
that a reader needs of each paper.

The index and the query's syntax live in the file itself (``dbt_project/macros/search.sql``), so that any client of
DuckDB has the same search. Not here: how related papers are computed (``related``).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

import duckdb

from sources.daily_papers.ids import canonical_id
from warehouse.errors import InputError
from warehouse.publication.publish import read_published
from warehouse.settings import Settings

_QUERY = """
    -- The rows of the macro are in order.
    with found as (select * from search($query) limit $limit)
    select
        found.paper_id, found.score, papers.display_title, papers.upvotes, papers.first_listed_on, papers.author_count,
        papers.hf_url, coalesce(authors.names, []) as names
    from found
    inner join dim_papers as papers using (paper_id)
    left join (
        select paper_id, list(readable_name order by position) as names
        from bridge_paper_authors where paper_id in (select paper_id from found) group by paper_id
    ) as authors using (paper_id)
    order by found.score desc, found.paper_id
"""


@dataclass(frozen=True)
class Hit:
    """A paper that matches. ``score`` compares papers of one query; ``upvotes`` is the last count observed."""

    paper_id: str
    score: float
    title: str
    upvotes: int | None
    first_listed_on: date | None
    author_count: int | None
    url: str | None
    authors: list[str]


def search(settings: Settings, query: str, limit: int) -> list[Hit]:
    """The best ``limit`` papers for a query, best first.

    Raises InputError when the query can't be read, nothing is published, or the file has no index.
    """
    with read_published(settings) as connection:
        rows = _search(settings, connection, _QUERY, {"query": query, "limit": limit})
    return [Hit(*row) for row in rows]


def matching_papers(settings: Settings, connection: duckdb.DuckDBPyConnection, query: str) -> set[str]:
    """The ids of all papers that match a query, of an open published file. Raises InputError as ``search`` does."""
    return {
        row[0] for row in _search(settings, connection, "select paper_id from marts.search($query)", {"query": query})
    }


def _search(settings: Settings, connection: duckdb.DuckDBPyConnection, sql: str, values: dict[str, Any]) -> list[Any]:
    try:
        rows: list[Any] = connection.execute(sql, values).fetchall()
        return rows
    except duckdb.InvalidInputException as error:
        raise InputError(str(error).removeprefix("Invalid Input Error: ")) from None
    except duckdb.CatalogException:
        raise InputError(
            f"{settings.published_database} has no search index: `papers rebuild` with DuckDB makes one."
        ) from None


_SIMILAR = """
    select related.rank, related.related_paper_id, related.score, related.shared_terms, papers.display_title,
        papers.upvotes, papers.first_listed_on, papers.hf_url
    from related_papers as related
    inner join dim_papers as papers on related.related_paper_id = papers.paper_id
    where related.paper_id = $paper_id
    order by related.rank
    limit $limit
"""


@dataclass(frozen=True)
class Related:
    """A related paper. ``score`` is the cosine similarity, 0 to 1; ``shared_terms`` explain it, the strongest first."""

    rank: int
    paper_id: str
    score: float
    shared_terms: str
    title: str
    upvotes: int | None
    first_listed_on: date | None
    url: str | None


def similar(settings: Settings, paper: str, limit: int) -> tuple[str, str, list[Related]]:
    """The id and title of a paper (an id, or an address with it), and its related papers, best first.

    Raises InputError when the paper is unknown, nothing is published, or the file has no related papers.
    """
    paper_id = canonical_id(paper) or paper
    with read_published(settings) as connection:
        titles = connection.execute("select display_title from dim_papers where paper_id = $1", [paper_id]).fetchall()
        if not titles:
            raise InputError(f"No paper has the id {paper!r}: `papers search WORDS` prints ids.")
        try:
            rows = connection.execute(_SIMILAR, {"paper_id": paper_id, "limit": limit}).fetchall()
        except duckdb.CatalogException:
            raise InputError(
                f"{settings.published_database} has no related papers: `papers rebuild` with DuckDB makes them."
            ) from None
    return paper_id, titles[0][0], [Related(*row) for row in rows]
