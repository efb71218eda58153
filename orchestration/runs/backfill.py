"""`papers backfill` as one backfill of Dagster: its page shows the dates, and the same command goes on with it.

Belongs here: the record. Its run is the ``daily_papers`` job like any other (``runner``), in this process.

Dagster has no public function that records a backfill without launching it, so this is made from its own parts
(dagster is locked to a version). The record says that all runs are requested already: a daemon that runs beside
waits for the dates, and launches nothing.
"""

import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta

import dagster as dg
from dagster._core.definitions.assets.graph.asset_graph import AssetGraph
from dagster._core.definitions.assets.graph.asset_graph_subset import AssetGraphSubset
from dagster._core.definitions.events import AssetKeyPartitionKey
from dagster._core.execution.backfill import BulkActionsFilter, BulkActionStatus, PartitionBackfill
from dagster._core.storage.tags import BACKFILL_ID_TAG
from dagster_shared.error import SerializableErrorInfo

from orchestration.assets.landing import landed_listings
from orchestration.outcome import Outcome
from orchestration.partitions import SKIP_OBSERVED_SINCE, range_tags
from warehouse.clock import utc_now
from warehouse.settings import Settings

#: Tag of a backfill with its range, by which the next command finds one that broke off.
RANGE_TAG = "papers/backfill"
#: A backfill that broke off longer ago is begun again: its dates are to be observed at about one time.
GOES_ON_FOR = timedelta(hours=24)


@dataclass
class Backfill:
    """One backfill, begun at ``begun_at``. Dates that were observed since ``since`` are not asked for; times are UTC.

    ``outcome`` is its run's.
    """

    backfill_id: str
    first: date
    last: date
    begun_at: datetime
    since: datetime
    goes_on: bool
    outcome: Outcome = field(default_factory=Outcome)

    @property
    def tags(self) -> dict[str, str]:
        """Tags of the run that belongs to it."""
        return {
            **range_tags(self.first, self.last),
            BACKFILL_ID_TAG: self.backfill_id,
            SKIP_OBSERVED_SINCE: self.since.isoformat(),
        }


@contextmanager
def recorded(settings: Settings, first: date, last: date) -> Iterator[Backfill]:
    """A backfill of the listing dates ``first`` to ``last`` while it is under way; its end is recorded, also a bad one.

    Goes on with the one of the same range that a kill left open. The caller holds the warehouse, so what is open
    here belongs to a process that is no more; it has prepared the environment (``runner``).
    """
    now = utc_now()
    with dg.DagsterInstance.get() as instance:
        left_open = _left_open(instance, first, last, now)
        if left_open:
            begun = datetime.fromtimestamp(left_open.backfill_timestamp, UTC)
            backfill_id = left_open.backfill_id
        else:
            begun, backfill_id = now, str(uuid.uuid4())
            instance.add_backfill(_record(instance, backfill_id, first, last, begun))
        # A date that the day's run observed this morning need not be asked again either.
        since = min(begun, now.replace(hour=0, minute=0, second=0, microsecond=0))
        backfill = Backfill(backfill_id, first, last, begun, since, goes_on=left_open is not None)
        try:
            yield backfill
        except Exception as error:
            _close(instance, backfill, str(error))
            raise
        _close(instance, backfill, None)


def _left_open(instance: dg.DagsterInstance, first: date, last: date, now: datetime) -> PartitionBackfill | None:
    """The open backfill of this range, if it began lately. Its dead run, and every other left open, is ended."""
    found = None
    for record in instance.get_backfills(filters=BulkActionsFilter(statuses=[BulkActionStatus.REQUESTED])):
        if RANGE_TAG not in record.tags:
            continue  # one of the UI: the daemon looks after it
        dead = dg.RunsFilter(
            tags={BACKFILL_ID_TAG: record.backfill_id},
            statuses=[dg.DagsterRunStatus.STARTING, dg.DagsterRunStatus.STARTED],
        )
        for run in instance.get_runs(filters=dead):
            instance.report_run_canceled(run, message="Its process was killed; the next run of the backfill goes on.")
        is_recent = now.timestamp() - record.backfill_timestamp < GOES_ON_FOR.total_seconds()
        if record.tags[RANGE_TAG] == _range(first, last) and is_recent and not found:
            found = record
        else:
            instance.update_backfill(
                record._replace(status=BulkActionStatus.CANCELED, backfill_end_timestamp=utc_now().timestamp())
            )
    return found


def _record(
    instance: dg.DagsterInstance, backfill_id: str, first: date, last: date, begun: datetime
) -> PartitionBackfill:
    asset_graph = AssetGraph.from_assets([landed_listings])
    record = PartitionBackfill.from_asset_partitions(
        backfill_id=backfill_id,
        asset_graph=asset_graph,
        partition_names=_days(first, last),
        asset_selection=[landed_listings.key],
        backfill_timestamp=begun.timestamp(),
        tags={RANGE_TAG: _range(first, last)},
        dynamic_partitions_store=instance,
        all_partitions=False,
        title=f"papers backfill {first} to {last}",
        description=None,
        run_config=None,
    )
    data = record.get_asset_backfill_data(asset_graph)
    data = data.replace_requested_subset(data.target_subset).with_requested_runs_for_target_roots(True)
    return record.with_asset_backfill_data(data, dynamic_partitions_store=instance, asset_graph=asset_graph)


def _close(instance: dg.DagsterInstance, backfill: Backfill, problem: str | None) -> None:
    """Record which dates have a look of this backfill or of today, and which have none."""
    record = instance.get_backfill(backfill.backfill_id)
    if record is None:
        return
    asset_graph = AssetGraph.from_assets([landed_listings])
    fetched = backfill.outcome.fetched
    looked_at = {str(day) for day in (*fetched.landed, *fetched.skipped)} if fetched else set()
    days = _days(backfill.first, backfill.last)
    data = record.get_asset_backfill_data(asset_graph)._replace(
        materialized_subset=_subset(asset_graph, [day for day in days if day in looked_at]),
        failed_and_downstream_subset=_subset(asset_graph, [day for day in days if day not in looked_at]),
    )
    if problem is None and fetched and fetched.failures:
        day, reason = next(iter(fetched.failures.items()))
        problem = f"{len(fetched.failures)} dates were not fetched, first {day}: {reason}"
    record = record.with_asset_backfill_data(data, dynamic_partitions_store=instance, asset_graph=asset_graph)
    status = BulkActionStatus.COMPLETED_FAILED if problem else BulkActionStatus.COMPLETED_SUCCESS
    record = record._replace(status=status, backfill_end_timestamp=utc_now().timestamp())
    if problem:
        record = record._replace(error=SerializableErrorInfo(message=problem, stack=[], cls_name=None))
    instance.update_backfill(record)


def _subset(asset_graph: AssetGraph, days: list[str]) -> AssetGraphSubset:
    keys = {AssetKeyPartitionKey(landed_listings.key, day) for day in days}
    return AssetGraphSubset.from_asset_partition_set(keys, asset_graph)


def _days(first: date, last: date) -> list[str]:
    return [str(first + timedelta(days=n)) for n in range((last - first).days + 1)]


def _range(first: date, last: date) -> str:
    return f"{first} to {last}"
