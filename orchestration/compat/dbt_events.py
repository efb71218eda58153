"""Reads events of dbt's JSON log as Dagster's asset events.

Why: dagster-dbt does it for a dbt that its own ``DbtCliResource`` started, and exports the abstract class only. That
resource starts dbt as a process for each run and parses again: 6–10 s of imports that no other work covers, of a day of
14 s on 6,000 papers (docs/performance.md, 2026-11). Here dbt runs in a worker process that is warm by then.
Without it: materializations, column schemas and check results of each model would be written by hand.
Versions: dagster-dbt 0.29. Test: tests/unit/test_compat.py, first to fail on an upgrade.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import dagster as dg
from dagster_dbt import DagsterDbtTranslator
from dagster_dbt.core.dbt_cli_event import DbtCoreCliEventMessage


def asset_events(
    event: Mapping[str, Any],
    manifest: Mapping[str, Any],
    translator: DagsterDbtTranslator,
    context: dg.AssetExecutionContext,
) -> Iterator[Any]:
    """The outputs and check results of one event of dbt, in the shape of its JSON log."""
    yield from DbtCoreCliEventMessage(dict(event), {}).to_default_asset_events(manifest, translator, context)
