"""The engine of a dbt model in Python, by the session that dbt passes to it."""

from __future__ import annotations

from typing import Any

from warehouse.resolution.incremental.engine import DuckDB, Engine


def engine_of(session: Any) -> Engine:
    """DuckDB's or Spark's engine. Spark's module is imported for a Spark session only, as it needs an extra."""
    if type(session).__module__.startswith("pyspark."):
        from warehouse.spark.frames import Spark

        return Spark(session)
    return DuckDB(session)
