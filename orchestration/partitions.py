"""Listing dates as daily partitions, UTC, up to and including today."""

from __future__ import annotations

from datetime import date

import dagster as dg

from sources import DAILY_PAPERS

#: ``end_offset=1``: today's listing is already growing and can be observed.
LISTING_DATES = dg.DailyPartitionsDefinition(
    start_date=DAILY_PAPERS.first_listing_date.isoformat(), timezone="UTC", end_offset=1
)

#: Tag of a run that skips listing dates observed since this moment (ISO, UTC).
SKIP_OBSERVED_SINCE = "papers/skip_observed_since"


def range_tags(first: date, last: date) -> dict[str, str]:
    """Tags of one run over the listing dates ``first`` to ``last``, both included."""
    return {
        "dagster/asset_partition_range_start": first.isoformat(),
        "dagster/asset_partition_range_end": last.isoformat(),
    }
