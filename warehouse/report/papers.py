"""The papers with a page of their own: those observed more than once, by gain of the last day."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import duckdb

from warehouse.report.curves import Point, points_of
from warehouse.report.rows import fetch

#: Papers with a page of their own. One page draws all others from the compact data, which keeps the site small.
MAX_PAGES = 250
#: Author names on a page; a paper can have thousands.
MAX_AUTHORS = 40
#: Related papers on a page.
MAX_RELATED = 5


@dataclass(frozen=True)
class Author:
    """One author of a paper: the display name, and the name as this paper lists it."""

    name: str
    name_as_listed: str
    paper_count: int


@dataclass(frozen=True)
class RelatedPaper:
    """A related paper, and the terms that it shares with the paper of the page."""

    paper_id: str
    title: str
    shared_terms: str


@dataclass(frozen=True)
class Paper:
    """A paper observed more than once: facts and measures, named as in the public tables."""

    paper_id: str
    title: str
    abstract: str | None
    organization: str | None
    organization_kind: str | None
    parent: str | None
    first_listed_on: date | None
    listing_count: int
    author_count: int | None
    comments: int | None
    github_stars: int | None
    code_url: str | None
    upvotes: int
    observation_count: int
    first_observed_at: datetime
    last_observed_at: datetime
    gain_observed: int
    gain_24h: int | None
    gain_24h_missing_reason: str | None
    gain_7d: int | None
    gain_7d_missing_reason: str | None
    velocity: float | None
    velocity_missing_reason: str | None
    velocity_rank: int | None
    upvote_rank: int
    expected_upvotes: float | None
    attention_rate: float | None
    attention_rate_missing_reason: str | None
    cohort_percentile: float | None
    cohort_size: int | None
    half_life_hours: float | None
    half_life_resolution_hours: float | None
    half_life_missing_reason: str | None
    peak_day: date | None
    peak_day_gain: int | None
    peak_day_missing_reason: str | None
    is_breakout: bool | None
    is_breakout_missing_reason: str | None
    breakout_started_at: datetime | None
    breakout_ended_at: datetime | None
    breakout_score: float | None


_PAPERS = """
    select trends.paper_id, papers.title, left(papers.abstract, 4000) as abstract,
        organizations.display_name as organization, organizations.kind as organization_kind,
        parents.display_name as parent, papers.first_listed_on, papers.listing_count, papers.author_count,
        papers.comments, papers.github_stars,
        coalesce(papers.code_url, 'https://' || papers.repository_id, papers.code_url_as_listed) as code_url,
        trends.upvotes, trends.observation_count,
        trends.first_observed_at, trends.last_observed_at, trends.gain_observed,
        trends.gain_24h, trends.gain_24h_missing_reason, trends.gain_7d, trends.gain_7d_missing_reason,
        trends.velocity, trends.velocity_missing_reason, trends.velocity_rank, trends.upvote_rank,
        trends.expected_upvotes, trends.attention_rate, trends.attention_rate_missing_reason,
        trends.cohort_percentile, trends.cohort_size, trends.half_life_hours, trends.half_life_resolution_hours,
        trends.half_life_missing_reason,
        trends.peak_day, trends.peak_day_gain, trends.peak_day_missing_reason,
        trends.is_breakout, trends.is_breakout_missing_reason,
        trends.breakout_started_at, trends.breakout_ended_at, trends.breakout_score
    from rpt_paper_trends as trends
    inner join dim_papers as papers on trends.paper_id = papers.paper_id
    left join dim_organizations as organizations on papers.organization_id = organizations.organization_id
    left join dim_organizations as parents on organizations.parent_organization_id = parents.organization_id
    where trends.observation_count > 1
    order by trends.gain_24h desc nulls last, trends.last_observed_at desc,
        trends.gain_observed desc nulls last, trends.upvotes desc, trends.first_listed_on nulls last, trends.paper_id
    limit ?"""


def read_papers(connection: duckdb.DuckDBPyConnection) -> list[Paper]:
    """The papers that get a page."""
    return fetch(connection, Paper, _PAPERS, [MAX_PAGES])


def read_points(connection: duckdb.DuckDBPyConnection, paper_ids: Collection[str]) -> dict[str, list[Point]]:
    """Observations and carried days of the given papers, by paper id, in order of time."""
    wanted = [list(paper_ids)]
    observed = _by_paper(
        connection.execute(
            """select paper_id, observed_at, upvotes from fct_upvote_observations
               where upvotes is not null and paper_id in (select unnest(?::varchar[])) order by observed_at""",
            wanted,
        ).fetchall()
    )
    carried = _by_paper(
        connection.execute(
            """select paper_id, day, upvotes from fct_paper_upvotes_daily
               where not is_observed and paper_id in (select unnest(?::varchar[])) order by day""",
            wanted,
        ).fetchall()
    )
    return {paper_id: points_of(pairs, carried.get(paper_id, ())) for paper_id, pairs in observed.items()}


def read_authors(connection: duckdb.DuckDBPyConnection, paper_ids: Collection[str]) -> dict[str, list[Author]]:
    """The first ``MAX_AUTHORS`` authors of the given papers, by paper id, in listed order."""
    found = connection.execute(
        """select bridge.paper_id, authors.display_name, bridge.name_as_listed, authors.paper_count
           from bridge_paper_authors as bridge inner join dim_authors as authors on bridge.author_id = authors.author_id
           where bridge.position <= ? and bridge.paper_id in (select unnest(?::varchar[]))
           order by bridge.paper_id, bridge.position""",
        [MAX_AUTHORS, list(paper_ids)],
    ).fetchall()
    return {paper_id: [Author(*row) for row in rows] for paper_id, rows in _by_paper(found).items()}


def read_related(connection: duckdb.DuckDBPyConnection, paper_ids: Collection[str]) -> dict[str, list[RelatedPaper]]:
    """The first ``MAX_RELATED`` related papers of the given papers, by paper id, most similar first; none in a file
    that another engine than DuckDB built."""
    try:
        found = connection.execute(
            """select related.paper_id, related.related_paper_id, papers.title, related.shared_terms
               from related_papers as related inner join dim_papers as papers
                   on related.related_paper_id = papers.paper_id
               where related.rank <= ? and related.paper_id in (select unnest(?::varchar[]))
               order by related.paper_id, related.rank""",
            [MAX_RELATED, list(paper_ids)],
        ).fetchall()
    except duckdb.CatalogException:
        return {}
    return {paper_id: [RelatedPaper(*row) for row in rows] for paper_id, rows in _by_paper(found).items()}


def _by_paper(rows: list[Any]) -> dict[str, list[Any]]:
    grouped: dict[str, list[Any]] = defaultdict(list)
    for paper_id, *rest in rows:
        grouped[paper_id].append(tuple(rest))
    return grouped
