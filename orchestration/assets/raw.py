"""The raw tables, and the batch gate of the loads that no gate has checked yet."""

from collections import Counter

import dagster as dg

from orchestration import pipeline
from orchestration.assets.landing import LISTINGS, PAPERS, TRENDING_LIST
from orchestration.gates.failures import name_listing
from orchestration.gates.gx_runner import GxRunner
from orchestration.gates.verdicts import GateOutcome, without_rules
from orchestration.loopback import DATA_DOCS
from orchestration.outcome import Outcome, failing_in_dagster
from sources import DAILY_PAPERS
from warehouse.clock import utc_now
from warehouse.display import plural
from warehouse.raw.observations import read_observed
from warehouse.settings import Settings

RAW_LOADS = dg.AssetKey(["raw", "loads"])
#: Load ids in the metadata of one event: Dagster keeps three copies of it. The tables have them all.
MAX_SHOWN = 100


class RawConfig(dg.Config):
    """``rebuild``: read the whole landing archive again instead of what is new.

    ``accepted_loss``: why a rebuild may publish fewer loads than before; without a reason it may not.
    """

    rebuild: bool = False
    accepted_loss: str = ""


@dg.asset(
    key=RAW_LOADS,
    deps=[LISTINGS, TRENDING_LIST, PAPERS],
    group_name="raw",
    kinds={"python", "duckdb"},
    pool="warehouse",
)
def raw_loads(
    context: dg.AssetExecutionContext,
    config: RawConfig,
    warehouse: dg.ResourceParam[Settings],
    outcome: dg.ResourceParam[Outcome],
) -> dg.MaterializeResult:  # type: ignore[type-arg]
    """Loads, entries, authors, totals of papers, refused records and fields seen: what is landed and not yet loaded."""
    with failing_in_dagster():
        run_id = context.run.run_id
        pipeline.load(warehouse, run_id, outcome, is_rebuild=config.rebuild, accepted_loss=config.accepted_loss)
        report_listings(context.instance, warehouse)
    loads = outcome.loads
    reasons = Counter((load.reason or "").split(":")[0] for load in loads if load.reason)
    return dg.MaterializeResult(
        metadata={
            "seconds": round(outcome.seconds["Loading"], 2),
            "loads": len(loads),
            "loads by kind": dg.MetadataValue.json(dict(Counter(load.kind for load in loads))),
            "entries": sum(load.entries for load in loads),
            "records in quarantine": sum(load.refused for load in loads),
            "payloads refused": sum(1 for load in loads if load.reason),
            "reasons": dg.MetadataValue.json(dict(reasons)),
            "load ids": dg.MetadataValue.json([load.load_id for load in loads[:MAX_SHOWN]]),
        }
    )


def report_listings(instance: dg.DagsterInstance, warehouse: Settings) -> None:
    """Report the listing dates in the raw tables that Dagster shows as missing: imported ones, and those of runs that
    its history keeps no more. 1.4 ms a date (2026-11-28)."""
    now = utc_now()
    shown = instance.get_materialized_partitions(LISTINGS)
    for day, observed_at in sorted(read_observed(warehouse, now).items()):
        if day.isoformat() not in shown and DAILY_PAPERS.first_listing_date <= day <= now.date():
            instance.report_runless_asset_event(
                dg.AssetMaterialization(
                    LISTINGS,
                    description="In the landing archive: imported, or observed by a run that is no longer shown.",
                    metadata={"last observed at": dg.MetadataValue.timestamp(observed_at)},
                    partition=day.isoformat(),
                )
            )


@dg.asset_check(
    asset=RAW_LOADS,
    name="batch_gate",
    blocking=True,
    description="The batch gate: checks each pending load; models read accepted loads only.",
    pool="warehouse",
)
def batch_gate_check(
    context: dg.AssetCheckExecutionContext,
    warehouse: dg.ResourceParam[Settings],
    gx: dg.ResourceParam[GxRunner],
    outcome: dg.ResourceParam[Outcome],
) -> dg.AssetCheckResult:
    """Check the pending loads and write their verdicts. Fails when the gate blocks the run."""
    with failing_in_dagster():
        gate = pipeline.check_loads(warehouse, gx, context.run.run_id, outcome)
    return gate_result(gate, warehouse, outcome.seconds["The batch gate"])


def gate_result(gate: GateOutcome, warehouse: Settings, seconds: float) -> dg.AssetCheckResult:
    """A gate's outcome as a check result. ``seconds`` is what it took.

    It fails with severity ERROR where it blocks and with WARN where it rejected loads, which wait for a person.
    Warnings alone pass; the description has them.
    """
    metadata: dict[str, dg.MetadataValue | int | float] = {
        "seconds": round(seconds, 2),
        "checked": gate.checked,
        "accepted": gate.accepted,
        "rejected": dg.MetadataValue.json(dict(list(gate.rejected.items())[:MAX_SHOWN])),
    }
    if gate.failures:
        metadata["violations"] = dg.MetadataValue.table(
            [
                dg.TableRecord(
                    {
                        "where": failure.where,
                        "rule": failure.rule,
                        "severity": failure.severity,
                        "rows": failure.unexpected,
                        "sample": failure.sample,
                        "reason": failure.reason,
                        "what to do": failure.remedy,
                    }
                )
                for failure in gate.failures
            ]
        )
    if gate.page:
        metadata["Data Docs"] = dg.MetadataValue.url(f"{DATA_DOCS}/{gate.page}")
        metadata["Data Docs file"] = dg.MetadataValue.path(str(warehouse.data_docs / gate.page))
    return dg.AssetCheckResult(
        passed=not gate.problem and not gate.rejected,
        severity=dg.AssetCheckSeverity.ERROR if gate.problem else dg.AssetCheckSeverity.WARN,
        description=gate.problem or _remark(gate),
        metadata=metadata,
    )


def _remark(gate: GateOutcome) -> str:
    if gate.rejected:
        load_id, reason = next(iter(gate.rejected.items()))
        listing = name_listing(gate.listings.get(load_id, load_id))
        return (
            f"{len(gate.rejected)} of {gate.checked} listings were rejected, first {listing}: "
            f"{without_rules(reason)} `papers status` lists them with what to do."
        )
    passed = f"{gate.accepted} of {gate.checked} {'listings' if gate.gate == 'batch' else 'rules'} passed"
    warnings = gate.warning_sentences
    if warnings:
        return f"{passed}, with {len(warnings)} {plural(len(warnings), 'warning')}. {' '.join(warnings)}"
    return f"{passed}."
