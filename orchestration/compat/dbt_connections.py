"""Closes the connections that dbt-duckdb leaves open after a command.

Why: dbt-duckdb keeps one database open for the life of its process, and dbtRunner has no call that closes it.
Without it: the built file stays locked by the worker process, so the run can't seal it ("Conflicting lock is held").
Versions: dbt-duckdb 1.9 to 1.11. Test: tests/unit/test_compat.py, first to fail on an upgrade.
"""

from __future__ import annotations


def close_dbt_connections() -> None:
    """Close dbt's databases in this process, after a command has ended."""
    from dbt.adapters.duckdb.connections import DuckDBConnectionManager

    DuckDBConnectionManager.close_all_connections()  # type: ignore[no-untyped-call]
