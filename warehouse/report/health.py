"""The state of the data: freshness, gates, rejected loads, quarantine, drift of the source's fields."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, datetime

import duckdb

from warehouse.database import rows, scalar
from warehouse.report.rows import fetch

MAX_ROWS = 20
#: Listing dates in the chart of volumes.
DAYS = 90
_FIELD = re.compile(r"\b(\w+)=")
_LOAD_ID = re.compile(r"\bload_id=([0-9a-f]{16})\b")


@dataclass(frozen=True)
class Freshness:
    """The last observation, the last landing, and counts of loads and entries. Moments are UTC."""

    last_observed_at: datetime | None
    last_landed_at: datetime | None
    last_listing_date: date | None
    loads: int
    accepted: int
    rejected: int
    pending: int
    entries: int
    quarantined: int


@dataclass(frozen=True)
class ListingDay:
    """A listing date: its papers, its observations, and the last of them (UTC)."""

    listing_date: date
    papers: int
    observations: int
    last_observed_at: datetime


@dataclass(frozen=True)
class GateRun:
    """One gate of one run."""

    gate: str
    run_id: str
    checked_at: datetime
    rules: int
    failed_errors: int
    failed_warnings: int


@dataclass(frozen=True)
class Sample:
    """What breaks a rule, with the load in which it was found: its listing date, and its observation (UTC)."""

    text: str
    listing_date: date | None = None
    observed_at: datetime | None = None


@dataclass(frozen=True)
class Rule:
    """One rule of the last run of a gate."""

    gate: str
    expectation: str
    severity: str
    is_passed: bool
    unexpected_count: int | None
    samples: list[Sample]
    reason: str | None
    remedy: str | None


@dataclass(frozen=True)
class QuarantineReason:
    """Records in quarantine of one reason, with the latest of them."""

    reason_code: str
    records: int
    last_observed_at: datetime
    field_path: str | None
    detail: str | None
    record: str | None
    listing_date: date | None


@dataclass(frozen=True)
class Rejection:
    """A rejected load. ``kind`` is null where the loader could not read what it is."""

    load_source: str
    kind: str | None
    listing_date: date | None
    observed_at: datetime
    verdict_by: str | None
    verdict_reason: str | None


@dataclass(frozen=True)
class Drift:
    """A field of the source that appeared, vanished or changed its type."""

    field_path: str
    status: str
    json_types: str | None
    is_known: bool
    first_seen_at: datetime
    last_seen_at: datetime
    present_share: float | None


@dataclass(frozen=True)
class Health:
    """The page's facts."""

    freshness: Freshness
    days: list[ListingDay]
    runs: list[GateRun]
    rules: list[Rule]
    quarantine_reasons: list[QuarantineReason]
    rejected_by_gate: int
    rejections: list[Rejection]
    steady_fields: int
    drift: list[Drift]


def read_health(connection: duckdb.DuckDBPyConnection) -> Health:
    """Read everything that the page "Data health" shows."""
    freshness = fetch(
        connection,
        Freshness,
        """select max(observed_at) filter (verdict = 'accepted') as last_observed_at, max(landed_at) as last_landed_at,
                  (select max(listing_date) from fct_listings) as last_listing_date, count(*) as loads,
                  count(*) filter (verdict = 'accepted') as accepted,
                  count(*) filter (verdict = 'rejected') as rejected,
                  count(*) filter (verdict = 'pending') as pending,
                  coalesce(sum(entry_count) filter (verdict = 'accepted'), 0)::bigint as entries,
                  (select count(*) from ops_quarantine) as quarantined
           from ops_loads""",
    )[0]
    steady = scalar(connection, "select count(*) from ops_schema_drift where status = 'steady'")
    by_gate = scalar(connection, "select count(*) from ops_loads where verdict = 'rejected' and verdict_by = 'gate'")
    return Health(
        freshness=freshness,
        days=_days(connection),
        runs=_runs(connection),
        rules=_rules(connection),
        quarantine_reasons=_quarantine_reasons(connection),
        rejected_by_gate=by_gate,
        rejections=fetch(
            connection,
            Rejection,
            """select load_source, kind, listing_date, observed_at, verdict_by, verdict_reason from ops_loads
               where verdict = 'rejected' order by verdict_by = 'gate' desc, load_number desc limit ?""",
            [MAX_ROWS],
        ),
        steady_fields=steady,
        drift=fetch(
            connection,
            Drift,
            """select field_path, status, json_types, is_known, first_seen_at, last_seen_at, present_share
               from ops_schema_drift where status <> 'steady' order by status, last_seen_at desc, field_path limit ?""",
            [2 * MAX_ROWS],
        ),
    )


