"""The author models in Python as dbt runs them, on tables in memory: a run, and a run upon it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import duckdb

from warehouse.resolution.incremental.author_ids import Override
from warehouse.resolution.incremental.engine import DuckDB
from warehouse.resolution.incremental.resolve import apply_overrides, decide, parse_names
from warehouse.resolution.resolver import MAX_PAIRS

#: Columns of ``int_author_decisions``.
DECISION_COLUMNS = (
    *("mention_id", "compared_name", "fingerprint", "learned_at", "first_observed_at", "cluster", "component", "rule"),
    *("evidence", "near_mention_id", "near_log_odds", "near_reason", "author_id", "decided_at"),
)
_INSERT = f"insert into decisions values ({', '.join('?' * len(DECISION_COLUMNS))})"
_TABLES = """
    create table mentions (
        mention_id varchar, paper_id varchar, position integer, name_as_listed varchar, account_id varchar,
        own_author_id varchar, learned_at timestamp, first_observed_at timestamp, fingerprint varchar);
    create table papers (
        paper_id varchar, title varchar, ai_keywords varchar[], organization_name varchar, published_year integer);
    create table decisions (
        mention_id varchar, compared_name varchar, fingerprint varchar, learned_at timestamp,
        first_observed_at timestamp, cluster varchar, component varchar, rule varchar, evidence varchar,
        near_mention_id varchar, near_log_odds double, near_reason varchar, author_id varchar, decided_at timestamp);
    create table overrides (
        override_number bigint, action varchar, mention_id varchar, author_id varchar, reason varchar)"""


@dataclass(frozen=True)
class Run:
    """The result of a run: every decision, which of them it made, and the mentions that overrides moved."""

    decisions: list[tuple[Any, ...]]
    made: frozenset[str]
    moved: dict[str, tuple[str, str | None, str | None]]

    @property
    def authors(self) -> dict[str, str]:
        """The author id of each mention."""
        decided = {row[0]: row[DECISION_COLUMNS.index("author_id")] for row in self.decisions}
        return {**decided, **{mention: author for mention, (author, _, _) in self.moved.items()}}


def run(
    mentions: Sequence[Sequence[Any]],
    papers: Sequence[Sequence[Any]],
    earlier: Run | None = None,
    overrides: Sequence[Override] = (),
    max_pairs: int = MAX_PAIRS,
) -> Run:
    """Decide about rows of int_mentions and int_papers_described (columns as above), upon an earlier run if there is
    one."""
    with duckdb.connect() as connection:
        connection.execute(_TABLES)
        connection.executemany("insert into mentions values (?, ?, ?, ?, ?, ?, ?, ?, ?)", mentions)
        connection.executemany("insert into papers values (?, ?, ?, ?, ?)", papers)
        if earlier and earlier.decisions:
            connection.executemany(_INSERT, earlier.decisions)
        for number, override in enumerate(overrides):
            row = [number, override.action, override.mention_id, override.author_id, override.reason]
            connection.execute("insert into overrides values (?, ?, ?, ?, ?)", row)
        engine = DuckDB(connection)
        parse_names(engine, False).create("names")
        connection.execute(
            """create table name_keys as select * from (
                   select name_as_listed, unnest(split(family_keys, ';')) as family_key from names)
               where family_key <> ''"""
        )
        if earlier:
            connection.execute("create view earlier as from decisions")
        made = decide(engine, earlier is not None, max_pairs=max_pairs).fetchall()
        connection.execute("delete from decisions where mention_id not in (select mention_id from mentions)")
        for row in made:
            connection.execute("delete from decisions where mention_id = ?", [row[0]])
        if made:
            connection.executemany(_INSERT, made)
        moved = {row[0]: row[1:] for row in apply_overrides(engine).fetchall()}
        decisions = connection.execute("from decisions order by mention_id").fetchall()
    return Run(decisions, frozenset(row[0] for row in made), moved)
