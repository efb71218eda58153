"""The definitions of the public tables and columns, read from the contracts of the marts.

The contracts (``dbt_project/models/marts/<subject>/_<subject>.yml``) are the only place where a formula is written. The
report's page of definitions and ``docs/data-dictionary.md`` read them through this module; it renders nothing.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

import yaml

from warehouse.settings import DBT_PROJECT

MARTS = DBT_PROJECT / "models" / "marts"
#: Order of the subjects; other subjects follow in alphabetical order.
_SUBJECTS = ("papers", "listings", "authors", "organizations", "keywords", "trends", "operations")
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


def read_contracts() -> list[dict[str, Any]]:
    """Read dbt's properties of each public model, in the order of subjects."""
    order = {subject: index for index, subject in enumerate(_SUBJECTS)}
    subjects = sorted((folder.name for folder in MARTS.iterdir()), key=lambda name: (order.get(name, len(order)), name))
    files = [MARTS / subject / f"_{subject}.yml" for subject in subjects]
    return [
        model for file in files for model in yaml.load(file.read_text(encoding="utf-8"), Loader=_loader())["models"]
    ]


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


def _loader() -> Any:
    """PyYAML's loader in C where it is available: ten times faster."""
    return getattr(yaml, "CSafeLoader", yaml.SafeLoader)
