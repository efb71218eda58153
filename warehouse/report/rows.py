"""Rows of a query as data classes, so that a template uses declared fields only."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeVar

import duckdb

Row = TypeVar("Row")


def fetch(
    connection: duckdb.DuckDBPyConnection, kind: type[Row], query: str, parameters: Sequence[Any] = ()
) -> list[Row]:
    """Every row of a query as a ``kind``, whose fields are the query's columns by name."""
    result = connection.execute(query, list(parameters))
    names = [column[0] for column in result.description or ()]
    return [kind(**dict(zip(names, row, strict=True))) for row in result.fetchall()]
