"""The same assets as a user of the stack would run them by default: every library imported where the module begins,
dbt as a subprocess of dagster-dbt's own resource, Dagster's default multiprocess executor with a process a step.

The assets and the gates are the product's own, down to the rules; what differs is how they are run. Launched by
``dagster job execute -m tests.benchmarks.peers.stock_dagster -j stock_daily`` with the environment of a home.
"""

import json

import dagster as dg
import great_expectations  # noqa: F401  as a definitions module of the stack has it
from dagster_dbt import DagsterDbtTranslatorSettings, DbtCliResource, dbt_assets

from orchestration.assets.landing import landed_listings
from orchestration.assets.models import Translator
from orchestration.assets.publication import build_publication
from orchestration.assets.raw import batch_gate_check, raw_loads
from orchestration.gates.gx_runner import run_suite
from orchestration.outcome import Outcome
from orchestration.transform.manifest import dbt_executable, models_version
from warehouse.landing.fetching import client_of
from warehouse.publication.publish import PUBLIC_SCHEMA, prepare_next
from warehouse.raw.overrides import load_overrides
from warehouse.settings import DBT_PROJECT, Settings

SETTINGS = Settings.from_environment()
MANIFEST = DBT_PROJECT / "target" / "manifest.json"


class InProcessRunner:
    """Great Expectations where the step is."""

    def run_suite(self, suite, frames):
        """As the product's gx, without its worker process."""
        return run_suite(suite, frames)


@dbt_assets(
    manifest=MANIFEST,
    dagster_dbt_translator=Translator(settings=DagsterDbtTranslatorSettings(enable_duplicate_source_asset_keys=True)),
)
def dbt_models(context: dg.AssetExecutionContext, dbt: DbtCliResource, warehouse: dg.ResourceParam[Settings]):
    """One ``dbt build``, as dagster-dbt's documentation has it."""
    load_overrides(warehouse)
    command = ["build", "--exclude-resource-type", "unit_test"]
    if prepare_next(warehouse, models_version()):
        command.append("--full-refresh")
    yield from dbt.cli(command, context=context).stream()


def _public_tables():
    nodes = json.loads(MANIFEST.read_text())["nodes"].values()
    return [
        dg.AssetKey([node["schema"], node["name"]])
        for node in nodes
        if node["resource_type"] == "model" and node["schema"] == PUBLIC_SCHEMA
    ]


publication, mart_gate_check = build_publication(SETTINGS, _public_tables())

defs = dg.Definitions(
    assets=[landed_listings, raw_loads, dbt_models, *publication],
    asset_checks=[batch_gate_check, mart_gate_check],
    jobs=[dg.define_asset_job("stock_daily", selection=dg.AssetSelection.all())],
    resources={
        "warehouse": dg.ResourceDefinition.hardcoded_resource(SETTINGS),
        "source": dg.ResourceDefinition.hardcoded_resource(client_of(SETTINGS)),
        "gx": dg.ResourceDefinition.hardcoded_resource(InProcessRunner()),
        "dbt": DbtCliResource(
            project_dir=str(DBT_PROJECT), profiles_dir=str(DBT_PROJECT), dbt_executable=dbt_executable()
        ),
        "outcome": dg.ResourceDefinition.hardcoded_resource(Outcome()),
    },
)
