"""The definitions of the public tables and columns, read from the contracts of the marts.

The contracts are the only place where a formula is written (``publication/contracts.py`` reads them). The report's page
of definitions shows what this module returns; it renders nothing.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from warehouse.publication.contracts import read_contracts

#: Tables that the report's pages show come first; the others follow in the order of the contracts.
_FIRST = (
    "rpt_paper_trends",
    "rpt_code_trends",
    "rpt_organization_trends",
    "rpt_author_trends",
    "rpt_keyword_trends",
    "fct_upvote_observations",
    "fct_paper_upvotes_daily",
)
_PARTS = re.compile(r"\b(Formula|Source):\s")


@dataclass(frozen=True)
class Definition:
    """One column: its meaning, and, where the contract has them, its formula and the source of the formula."""

    name: str
    data_type: str
    meaning: str
    formula: str | None
    source: str | None


@dataclass(frozen=True)
class TableDefinition:
    """One public table: its description, which starts with the grain, and its columns."""

    name: str
    description: str
    columns: list[Definition]


def read_definitions() -> list[TableDefinition]:
    """Read the public tables from their contracts, those of the report's pages first."""
    tables = [
        TableDefinition(model["name"], _line(model["description"]), [_definition(c) for c in model["columns"]])
        for model in read_contracts()
    ]
    order = {name: index for index, name in enumerate(_FIRST)}
    return sorted(tables, key=lambda table: order.get(table.name, len(order)))


def _definition(column: dict[str, Any]) -> Definition:
    """Split a description ``meaning. Formula: … Source: …`` into its parts."""
    first, *rest = _PARTS.split(_line(column["description"]))
    parts = dict(zip(rest[::2], rest[1::2], strict=True))
    return Definition(
        column["name"], column["data_type"], first.strip(), _stripped(parts, "Formula"), _stripped(parts, "Source")
    )


def _stripped(parts: dict[str, str], name: str) -> str | None:
    return parts[name].strip() if name in parts else None


def _line(text: str) -> str:
    return " ".join(text.split())
