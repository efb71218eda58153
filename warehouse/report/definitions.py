"""What each public table and column means, read from the contracts of the marts.

The contracts (``dbt_project/models/marts/<subject>/_<subject>.yml``) are the only place where a formula is written; the
report's page of definitions and ``docs/data-dictionary.md`` both read them here.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

import yaml

from warehouse.settings import DBT_PROJECT

MARTS = DBT_PROJECT / "models" / "marts"
#: Order of the subjects; a subject that is not named here follows in the order of the alphabet.
_SUBJECTS = ("papers", "listings", "authors", "organizations", "keywords", "trends", "operations")
#: Tables that the pages show come first; the rest follows in the contracts' order.
_FIRST = (
    "rpt_paper_trends",
    "rpt_organization_trends",
    "rpt_author_trends",
    "rpt_keyword_trends",
    "fct_upvote_observations",
    "fct_paper_upvotes_daily",
)
_PARTS = re.compile(r"\b(Formula|Source):\s")


@dataclass(frozen=True)
class Definition:
    """One column: its meaning, and its formula and the formula's source where the contract has them."""

    name: str
    data_type: str
    meaning: str
    formula: str | None
    source: str | None


@dataclass(frozen=True)
class TableDefinition:
    """One public table: the sentence with its grain, and its columns."""

    name: str
    description: str
    columns: list[Definition]


def read_contracts() -> list[dict[str, Any]]:
    """The public tables as their contracts describe them: dbt's properties of each model, in the order of subjects."""
    order = {subject: index for index, subject in enumerate(_SUBJECTS)}
    subjects = sorted((folder.name for folder in MARTS.iterdir()), key=lambda name: (order.get(name, len(order)), name))
    files = [MARTS / subject / f"_{subject}.yml" for subject in subjects]
    return [
        model for file in files for model in yaml.load(file.read_text(encoding="utf-8"), Loader=_loader())["models"]
    ]


def read_definitions() -> list[TableDefinition]:
    """The public tables as their contracts describe them, those with formulas first."""
    tables = [
        TableDefinition(model["name"], _line(model["description"]), [_definition(c) for c in model["columns"]])
        for model in read_contracts()
    ]
    order = {name: index for index, name in enumerate(_FIRST)}
    return sorted(tables, key=lambda table: order.get(table.name, len(order)))


def _definition(column: dict[str, Any]) -> Definition:
    """Split ``meaning. Formula: … Source: … note`` at the words that the contracts use for it."""
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
    """The parser in C where it is built in: ten times faster."""
    return getattr(yaml, "CSafeLoader", yaml.SafeLoader)
