"""What each public column means, read from the contract of the models: the one place where formulas are told."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from warehouse.settings import DBT_PROJECT

CONTRACT = DBT_PROJECT / "models" / "marts" / "_marts.yml"
#: What the pages show comes first; the rest follows in the contract's order.
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
    """One column: what it says, and its formula and the formula's source where the contract tells them."""

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


def read_definitions(contract: Path = CONTRACT) -> list[TableDefinition]:
    """The public tables as the contract describes them, those with formulas first."""
    models = yaml.load(contract.read_text(encoding="utf-8"), Loader=_loader())["models"]
    tables = [
        TableDefinition(model["name"], _line(model["description"]), [_definition(c) for c in model["columns"]])
        for model in models
    ]
    order = {name: index for index, name in enumerate(_FIRST)}
    return sorted(tables, key=lambda table: order.get(table.name, len(order)))


def _definition(column: dict[str, Any]) -> Definition:
    """Split ``meaning. Formula: … Source: … note`` at the words that the contract uses for it."""
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
