"""The dbt models: staging → intermediate → marts, built into the next file from accepted loads only."""

import json
import re
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Any, cast

import dagster as dg
from dagster_dbt import DagsterDbtTranslator, DagsterDbtTranslatorSettings, dbt_assets
from dagster_dbt.core.dbt_cli_event import DbtCoreCliEventMessage

from orchestration.assets.raw import RAW_LOADS
from orchestration.engines import Lineage, engine_of
from orchestration.helper import Helper
from orchestration.outcome import Outcome
from warehouse.errors import GateError
from warehouse.handover import hand_over_new
from warehouse.overrides import load_overrides
from warehouse.publish import PUBLIC_SCHEMA
from warehouse.report import warm_up
from warehouse.settings import Settings


class Translator(DagsterDbtTranslator):  # type: ignore[misc]
    """All raw tables are one asset to Dagster, and a model's group is the folder that it lies in."""

    def get_asset_key(self, dbt_resource_props: Mapping[str, Any]) -> dg.AssetKey:
        if dbt_resource_props["resource_type"] == "source":
            return RAW_LOADS
        return dg.AssetKey([dbt_resource_props.get("schema") or "seeds", dbt_resource_props["name"]])

    def get_group_name(self, dbt_resource_props: Mapping[str, Any]) -> str | None:
        return str(dbt_resource_props.get("schema") or "seeds")


def build_models(manifest: Path) -> dg.AssetsDefinition:
    """The models of a manifest as one set of assets, built by one ``dbt build``."""

    translator = Translator(settings=DagsterDbtTranslatorSettings(enable_duplicate_source_asset_keys=True))
    nodes = json.loads(manifest.read_text())

    @dbt_assets(  # type: ignore[untyped-decorator]
        manifest=nodes, dagster_dbt_translator=translator, pool="warehouse"
    )
    def dbt_models(
        context: dg.AssetExecutionContext,
        dbt: dg.ResourceParam[Helper],
        warehouse: dg.ResourceParam[Settings],
        outcome: dg.ResourceParam[Outcome],
    ) -> Iterator[Any]:
        target = warehouse.dbt_target
        with outcome.of_step("dbt"):
            load_overrides(warehouse)
            hand_over_new(warehouse)
            built: list[dg.Output[None]] = []
            engine = engine_of(warehouse, dbt)
            events = engine.build(is_rebuild=_is_rebuild(context.run))
            # dbt has begun: what is done from here on lies beside it.
            with _meanwhile(warm_up) if warehouse.writes_file else nullcontext():
                for event in events:
                    if "success" not in event:
                        told = DbtCoreCliEventMessage(event, {}).to_default_asset_events(nodes, translator, context)
                        for one in told:
                            # Tables are counted when dbt has let go of the file; what is no table is told at once.
                            if isinstance(one, dg.Output):
                                built.append(one)
                            else:
                                yield one
                    elif not event["success"]:
                        yield from built
                        raise GateError(_failed_nodes(target) or f"dbt failed: see {target / 'dbt.log'}.")
            yield from _described(built, *engine.describe(nodes["nodes"]))

    return cast(dg.AssetsDefinition, dbt_models)


@contextmanager
def _meanwhile(work: Callable[[], None]) -> Iterator[None]:
    """Do something beside dbt, which leaves this process idle. It is over at the end."""
    thread = threading.Thread(target=work, name=work.__name__)
    thread.start()
    try:
        yield
    finally:
        thread.join()


def _described(built: list[dg.Output[None]], rows: Mapping[str, int], lineage: Lineage) -> Iterator[dg.Output[None]]:
    """The outputs of built models, those of public tables with their rows counted and their columns traced."""
    public = {dg.AssetKey([PUBLIC_SCHEMA, table]).to_python_identifier(): table for table in rows}
    for output in built:
        table = public.get(output.output_name)
        if table is None:
            yield output
            continue
        metadata: dict[str, Any] = {**output.metadata, "dagster/row_count": rows[table]}
        if table in lineage:
            metadata["dagster/column_lineage"] = dg.TableColumnLineage(
                {
                    column: [dg.TableColumnDep(dg.AssetKey([schema, name]), of) for schema, name, of in made_of]
                    for column, made_of in lineage[table].items()
                }
            )
        yield output.with_metadata(metadata)


def _is_rebuild(run: dg.DagsterRun) -> bool:
    """Whether the raw tables were made anew in this run; then nothing that was built from the old ones is kept."""
    config: Any = run.run_config
    return bool(config.get("ops", {}).get(RAW_LOADS.to_python_identifier(), {}).get("config", {}).get("rebuild"))


def _failed_nodes(target: Path) -> str | None:
    """One sentence about what failed in dbt, from its own results."""
    try:
        results = json.loads((target / "run_results.json").read_text())["results"]
    except (OSError, ValueError, KeyError):
        return None
    failed = [r for r in results if r["status"] in ("error", "fail")]
    if not failed:
        return None
    first = failed[0]
    # Spark's messages go on with where in Java it was; dbt's log has all of it.
    message = re.split(r"\s+at [\w.$/]+\(", str(first["message"]), maxsplit=1)[0].strip()
    return (
        f"{len(failed)} dbt node(s) failed, first {first['unique_id']}: {message} "
        f"Nothing was published; the compiled SQL is in {target}."
    )
