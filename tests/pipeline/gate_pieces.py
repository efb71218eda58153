"""The pieces of a run without its process: land, load and check in this process, many listings in one gate."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from orchestration.gates.gx_runner import SuiteResult, run_suite
from orchestration.gates.verdicts import GateOutcome, batch_gate
from warehouse.landing.archive import Landing
from warehouse.landing.folder import FolderLanding
from warehouse.raw.loader import load_landed
from warehouse.raw.reader import LoadResult
from warehouse.raw.store import RawStore
from warehouse.settings import Settings

#: The phases of a run after landing, in their order: in Dagster and in the plain pipeline.
PHASES = ("Loading", "The batch gate", "dbt", "Sealing", "The mart gate", "Publication", "Feeds", "Report")


class Here:
    """Suites run in this process: Great Expectations is imported once for all tests."""

    def run_suite(self, *arguments: Any) -> SuiteResult:
        return run_suite(*arguments)


@dataclass(frozen=True)
class Warehouse:
    """A home to land listings in, one by one or many, and to check."""

    settings: Settings

    @classmethod
    def at(cls, home: Path) -> Warehouse:
        return cls(replace(Settings(), home=home))

    @property
    def landing(self) -> Landing:
        return FolderLanding(self.settings.landing)

    def land(self, *listings: tuple[str, str, bytes], basis: str = "manifest", url: str = "listing.json") -> list[str]:
        """Land (listing date, observed at UTC, payload) each; returns their load ids."""
        with self.landing.writing() as batch:
            return [
                batch.land(
                    [(url, body)],
                    source=url,
                    listing_date=date.fromisoformat(day) if day else None,
                    observed_at=datetime.fromisoformat(moment).replace(tzinfo=UTC),
                    observed_at_basis=basis,  # type: ignore[arg-type]
                )[0]
                for day, moment, body in listings
            ]

    def load(self, run_id: str) -> list[LoadResult]:
        with RawStore.open(self.settings.raw_database) as raw:
            return load_landed(raw, self.landing, run_id)

    def check(self, run_id: str = "a run") -> GateOutcome:
        """Load what is landed and run the batch gate."""
        self.load(run_id)
        return batch_gate(self.settings, Here(), run_id)  # type: ignore[arg-type]

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        with RawStore.open(self.settings.raw_database) as raw:
            return raw.connection.execute(query).fetchall()

    def rejected(self) -> dict[str, str]:
        return dict(self.rows("select load_id, verdict_reason from raw.loads where verdict = 'rejected'"))

    def warned(self) -> dict[str, set[str]]:
        """Load id → the rules of severity warning that it fails."""
        found: dict[str, set[str]] = {}
        for load_id, rule in self.rows(
            "select load_id, expectation from raw.gate_results where severity = 'warning' and load_id is not null"
        ):
            found.setdefault(load_id, set()).add(rule)
        return found


def entry(number: int, day: str, upvotes: int = 5, **paper: Any) -> dict[str, Any]:
    """An invented entry submitted on ``day``. Keyword arguments are fields of ``paper``."""
    return {
        "paper": {
            "id": f"{day[2:4]}{day[5:7]}.{number:05d}",
            "authors": [{"_id": f"{day}-{number}", "name": f"Person {number}", "hidden": False}],
            "publishedAt": f"{day}T00:00:00.000Z",
            "submittedOnDailyAt": f"{day}T03:00:00.000Z",
            "title": f"Paper {number} of {day}",
            "summary": "Invented.",
            "upvotes": upvotes,
            **paper,
        },
        "publishedAt": f"{day}T00:00:00.000Z",
        "title": f"Paper {number} of {day}",
        "numComments": 0,
    }


def listing(day: str, count: int, upvotes: int = 5) -> bytes:
    """A listing of ``count`` invented papers."""
    return body(entry(number, day, upvotes) for number in range(1, count + 1))


def body(entries: Iterable[Any]) -> bytes:
    return json.dumps(list(entries)).encode()
