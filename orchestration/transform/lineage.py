"""Column lineage: which columns each column of a public table is computed from, read from the SQL that dbt ran.

dagster-dbt's own lineage needs a dbt package from a hub and queries the database once per model; sqlglot parses the
compiled text. The result is cached by the text's hash, so a run parses changed models only.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from warehouse.files import write_atomically
from warehouse.publication.publish import PUBLIC_SCHEMA

if TYPE_CHECKING:
    import duckdb

#: Column → the (schema, table, column) triples that it is made of.
Lineage = dict[str, list[tuple[str, str, str]]]


def column_lineage(nodes: Mapping[str, Any], target: Path, connection: duckdb.DuckDBPyConnection) -> dict[str, Lineage]:
    """Lineage of each public table, by its name. A model that can't be read (Python, odd SQL) is left out.

    ``nodes`` are the manifest's, ``target`` is where dbt compiled them, ``connection`` has the built tables open.
    """
    cache = target / "column_lineage.json"
    try:
        known = json.loads(cache.read_text())
    except (OSError, ValueError):
        known = {}
    texts = {
        node["name"]: path.read_text()
        for node in nodes.values()
        if node["resource_type"] == "model" and node["schema"] == PUBLIC_SCHEMA
        for path in (target / "compiled" / node["package_name"] / node["original_file_path"],)
        if path.suffix == ".sql" and path.exists()
    }
    stamps = {name: hashlib.sha256(text.encode()).hexdigest() for name, text in texts.items()}
    fresh = {name: kept for name, kept in known.items() if kept["sql"] == stamps.get(name)}
    changed = sorted(texts.keys() - fresh.keys())
    if changed:
        schema = _schema(connection)
        for name in changed:
            fresh[name] = {"sql": stamps[name], "columns": _read(texts[name], schema)}
        write_atomically(cache, json.dumps(fresh))
    return {name: kept["columns"] for name, kept in fresh.items() if kept["columns"]}


def _schema(connection: duckdb.DuckDBPyConnection) -> dict[str, dict[str, dict[str, str]]]:
    """Schema → table → column → type of the file."""
    schema: dict[str, dict[str, dict[str, str]]] = {}
    for name, table, column, kind in connection.execute(
        "select table_schema, table_name, column_name, data_type from information_schema.columns"
    ).fetchall():
        schema.setdefault(name, {}).setdefault(table, {})[column] = kind
    return schema


def _read(text: str, schema: dict[str, dict[str, dict[str, str]]]) -> Lineage:
    from sqlglot import exp
    from sqlglot.errors import SqlglotError
    from sqlglot.lineage import lineage

    try:
        columns = lineage(None, text, schema, dialect="duckdb", trim_selects=False, validate_qualify_columns=False)
    except (SqlglotError, ValueError, KeyError):
        return {}
    made_of: Lineage = {}
    for column, root in columns.items():
        leaves = [(leaf.expression.find(exp.Table), leaf.name) for leaf in root.walk() if not leaf.downstream]
        made_of[column] = sorted(
            {(table.db, table.name, name.split(".")[-1].strip('"')) for table, name in leaves if table and table.db}
        )
    return made_of
