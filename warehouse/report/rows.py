"""Rows of a query as data classes, so that a template uses declared fields only."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeVar

import duckdb

from warehouse.database import rows

Row = TypeVar("Row")


def fetch(
    connection: duckdb.DuckDBPyConnection, kind: type[Row], query: str, parameters: Sequence[Any] = ()
) -> list[Row]:
    """Every row of a query as a ``kind``, whose fields are the query's columns by name."""
    return [kind(**row) for row in rows(connection, query, parameters)]
