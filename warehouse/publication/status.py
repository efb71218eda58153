"""The state of a warehouse, from the published file and the Data Docs: available while a run writes."""

from __future__ import annotations

from typing import Any

import duckdb

from warehouse.database import rows, scalar
from warehouse.landing.location import open_landing
from warehouse.publication.publish import count_tables, is_intact, published_file, read_manifest, read_published
from warehouse.raw.overrides import are_overrides_new
from warehouse.raw.store import is_behind
from warehouse.settings import Settings

#: The source canary: the rules of the batch gate that compare what the source sends with what the parsers know, and
#: with what it sent before.
CANARY_RULES = (
    "not_truncated",
    "fields_known",
    "fields_mostly_known",
    "fields_not_vanished",
    "fields_keep_their_type",
)


def read_status(settings: Settings) -> dict[str, Any]:
    """Facts for `papers status`: scalars first, then lists of rows. Raises InputError if nothing is published."""
    with read_published(settings) as connection:
        kind = _kind_column(connection)
        newest = scalar(connection, "select max(observed_at) from ops_loads where verdict = 'accepted'")
        return {
            "home": str(settings.home),
            "published_at": read_manifest(settings).get("published_at"),
            "last_observed_at": newest,
            "published_file": str(settings.published_database),
            "data_docs": str(settings.data_docs / "index.html"),
            "tables": [{"table": name, "rows": count} for name, count in count_tables(connection).items()],
            "loads": rows(
                connection,
                f"select {kind} as kind, verdict, verdict_by, count(*) as loads from ops_loads group by all "
                "order by all",
            ),
            "quarantine": rows(
                connection,
                "select reason_code, count(*) as records, max(observed_at) as last_observed_at "
                "from ops_quarantine group by all order by records desc, reason_code",
            ),
            "rejected_loads": rows(connection, _rejected("gate", _ACCEPT, kind)),
            # These have no records, so a person can't accept them.
            "unreadable_loads": rows(connection, _rejected("loader", _READ_AGAIN, kind)),
            "last_gates": rows(
                connection,
                "select gate, expectation, severity, is_passed, unexpected_count, remedy from ops_gate_results "
                "where load_id is null and not is_passed and run_id in "
                "(select max_by(run_id, checked_at) from ops_gate_results group by gate) order by all",
            ),
            "source_canary": rows(connection, _SOURCE_CANARY),
            "last_gate_pages": _last_pages(settings),
        }


def is_publication_behind(settings: Settings) -> bool:
    """Whether captures, decisions or overrides are newer than the published file, or captures exist without one."""
    landing = open_landing(settings.landing)
    if not is_intact(settings):
        return any(True for _ in landing.captures())
    if are_overrides_new(settings):
        return True
    with published_file(settings) as published:
        return is_behind(landing, settings.raw_database, published)


#: What to do about a load, as SQL.
_ACCEPT = """'papers accept ' || load_id || ' --reason "…", if the listing is right after all'"""
_READ_AGAIN = "'papers rebuild --load ' || load_id || ', if it is a listing and the parser was fixed'"


#: The result of each of these rules in the last run that checked loads, and when it last failed.
_SOURCE_CANARY = f"""
    with results as (
        select
            results.*,
            loads.listing_date,
            run_id = (select max_by(run_id, checked_at) from ops_gate_results where gate = 'batch') as is_last
        from ops_gate_results as results
        left join ops_loads as loads on loads.load_id = results.load_id
        where gate = 'batch' and expectation in {CANARY_RULES}
    )
    select
        expectation as rule,
        max(checked_at) filter (where is_last) as checked_at,
        bool_and(is_passed) filter (where is_last) as is_passed,
        max(checked_at) filter (where not is_passed) as last_failed_at,
        max(observed_value) filter (where is_last and not is_passed and load_id is null) as found,
        min(listing_date) filter (where is_last and not is_passed) as first_listing_date,
        max(listing_date) filter (where is_last and not is_passed) as last_listing_date,
        max(remedy) filter (where is_last and not is_passed) as what_to_do
    from results
    group by expectation
    order by is_passed, rule
"""


def _kind_column(connection: duckdb.DuckDBPyConnection) -> str:
    """What has the kind of a capture; a file that an older version published has listings only."""
    columns = {row[0] for row in connection.execute("describe ops_loads").fetchall()}
    return "capture_kind" if "capture_kind" in columns else "'daily'"


def _rejected(by: str, remedy: str, kind: str) -> str:
    """A query of the newest rejected loads, by who rejected them (``gate`` or ``loader``)."""
    return f"""select load_id, {kind} as kind, load_source, listing_date, verdict_reason, {remedy} as what_to_do
               from ops_loads where verdict = 'rejected' and verdict_by = '{by}' order by load_number desc limit 20"""


def _last_pages(settings: Settings) -> list[dict[str, Any]]:
    """The Data Docs of the newest run whose gates ran, published or not."""
    runs = [folder for folder in settings.data_docs.glob("*") if folder.is_dir()]
    newest = max(runs, key=lambda folder: folder.stat().st_mtime, default=None)
    return [{"gate": page.stem, "page": str(page)} for page in sorted(newest.glob("*.html"))] if newest else []
