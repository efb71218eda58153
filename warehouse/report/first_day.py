"""How complete listings are at each hour of their first two days: the rows of the query ``first_day``."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import duckdb

from warehouse.publication.queries import load_queries
from warehouse.report.rows import fetch


@dataclass(frozen=True)
class Hour:
    """An hour since 00:00 UTC of the listing date. Shares are 0 to 1, null where no listing was observed."""

    hour: int
    listings: int
    papers_share: float | None
    upvotes_share: float | None
    listings_compared: int
    papers_added: float | None
    upvotes_added: float | None


@dataclass(frozen=True)
class FirstDay:
    """The hours 0 to 47, none where the final size of no listing is known."""

    hours: list[Hour]

    @property
    def observed(self) -> list[Hour]:
        """The hours in which a listing was observed."""
        return [hour for hour in self.hours if hour.listings]

    @property
    def first_complete(self) -> Hour | None:
        """The first hour with 95 % of the final papers on average; None if no observed hour has them."""
        return next((hour for hour in self.observed if (hour.papers_share or 0) >= 0.95), None)


def read_first_day(connection: duckdb.DuckDBPyConnection) -> FirstDay:
    """The shares by hour, over all listings whose final size is known."""
    hours = fetch(connection, Hour, load_queries()["first_day"].sql)
    # Averages differ in their last bits from one reading to the next; equal data should give equal pages.
    return FirstDay([replace(hour, **_rounded(hour)) for hour in hours])


def _rounded(hour: Hour) -> dict[str, Any]:
    return {name: round(value, 12) for name, value in vars(hour).items() if isinstance(value, float)}
