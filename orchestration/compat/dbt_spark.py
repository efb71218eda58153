"""Runs Python models in the Spark session of dbt's own process, in ANSI mode.

Why: dbt-spark's session method has no way to submit a Python model, and it turns ANSI mode off.
Without it: the models that resolve authors can't be built on Spark, and a cast that fails gives null instead of an
error, so that Spark's tables differ from DuckDB's.
Versions: dbt-spark 1.11, dbt-adapters 1.16 to 1.22.
Test: tests/spark/test_equal_tables.py, first to fail on an upgrade.
"""

from __future__ import annotations

from typing import Any

from warehouse.spark.session import checkpoints, start_session


def patch_dbt_spark() -> None:
    """Apply to this process, before dbt runs. Call it once or more."""
    from dbt.adapters.base.impl import PythonJobHelper
    from dbt.adapters.spark import SparkAdapter
    from dbt.adapters.spark.connections import SparkCredentials

    class SessionJob(PythonJobHelper):
        """Runs a compiled model in this process, on a session with temporary views of its own."""

        def __init__(self, parsed_model: dict[str, Any], credentials: Any):
            self._name = parsed_model["alias"]

        def submit(self, compiled_code: str) -> None:
            session = start_session().newSession()
            with checkpoints(session):
                exec(compile(compiled_code, f"<{self._name}>", "exec"), {"spark": session, "__name__": self._name})

    SparkAdapter.default_python_submission_method = property(lambda self: "session")
    SparkAdapter.python_submission_helpers = property(lambda self: {"session": SessionJob})
    if not hasattr(SparkCredentials, "post_init_of_dbt"):
        SparkCredentials.post_init_of_dbt = SparkCredentials.__post_init__

        def keep_ansi(self: Any) -> None:
            self.post_init_of_dbt()
            self.server_side_parameters["spark.sql.ansi.enabled"] = "true"

        SparkCredentials.__post_init__ = keep_ansi