def _days(connection: duckdb.DuckDBPyConnection) -> list[ListingDay]:
    return fetch(
        connection,
        ListingDay,
        """with recent as (
               select * from fct_listings where listing_date > (select max(listing_date) from fct_listings) - ?::integer
           ),
           observed as (
               select listing_date, count(*) as observations from ops_loads
               where verdict = 'accepted' and kind = 'daily' group by listing_date
           )
           select recent.listing_date, count(*) as papers, coalesce(max(observed.observations), 0) as observations,
                  max(recent.last_observed_at) as last_observed_at
           from recent left join observed on recent.listing_date = observed.listing_date
           group by recent.listing_date order by recent.listing_date""",
        [DAYS],
    )


def _runs(connection: duckdb.DuckDBPyConnection) -> list[GateRun]:
    return fetch(
        connection,
        GateRun,
        """select gate, run_id, max(checked_at) as checked_at, count(*) as rules,
                  count(*) filter (not is_passed and severity = 'error') as failed_errors,
                  count(*) filter (not is_passed and severity = 'warning') as failed_warnings
           from ops_gate_results where load_id is null and gate <> 'person'
           group by gate, run_id order by checked_at desc, gate limit ?""",
        [MAX_ROWS],
    )


def _rules(connection: duckdb.DuckDBPyConnection) -> list[Rule]:
    found = rows(
        connection,
        """with last as (
               select gate, max_by(run_id, checked_at) as run_id from ops_gate_results
               where gate <> 'person' group by gate
           )
           select results.gate, expectation, severity, is_passed, unexpected_count, sample_values, reason, remedy
           from ops_gate_results as results
           inner join last on results.gate = last.gate and results.run_id = last.run_id
           where load_id is null
           order by is_passed, severity, results.gate, expectation""",
    )
    texts = [row.pop("sample_values") for row in found]
    loads = _loads(connection, [load_id for text in texts for load_id in _LOAD_ID.findall(text or "")])
    return [Rule(samples=_samples(text, loads), **row) for text, row in zip(texts, found, strict=True)]


def _loads(connection: duckdb.DuckDBPyConnection, load_ids: list[str]) -> dict[str, tuple[date | None, datetime]]:
    """Listing date and observation of each load."""
    found = connection.execute(
        "select load_id, listing_date, observed_at from ops_loads where load_id in (select unnest(?::varchar[]))",
        [load_ids],
    ).fetchall()
    return {load_id: (listing_date, observed_at) for load_id, listing_date, observed_at in found}


def _samples(text: str | None, loads: dict[str, tuple[date | None, datetime]]) -> list[Sample]:
    """The samples of a rule, which are separated by semicolons; dates replace the id of a load that is known."""
    samples = []
    for part in (text or "").split("; "):
        load = next((loads[load_id] for load_id in _LOAD_ID.findall(part) if load_id in loads), None)
        rest = _LOAD_ID.sub("", part).strip(", ") if load else part.strip()
        words = _FIELD.sub(lambda found: found[1].replace("_", " ") + ": ", rest)
        if words:
            samples.append(Sample(words, *(load or ())))
    return samples


def _quarantine_reasons(connection: duckdb.DuckDBPyConnection) -> list[QuarantineReason]:
    return fetch(
        connection,
        QuarantineReason,
        """select reason_code, count(*) as records, max(observed_at) as last_observed_at,
                  max_by(field_path, observed_at) as field_path, max_by(detail, observed_at) as detail,
                  max_by(left(record, 400), observed_at) as record,
                  max_by(listing_date, observed_at) as listing_date
           from ops_quarantine group by reason_code order by records desc, reason_code limit ?""",
        [MAX_ROWS],
    )
