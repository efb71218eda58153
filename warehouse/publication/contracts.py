"""The contracts of the public tables (``dbt_project/models/marts/<subject>/_<subject>.yml``), read without dbt.

Belongs here: what a contract says of a table, its key, what its columns refer to, and its comments in a file. Not here:
pages that show it (``report/definitions.py``, the data dictionary).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import duckdb
import yaml

from warehouse.settings import DBT_PROJECT

MARTS = DBT_PROJECT / "models" / "marts"
#: Order of the subjects; other subjects follow in alphabetical order.
_SUBJECTS = ("papers", "listings", "authors", "organizations", "keywords", "trends", "operations")
#: What may precede the name of a dimension's key in a column that refers to it: `related_paper_id` is a `paper_id`.
_ROLES = ("", "other_", "parent_", "related_", "member_", "primary_")


def read_contracts() -> list[dict[str, Any]]:
    """Read dbt's properties of each public model, in the order of subjects."""
    order = {subject: index for index, subject in enumerate(_SUBJECTS)}
    subjects = sorted((folder.name for folder in MARTS.iterdir()), key=lambda name: (order.get(name, len(order)), name))
    files = [MARTS / subject / f"_{subject}.yml" for subject in subjects]
    return [
        model for file in files for model in yaml.load(file.read_text(encoding="utf-8"), Loader=_loader())["models"]
    ]


def primary_key(contract: dict[str, Any]) -> list[str]:
    """The columns of the table's key, or expressions where a column of it can be null. Empty without a key."""
    for test in contract.get("data_tests", []):
        if isinstance(test, dict) and "primary_key" in test:
            return list(test["primary_key"]["arguments"]["columns"])
    return []


def references(contracts: Sequence[dict[str, Any]]) -> list[tuple[str, str, str]]:
    """Table, column and the dimension whose key the column has: one with the key's name, or a role before it.

    A reference need not have a row: `ops_loads` names papers that no listing has.
    """
    keys = {key[0]: c["name"] for c in contracts if c["name"].startswith("dim_") and len(key := primary_key(c)) == 1}
    return [
        (contract["name"], column["name"], dimension)
        for contract in contracts
        for column in contract["columns"]
        for key, dimension in keys.items()
        if column["name"] in [role + key for role in _ROLES] and (contract["name"], column["name"]) != (dimension, key)
    ]


def comment_on_tables(connection: duckdb.DuckDBPyConnection, schema: str) -> None:
    """Write the descriptions of the public tables in ``schema`` and of their columns as comments, as dbt does."""
    present = {
        name
        for (name,) in connection.execute(
            "select table_name from information_schema.tables where table_schema = ?", [schema]
        ).fetchall()
    }
    statements = [
        statement
        for contract in read_contracts()
        if (table := contract["name"]) in present
        for statement in (
            f"comment on table {schema}.{table} is {_literal(contract['description'])}",
            *(
                f'comment on column {schema}.{table}."{column["name"]}" is {_literal(column["description"])}'
                for column in contract["columns"]
            ),
        )
    ]
    connection.execute(";\n".join(statements))


def _literal(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def _loader() -> Any:
    """PyYAML's loader in C where it is available: ten times faster."""
    return getattr(yaml, "CSafeLoader", yaml.SafeLoader)
