"""Runs dbt on Spark by hand: ``python -m orchestration.transform.spark_dbt build --select fct_listings``."""

from __future__ import annotations

import sys
from typing import Any

from orchestration.compat.dbt_spark import patch_dbt_spark
from orchestration.transform.dbt_runner import clear_dbt_settings
from warehouse.errors import WarehouseError
from warehouse.settings import DBT_PROJECT, Settings
from warehouse.spark.session import start_session, writer_lock


def run_dbt(arguments: list[str], lock_timeout: float) -> Any:
    """Run a dbt command on Spark, as the only writer of the catalog; dbt's own result.

    Raises LockError when another build holds the catalog for longer than ``lock_timeout`` seconds, HomeError when Spark
    is not to be had, and what dbt raised.
    """
    patch_dbt_spark()
    from dbt.cli.main import dbtRunner

    options = ["--project-dir", str(DBT_PROJECT), "--profiles-dir", str(DBT_PROJECT), "--target", "spark"]
    with writer_lock(start_session(), lock_timeout):
        done = dbtRunner().invoke([*arguments, *options])
    if done.exception is not None:
        raise done.exception
    return done


def main(arguments: list[str]) -> int:
    """Run dbt on Spark. Returns 0 when everything was built, 1 when something failed, 2 when it could not start."""
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
