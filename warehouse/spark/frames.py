"""Spark as an ``Engine`` of the models in Python: frames.py says what is asked of it.

Rows that are read come to the driver, which resolves them pack by pack; joins, windows and what is kept stay on the
cluster. So a first build needs a driver that holds the numbers of all mentions, and a day's build those that the day
can touch.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from warehouse.resolution.incremental.engine import Columns, Engine


class Spark(Engine):
    """A Spark session. Names are temporary views, so one session serves one model."""

    def __init__(self, session: Any):
        self._session = session
        session.conf.set("spark.sql.execution.arrow.pyspark.enabled", "true")

    def see(self, name: str, relation: Any) -> None:
        if hasattr(relation, "identifier"):
            relation = self._session.table(f"{relation.schema}.{relation.identifier}")
        relation.createOrReplaceTempView(name)

    def read(self, query: str) -> Columns:
        import pyarrow as pa
        from pyspark.sql.pandas.types import to_arrow_schema
        from pyspark.sql.types import IntegerType

        frame = self._session.sql(query)
        for field in frame.schema.fields:
            if isinstance(field.dataType, IntegerType):  # what DuckDB counts in bigint
                frame = frame.withColumn(field.name, frame[field.name].cast("bigint"))
        batches = frame._collect_as_arrow()
        return Columns(pa.Table.from_batches(batches, schema=None if batches else to_arrow_schema(frame.schema)))

    def keep(self, name: str, query: str) -> None:
        # Written down, not only cached: a view of a cached view is planned with all that either was made of, which
        # took most of a day's build, and a checkpoint outlives the machine that computed it.
        rows = self._session.sql(query).persist()
        rows.checkpoint().createOrReplaceTempView(name)
        rows.unpersist()

    def give(self, name: str, columns: Sequence[str], rows: Sequence[Sequence[str | None]]) -> None:
        self._frame(columns, rows).createOrReplaceTempView(name)

    def append(self, name: str, rows: Any) -> None:
        columns = rows.column_names
        new = self._frame(columns, list(zip(*(rows.column(c).to_pylist() for c in columns), strict=True)))
        self._session.table(name).union(new.checkpoint()).createOrReplaceTempView(name)

    def answer(self, query: str) -> Any:
        return self._session.sql(query)

    def _frame(self, columns: Sequence[str], rows: Sequence[Sequence[str | None]]) -> Any:
        # By way of Arrow: a list of rows would go through Python processes of the workers each time that it is read.
        import pandas as pd
        from pyspark.sql.types import StringType, StructField, StructType

        frame = pd.DataFrame(list(rows), columns=list(columns), dtype=object)
        return self._session.createDataFrame(frame, StructType([StructField(c, StringType()) for c in columns]))
