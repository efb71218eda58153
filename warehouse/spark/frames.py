"""Spark as an ``Engine`` of the models in Python.

Rows that are read come to the driver, which resolves them pack by pack; joins, windows and materialized tables stay on
the cluster. A first build needs a driver with memory for the numbers of all mentions, a day's build for those of the
affected ones.
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

    def register(self, name: str, relation: Any) -> None:
        if hasattr(relation, "identifier"):
            relation = self._session.table(f"{relation.schema}.{relation.identifier}")
        relation.createOrReplaceTempView(name)

    def read(self, query: str) -> Columns:
        import pyarrow as pa
        from pyspark.sql.pandas.types import to_arrow_schema
        from pyspark.sql.types import IntegerType

        frame = self._session.sql(query)
        for field in frame.schema.fields:
            if isinstance(field.dataType, IntegerType):  # DuckDB counts in bigint
                frame = frame.withColumn(field.name, frame[field.name].cast("bigint"))
        batches = frame._collect_as_arrow()
        return Columns(pa.Table.from_batches(batches, schema=None if batches else to_arrow_schema(frame.schema)))

    def materialize(self, name: str, query: str) -> None:
        # A checkpoint, not only a cache: Spark plans a view of a cached view with the plans of both, which took most of
        # a day's build, and a checkpoint survives the loss of the machine that computed it.
        rows = self._session.sql(query).persist()
        rows.checkpoint().createOrReplaceTempView(name)
        rows.unpersist()

    def load(self, name: str, columns: Sequence[str], rows: Sequence[Sequence[str | None]]) -> None:
        self._frame(columns, rows).createOrReplaceTempView(name)

    def append(self, name: str, rows: Any) -> None:
        columns = rows.column_names
        new = self._frame(columns, list(zip(*(rows.column(c).to_pylist() for c in columns), strict=True)))
        self._session.table(name).union(new.checkpoint()).createOrReplaceTempView(name)

    def result(self, query: str) -> Any:
        return self._session.sql(query)

    def _frame(self, columns: Sequence[str], rows: Sequence[Sequence[str | None]]) -> Any:
        # Through Arrow: a list of rows would pass through the workers' Python processes at each read.
        import pandas as pd
        from pyspark.sql.types import StringType, StructField, StructType

        frame = pd.DataFrame(list(rows), columns=list(columns), dtype=object)
        return self._session.createDataFrame(frame, StructType([StructField(c, StringType()) for c in columns]))
