"""The dbt models: staging → intermediate → marts, built into the next file from accepted loads only."""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, cast

import dagster as dg
from dagster_dbt import DagsterDbtTranslator, DagsterDbtTranslatorSettings, dbt_assets

from orchestration import pipeline
from orchestration.assets.raw import RAW_LOADS
from orchestration.compat.dbt_events import asset_events
from orchestration.outcome import Outcome, failing_in_dagster
from orchestration.transform.dbt_runner import DEVELOPMENT_TESTS
from orchestration.transform.engines import engine_of
from orchestration.transform.lineage import Lineage
from orchestration.worker import WorkerProcess
from warehouse.errors import GateError
from warehouse.publication.publish import PUBLIC_SCHEMA
from warehouse.settings import Settings


class Translator(DagsterDbtTranslator):  # type: ignore[misc]
    """All raw tables are one asset in Dagster; a model's group is its schema.

    Tables have the names that they have in ``papers.duckdb``, not those of the file that a run builds.
    """

    def get_asset_key(self, dbt_resource_props: Mapping[str, Any]) -> dg.AssetKey:
        if dbt_resource_props["resource_type"] == "source":
            return RAW_LOADS
        return dg.AssetKey([dbt_resource_props.get("schema") or "seeds", dbt_resource_props["name"]])

    def get_group_name(self, dbt_resource_props: Mapping[str, Any]) -> str | None:
        return str(dbt_resource_props.get("schema") or "seeds")

    def get_description(self, dbt_resource_props: Mapping[str, Any]) -> str:
        return str(dbt_resource_props.get("description") or "")

    def get_metadata(self, dbt_resource_props: Mapping[str, Any]) -> Mapping[str, Any]:
        return super().get_metadata({**dbt_resource_props, "database": None})  # type: ignore[no-any-return]


def build_models(manifest: Path, engine: str) -> dg.AssetsDefinition:
    """The models of a manifest that an engine builds as one set of assets, built by one ``dbt build``.

    Models of another engine alone (their tag) are no assets: Dagster skips what depends on an asset that is not built.
    """

    translator = Translator(settings=DagsterDbtTranslatorSettings(enable_duplicate_source_asset_keys=True))
    nodes = json.loads(manifest.read_text())

    @dbt_assets(  # type: ignore[untyped-decorator]
        manifest=nodes,
        exclude=" ".join([*DEVELOPMENT_TESTS, *([] if engine == "duckdb" else ["tag:duckdb"])]),
        dagster_dbt_translator=translator,
        pool="warehouse",
    )
    def dbt_models(
        context: dg.AssetExecutionContext,
        dbt: dg.ResourceParam[WorkerProcess],
        warehouse: dg.ResourceParam[Settings],
        outcome: dg.ResourceParam[Outcome],
    ) -> Iterator[Any]:
        built: list[dg.Output[None]] = []
        with failing_in_dagster():
            try:
                for event in pipeline.transform(warehouse, dbt, outcome, is_rebuild=_is_rebuild(context.run)):
                    for one in asset_events(event, nodes, translator, context):
                        # Check results are yielded immediately; tables after their rows are counted.
                        if isinstance(one, dg.Output):
                            built.append(one)
                        else:
                            yield one
            except GateError:
                yield from built
                raise
            with outcome.phase("Describing the tables"):
                described = engine_of(warehouse, dbt).describe(nodes["nodes"])
        yield from _described(built, *described)

    return cast(dg.AssetsDefinition, dbt_models)


def _described(
    built: list[dg.Output[None]], rows: Mapping[str, int], lineage: Mapping[str, Lineage]
) -> Iterator[dg.Output[None]]:
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
    """Whether this run loaded the whole archive again; then dbt builds every table from nothing."""
    config: Any = run.run_config
    return bool(config.get("ops", {}).get(RAW_LOADS.to_python_identifier(), {}).get("config", {}).get("rebuild"))
