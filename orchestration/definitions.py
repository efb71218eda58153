"""The Dagster definitions, built by one function with overrides. Importing this module opens nothing."""

from __future__ import annotations

from typing import Any

import dagster as dg

from orchestration.assets.landing import landed_listings, landed_papers, landed_trending
from orchestration.assets.models import build_models
from orchestration.assets.publication import CANDIDATE, build_publication
from orchestration.assets.raw import batch_gate_check, raw_loads
from orchestration.outcome import Outcome
from orchestration.resources import dbt_resource, gx_resource, source_resource, warehouse_resource
from orchestration.schedules import daily_papers_job, digest_job, digest_schedule, load_landed_job, papers_schedule
from orchestration.sensors import failure_sensor
from orchestration.transform.manifest import ensure_manifest
from warehouse.publication.publish import PUBLIC_SCHEMA
from warehouse.settings import Settings

#: The tag of an asset that says who may rely on it: readers (`public`), or this project's code alone (`private`).
ACCESS = "access"
#: Dagster shows it with each asset. The people of `_groups.yml` in the dbt project.
_OWNERS = ["team:warehouse-maintainers"]


def build_definitions(settings: Settings, **overrides: Any) -> dg.Definitions:
    """Assets, checks, jobs, schedule and sensor for one warehouse. ``overrides`` replace resources by name."""
    models = build_models(ensure_manifest(settings), settings.engine)
    public = sorted(key for key in models.keys if key.path[0] == PUBLIC_SCHEMA)
    publication, mart_gate_check = build_publication(settings, public)
    digest = digest_job(settings)
    return dg.Definitions(
        assets=dg.map_asset_specs(
            _with_owner_and_access,
            [landed_listings, landed_trending, landed_papers, raw_loads, models, *publication],
        ),
        asset_checks=[batch_gate_check, mart_gate_check],
        jobs=[daily_papers_job, load_landed_job, digest],
        schedules=[papers_schedule(settings), digest_schedule(settings, digest)],
        sensors=[failure_sensor(settings)],
        resources={
            "warehouse": warehouse_resource(settings),
            "source": source_resource(settings),
            "gx": gx_resource,
            "dbt": dbt_resource(settings),
            "outcome": Outcome(),
            **overrides,
        },
        executor=dg.in_process_executor,
    )


def _with_owner_and_access(spec: dg.AssetSpec) -> dg.AssetSpec:
    access = "public" if spec.key.path[0] in (PUBLIC_SCHEMA, "publication") and spec.key != CANDIDATE else "private"
    return spec.replace_attributes(owners=_OWNERS, tags={**spec.tags, ACCESS: access})


@dg.definitions
def defs() -> dg.Definitions:
    """The definitions that ``papers ui`` and the daemon load, for the warehouse that the environment names."""
    return build_definitions(Settings.from_environment())
