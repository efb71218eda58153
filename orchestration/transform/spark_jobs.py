"""The jobs of the engine `spark` in its worker process: one session for a run's build, its gate and its publication.

The lock of the catalog is held from the first job until the process ends, so a run that waits does so before it
changes anything.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from contextlib import ExitStack
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from orchestration.gates.gx_runner import MAX_SAMPLE_ROWS
from orchestration.gates.mart_rules import (
    FRESH_HOURS,
    MART_QUERIES,
    MIN_REMAINING_SHARE,
    PUBLISHED_QUERIES,
    RAW_QUERIES,
    REASONS_QUERY,
)
from orchestration.transform.dbt_runner import BUILD, arguments_for, clear_dbt_settings
from orchestration.worker import Emit
from warehouse.errors import WarehouseError
from warehouse.spark.session import hadoop_address, start_session, writer_lock

_held = ExitStack()
_session: list[Any] = []


def warm_up(environment: dict[str, str]) -> None:
    """Import dbt and Spark, while the run fetches."""
    clear_dbt_settings()
    os.environ.update(environment)
    import dbt.cli.main  # noqa: F401
    import pyspark.sql  # noqa: F401

    import warehouse.spark.iceberg  # noqa: F401


def work(emit: Emit, job: str, *arguments: Any) -> None:
    """Do one job: emits what it makes, or ``{"warehouse error": (class, sentence)}``."""
    jobs: dict[str, Callable[..., None]] = {
        "build": build,
        "count": count,
        "violations": violations,
        "publish": publish,
        "export": export,
    }
    try:
        jobs[job](emit, *arguments)
    except WarehouseError as error:
        emit({"warehouse error": (type(error).__name__, str(error))})


def session_of(environment: dict[str, str]) -> Any:
    """The session of this process, which holds the catalog for this run alone."""
    os.environ.update(environment)
    if not _session:
        session = start_session()
        _held.enter_context(writer_lock(session, float(environment.get("PAPERS_LOCK_TIMEOUT") or 600)))
        _session.append(session)
    return _session[0]


def build(
    emit: Emit, environment: dict[str, str], target: Path, handover: Path | str, models: str, is_rebuild: bool
) -> None:
    """Load what is handed over and run dbt. Emits dbt's events as ``dbt_runner.build`` does.

    A rebuild loads all of it again, whatever the catalog's raw tables hold, and creates every table again.
    """
    from dbt.cli.main import dbtRunner
    from google.protobuf.json_format import MessageToDict

    from orchestration.compat.dbt_spark import patch_dbt_spark
    from warehouse.spark.iceberg import load_handed_over, start_build

    session = session_of(environment)
    load_handed_over(session, handover, is_rebuild=is_rebuild)
    command = [*BUILD, "--full-refresh"] if start_build(session, models) or is_rebuild else BUILD
    patch_dbt_spark()

    def on_event(event: Any) -> None:
        if event.info.name in ("LogModelResult", "LogTestResult", "LogSeedResult"):
            emit(MessageToDict(event, preserving_proto_field_name=True))

    result = dbtRunner(callbacks=[on_event]).invoke([*command, *arguments_for(target), "--target", "spark"])
    if result.exception is not None:
        raise result.exception
    emit({"success": result.success})


def count(emit: Emit, environment: dict[str, str]) -> None:
    """Emits the rows of each public table as it was built."""
    from warehouse.spark.iceberg import count_rows

    emit(count_rows(session_of(environment)))


def violations(emit: Emit, environment: dict[str, str], live_at: datetime | None) -> None:
    """Emits rule → (rows that break it, the first of them): the rules of the mart gate in Spark's SQL."""
    from warehouse.spark.iceberg import count_rows, last_publication

    session = session_of(environment)
    found = {name: _rows(session, _in_spark(query)) for name, query in MART_QUERIES.items() if name not in _IN_PYTHON}
    found |= {name: count(session) for name, count in _IN_PYTHON.items()}
    found |= dict.fromkeys((*PUBLISHED_QUERIES, *RAW_QUERIES, "tables_much_smaller", "not_fresh"), (0, ()))
    if live_at:
        newest = session.sql("select max(observed_at) from marts.fct_upvote_observations").collect()[0][0]
        if newest is None or newest < live_at - timedelta(hours=FRESH_HOURS):
            found["not_fresh"] = (1, ({"newest": str(newest)},))
    last = last_publication(session)
    if last:
        snapshots = last.of_readers()
        if not session.sql(_in_spark(REASONS_QUERY, snapshots)).collect()[0][0]:
            found |= {
                name: _rows(session, _in_spark(query, snapshots))
                for name, query in PUBLISHED_QUERIES.items()
                if _is_kept(session, query, snapshots)
            }
        sizes = count_rows(session)
        before = {table.name: table.rows for table in last.tables if table.rows is not None}
        smaller = tuple(
            {"table": name, "rows_before": str(rows), "rows_now": str(sizes.get(name, 0))}
            for name, rows in before.items()
            if sizes.get(name, 0) < MIN_REMAINING_SHARE * rows
        )
        found["tables_much_smaller"] = (len(smaller), smaller[:MAX_SAMPLE_ROWS])
    emit(found)


