"""dbt on Spark: what its session method lacks. As a program it builds the models of a catalog by hand:
``python -m orchestration.transform.spark_dbt build --select fct_listings``.
"""

from __future__ import annotations

import sys
from typing import Any

from orchestration.transform.dbt_runner import clear_dbt_settings
from warehouse.errors import WarehouseError
from warehouse.settings import DBT_PROJECT, Settings
from warehouse.spark.session import checkpoints, start_session, writer_lock


def teach_dbt() -> None:
    """Let dbt's session method run models in Python, and keep ANSI mode, which it would switch off. Before dbt runs."""
    from dbt.adapters.base.impl import PythonJobHelper
    from dbt.adapters.spark import SparkAdapter
    from dbt.adapters.spark.connections import SparkCredentials

    class SessionJob(PythonJobHelper):
        """Runs a compiled model in this process, on a session whose temporary views nobody else sees."""

        def __init__(self, parsed_model: dict[str, Any], credentials: Any):
            self._name = parsed_model["alias"]

        def submit(self, compiled_code: str) -> None:
            session = start_session().newSession()
            with checkpoints(session):
                exec(compile(compiled_code, f"<{self._name}>", "exec"), {"spark": session, "__name__": self._name})

    SparkAdapter.default_python_submission_method = property(lambda self: "session")
    SparkAdapter.python_submission_helpers = property(lambda self: {"session": SessionJob})
    if not hasattr(SparkCredentials, "made_by_dbt"):
        SparkCredentials.made_by_dbt = SparkCredentials.__post_init__

        def keep_ansi(self: Any) -> None:
            self.made_by_dbt()
            self.server_side_parameters["spark.sql.ansi.enabled"] = "true"

        SparkCredentials.__post_init__ = keep_ansi


def run_dbt(arguments: list[str], lock_timeout: float) -> Any:
    """Run a dbt command on Spark, as the only writer of the catalog; dbt's own result.

    Raises LockError when another build holds the catalog for longer than ``lock_timeout`` seconds, HomeError when Spark
    is not to be had, and what dbt raised.
    """
    teach_dbt()
    from dbt.cli.main import dbtRunner

    options = ["--project-dir", str(DBT_PROJECT), "--profiles-dir", str(DBT_PROJECT), "--target", "spark"]
    with writer_lock(start_session(), lock_timeout):
        done = dbtRunner().invoke([*arguments, *options])
    if done.exception is not None:
        raise done.exception
    return done


def main(arguments: list[str]) -> int:
    """Run dbt on Spark. Returns 0 when everything was built, 1 when something failed, 2 when it could not begin."""
    try:
        return 0 if run_dbt(arguments, Settings.from_environment().lock_timeout).success else 1
    except WarehouseError as error:
        print(error, file=sys.stderr)
        return 2
    finally:
        if "pyspark" in sys.modules:
            from pyspark.sql import SparkSession

            active = SparkSession.getActiveSession()
            if active is not None:
                active.stop()


if __name__ == "__main__":
    clear_dbt_settings()
    sys.exit(main(sys.argv[1:]))
