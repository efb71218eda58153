"""Rows between the dbt models in Python and DuckDB: what an earlier run left, and new rows as a relation.

Columns travel as text and are cast in SQL: pyarrow's own conversion of lists imports pandas, which costs more CPU than
a day's work here.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

#: Between the texts of a list inside one text; no name of a person holds it.
SEPARATOR = "\x1f"


def exists(session: Any, this: Any, column: str) -> bool:
    """Whether the table of the model was built before, with this column: the latest that it got."""
    found = session.execute(
        "select count(*) from information_schema.columns where table_schema = ? and table_name = ? and column_name = ?",
        [this.schema, this.identifier, column],
    )
    return bool(found.fetchall()[0][0])


def text_frame(names: Sequence[str], rows: Sequence[Sequence[str | None]]) -> Any:
    """An Arrow table of texts."""
    import pyarrow as pa

    columns = list(zip(*rows, strict=True)) if rows else [()] * len(names)
    arrays = []
    for column in columns:
        builder = pa.lib.StringBuilder()
        builder.append_values(list(column))
        arrays.append(builder.finish())
    return pa.Table.from_arrays(arrays, names=list(names))
