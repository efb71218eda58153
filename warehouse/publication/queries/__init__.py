"""Analytics queries: one file each, opened by a comment: question, grain, columns, parameters, what no row means.

A parameter is a variable of DuckDB that the SQL reads with ``getvariable``, which is null where it is not set.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import duckdb

#: In the words of `empty`: a metric of rpt_paper_trends, in whose place its missing reasons are counted.
_METRIC = re.compile(r"\{(\w+)\}")


@dataclass(frozen=True)
class Query:
    """One question in SQL: what a row is (``grain``), what ``columns`` mean, what no row means (``empty``).

    ``parameters``: name of a variable → what it sets and what holds without it.
    """

    name: str
    question: str
    grain: str
    columns: str
    empty: str
    sql: str
    parameters: Mapping[str, str] = field(default_factory=dict)


def load_queries() -> dict[str, Query]:
    """Every query of this folder by name, sorted."""
    return {path.stem: _read(path) for path in sorted(Path(__file__).parent.glob("*.sql"))}


def _read(path: Path) -> Query:
    text = path.read_text(encoding="utf-8")
    header: dict[str, str] = {}
    parameters: dict[str, str] = {}
    key = ""
    for line in text.splitlines():
        if not line.startswith("--"):
            break
        word, colon, rest = line[2:].strip().partition(":")
        if colon and word in ("question", "grain", "columns", "empty"):
            key, header[word] = word, rest.strip()
        elif colon and word == "parameter":
            key = ""
            name, _, meaning = rest.strip().partition(": ")
            parameters[name] = meaning
        elif key:
            header[key] += " " + line[2:].strip()
    return Query(path.stem, header["question"], header["grain"], header["columns"], header["empty"], text, parameters)


def why_empty(connection: duckdb.DuckDBPyConnection, query: Query | None) -> str:
    """Why an answer has no rows, in one line. ``query`` is None for a statement that somebody wrote."""
    if not _count(connection, "marts.dim_papers"):
        return "No rows: no listing with papers was ever accepted. `papers run` fetches one, `papers status` says more."
    if query is None:
        return "No rows meet the conditions of the query."
    return "No rows: " + _METRIC.sub(lambda found: _reasons(connection, found[1]), query.empty)


def _reasons(connection: duckdb.DuckDBPyConnection, metric: str) -> str:
    """Why a metric is unknown, commonest reason first: ``one observation only (40 papers)``."""
    rows = connection.execute(
        f"""select {metric}_missing_reason as reason, count(*) as papers from marts.rpt_paper_trends
            where {metric}_missing_reason is not null group by reason order by papers desc, reason"""
    ).fetchall()
    return ", ".join(f"{reason} ({papers} paper{'s' if papers != 1 else ''})" for reason, papers in rows) or "for none"


def _count(connection: duckdb.DuckDBPyConnection, table: str) -> int:
    from warehouse.database import scalar

    return int(scalar(connection, f"select count(*) from {table}"))
