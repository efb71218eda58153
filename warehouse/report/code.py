"""Code that gains stars: the rows of the query ``code_rising``, and why other gains are unknown."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import duckdb

from warehouse.publication.queries import load_queries
from warehouse.report.rows import fetch


@dataclass(frozen=True)
class Repository:
    """A paper's repository. Stars are counts, ``star_rate_per_day`` is stars per day over ``star_rate_days``."""

    rank: int
    paper_id: str
    title: str
    code_url: str
    stars: int
    star_rate_per_day: float
    star_rate_days: float
    stars_gained_24h: int | None
    stars_gained_7d: int | None


@dataclass(frozen=True)
class Reason:
    """Why no rate of a paper's code is known, and of how many papers."""

    reason: str
    papers: int


@dataclass(frozen=True)
class Code:
    """The page's facts. ``papers`` have a code repository, ``measured`` of them a known rate of stars."""

    papers: int
    measured: int
    repositories: list[Repository]
    reasons: list[Reason]
    as_of: datetime | None


def read_code(connection: duckdb.DuckDBPyConnection) -> Code:
    """The repositories that gain stars fastest."""
    papers, measured, as_of = connection.execute(
        "select count(*), count(star_rate_per_day), max(as_of) from rpt_code_trends"
    ).fetchall()[0]
    return Code(
        papers,
        measured,
        fetch(connection, Repository, load_queries()["code_rising"].sql),
        fetch(
            connection,
            Reason,
            """select star_rate_per_day_missing_reason as reason, count(*) as papers from rpt_code_trends
               where star_rate_per_day is null group by reason order by papers desc, reason""",
        ),
        as_of,
    )
