"""The contracts of the public tables (``dbt_project/models/marts/<subject>/_<subject>.yml``), read without dbt.

Belongs here: what a contract says of a table, its key, what its columns refer to, and comments in a file, which private
tables get too. Not here: pages that show it (``report/definitions.py``, the data dictionary).
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
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
    return [model for subject in subjects for model in _read(MARTS / subject / f"_{subject}.yml")["models"]]


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


def comment_on_tables(connection: duckdb.DuckDBPyConnection) -> None:
    """Write the descriptions of models and seeds as comments on the tables and columns of the database in use.

    dbt's own way (``persist_docs``) costs a build 1.2 s of processor time and this 0.15 s (700 columns, 2026-11). A
    file that is exported from another engine's tables needs it too.
    """
    files = [DBT_PROJECT / "seeds" / "_seeds.yml", *DBT_PROJECT.glob("models/*/*/_*.yml")]
    described: dict[tuple[str, str], str] = {}
    for properties in (_read(file) for file in files if not file.stem.endswith("_unit_tests")):
        for table in [*properties.get("models", []), *properties.get("seeds", [])]:
            described[table["name"], ""] = table["description"]
            described.update({(table["name"], c["name"]): c["description"] for c in table.get("columns", [])})
    present = connection.execute(
        """select 'table', schema_name, table_name, '', comment from duckdb_tables()
               where database_name = current_database() and not internal
           union all select 'view', schema_name, view_name, '', comment from duckdb_views()
               where database_name = current_database() and not internal
           union all select 'column', schema_name, table_name, column_name, comment from duckdb_columns()
               where database_name = current_database() and not internal"""
    ).fetchall()
    statements = [
        f"""comment on {kind} {schema}.{table}{f'."{column}"' if column else ""} is {_literal(text)}"""
        for kind, schema, table, column, comment in present
        if (text := described.get((table, column))) and text != comment
    ]
    connection.execute(";\n".join(["begin", *statements, "commit"]))


def _literal(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def _read(path: Path) -> dict[str, Any]:
    """A file of dbt's properties. PyYAML's loader in C, where it is available, takes a tenth of the time."""
    return dict(yaml.load(path.read_text(encoding="utf-8"), Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader)))