def publish(emit: Emit, environment: dict[str, str], models: str) -> None:
    """Publish what was built; emits when (UTC) and the rows of each public table."""
    from warehouse.spark.iceberg import publish_tables

    published = publish_tables(session_of(environment), models)
    emit((published.published_at, {table.name: table.rows for table in published.tables if table.rows is not None}))


def export(emit: Emit, environment: dict[str, str], place: str) -> None:
    """Write the published marts as Parquet below a place that the cluster reaches; emits their names."""
    from warehouse.spark.iceberg import last_publication

    session = session_of(environment)
    published = last_publication(session)
    tables = published.of_readers() if published else {}
    for name, snapshot in tables.items():
        rows = session.read.option("snapshot-id", snapshot).table(f"marts.{name}")
        rows.write.mode("overwrite").parquet(f"{hadoop_address(place)}/{name}")
    emit(list(tables))


def _in_spark(query: str, snapshots: dict[str, int] | None = None) -> str:
    """A query of the mart gate in Spark's SQL; tables of `published` are those of the last publication's snapshots."""
    query = re.sub(r"\blist\((\w+) order by \1\)", r"sort_array(collect_list(\1))", query)
    query = re.sub(r"\bhash\(", "xxhash64(", query)
    return re.sub(
        r"\bpublished\.marts\.(\w+)",
        lambda table: f"marts.{table[1]} version as of {(snapshots or {})[table[1]]}",
        query,
    )


def _is_kept(session: Any, query: str, snapshots: dict[str, int]) -> bool:
    """Whether what was published of the query's tables is there: a full refresh drops incremental tables on Spark.

    A rebuild, which is one, has compared the loads themselves before it replaced anything (``RebuildGuard``).
    """
    return all(
        session.sql(f"select 1 from marts.{table}.snapshots where snapshot_id = {snapshots[table]}").head(1)
        for table in sorted(set(re.findall(r"\bpublished\.marts\.(\w+)", query)))
    )


def _rows(session: Any, query: str) -> tuple[int, tuple[dict[str, str], ...]]:
    found = session.sql(query)
    rows = found.count()
    if not rows:
        return 0, ()
    sample = found.orderBy(*found.columns).limit(MAX_SAMPLE_ROWS).collect()
    return rows, tuple({name: str(value) for name, value in row.asDict().items()} for row in sample)


def _own_ancestors(session: Any) -> tuple[int, tuple[dict[str, str], ...]]:
    """Organizations that are above themselves. Spark 3.5 has no recursion, and parents are few."""
    parents = {
        row.organization_id: row.parent_organization_id
        for row in session.sql(
            "select organization_id, parent_organization_id from marts.dim_organizations "
            "where parent_organization_id is not null"
        ).toLocalIterator()
    }
    rings = []
    for organization in sorted(parents):
        above, seen = parents.get(organization), set()
        while above is not None and above != organization and above not in seen:
            seen.add(above)
            above = parents.get(above)
        if above == organization:
            rings.append({"organization_id": organization})
    return len(rings), tuple(rings[:MAX_SAMPLE_ROWS])


#: Rules that Spark's SQL can't state.
_IN_PYTHON = {"organization_own_ancestor": _own_ancestors}
