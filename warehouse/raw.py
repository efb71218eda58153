"""The raw tables: one row per thing seen, per observation. Append-only; every row carries its load id.

A *load* is one capture of the landing archive. ``raw.loads.verdict`` decides what staging reads: ``pending``
until the batch gate judged it, then ``accepted`` or ``rejected``. A capture that no parser can read is a load
too, rejected by the loader, with its reason in ``raw.quarantine``.

What moves between two observations (upvotes, comments, stars, position) is a row of ``entries``; what rarely
does (texts, authors, organization) is stored once per distinct content and pointed to by ``content_id``.
"""

from __future__ import annotations

import hashlib
import os
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import msgspec
import polars as pl

from sources.daily_papers import formats
from sources.daily_papers.records import Entry, FieldSeen, Listing
from sources.errors import FormatError
from warehouse.errors import HomeError
from warehouse.keys import name_key, title_key
from warehouse.landing import Capture, Landing, utc_now
from warehouse.settings import MEMORY_LIMIT

#: Loads per transaction: bounds memory, and what a kill makes us read again.
CHUNK = 250
#: A refused record is kept to this many characters here; the landing archive has all of it.
RECORD_LIMIT = 1 << 20

#: Columns by table, in the order in which a chunk is written: authors come before the content that they belong
#: to, because a content that is there already tells that its authors are too.
TABLES = {
    "loads": """
        load_id varchar primary key, load_number bigint not null, format varchar, kind varchar,
        source varchar not null, listing_date date, served_date date, observed_at timestamp not null,
        observed_at_basis varchar not null, landed_at timestamp not null, landing_note varchar,
        payload_count integer not null, payload_bytes bigint not null, payload_sha256 varchar not null,
        received integer not null, entries integer not null, refused integer not null,
        verdict varchar not null, verdict_by varchar, verdict_reason varchar, loaded_in varchar not null""",
    "entries": """
        load_id varchar not null, position integer not null, content_id varchar not null, paper_id varchar,
        title_key varchar not null, upvotes bigint, comments bigint, github_stars bigint""",
    "entry_authors": """
        content_id varchar not null, author_position integer not null,
        name varchar not null, name_key varchar not null, author_row_id varchar, account_id varchar,
        account_handle varchar, account_name varchar, status varchar, status_changed_at timestamp,
        is_hidden boolean""",
    "entry_contents": """
        content_id varchar not null, paper_id varchar, title varchar not null, title_key varchar not null,
        abstract varchar, published_at timestamp, published_on date, submitted_at timestamp,
        author_count integer, organization_id varchar, organization_slug varchar, organization_name varchar,
        organization_slug_key varchar, organization_name_key varchar,
        submitter_account_id varchar, submitter_handle varchar, submitter_name varchar,
        code_url varchar, project_url varchar, ai_summary varchar, ai_keywords varchar[],
        discussion_id varchar, thumbnail_url varchar, is_author_participating boolean, extra varchar""",
    "quarantine": """
        load_id varchar not null, position integer, reason_code varchar not null, field_path varchar,
        detail varchar not null, record varchar""",
    "fields_seen": """
        load_id varchar not null, path varchar not null, types varchar not null, present bigint not null,
        parents bigint not null, is_known boolean not null""",
    "gate_results": """
        run_id varchar not null, gate varchar not null, checked_at timestamp not null, load_id varchar,
        expectation varchar not null, severity varchar not null, passed boolean not null,
        observed varchar, unexpected bigint, sample varchar, reason varchar, remedy varchar, data_docs varchar""",
    # What people say about authors and organizations (warehouse/overrides.py): as their files are now.
    "author_overrides": """
        row_number integer not null, action varchar not null, mention_id varchar not null,
        author_id varchar not null, reason varchar not null""",
    "organization_overrides": """
        row_number integer not null, action varchar not null, listed_organization varchar not null,
        organization varchar, kind varchar, reason varchar not null""",
}

_POLARS = {
    "varchar": pl.String,
    "bigint": pl.Int64,
    "integer": pl.Int32,
    "date": pl.Date,
    "timestamp": pl.Datetime("us"),
    "boolean": pl.Boolean,
    "varchar[]": pl.List(pl.String),
}


def _frame_schema(table: str) -> dict[str, Any]:
    columns = (part.split()[:2] for part in TABLES[table].replace("\n", " ").split(","))
    return {name: _POLARS[kind] for name, kind in columns}


@dataclass(frozen=True)
class LoadResult:
    """What became of one capture."""

    load_id: str
    source: str
    listing_date: date | None
    observed_at: datetime
    observed_at_basis: str
    entries: int
    refused: int
    verdict: str
    reason: str | None


@contextmanager
def open_database(path: Path, *, read_only: bool = False) -> Iterator[duckdb.DuckDBPyConnection]:
    """A DuckDB connection that is closed whatever happens. Times are UTC.

    Raises HomeError when the file can't be opened or written.
    """
    try:
        # Attached under a name of its own: raw.duckdb opened directly is a catalog "raw" with a schema "raw", and
        # DuckDB calls raw.loads ambiguous.
        connection = duckdb.connect()
        quoted = str(path).replace("'", "''")
        connection.execute(f"attach '{quoted}' as warehouse_file{' (read_only)' if read_only else ''}")
        connection.execute("use warehouse_file")
    except (duckdb.IOException, duckdb.FatalException) as error:
        raise HomeError(
            f"{path} can't be opened ({str(error).splitlines()[0]}): "
            "is another program writing to it, or the disk full or read-only?"
        ) from error
    try:
        connection.execute("set TimeZone = 'UTC'")
        # Order is what a query asks for; keeping any other holds rows in memory.
        connection.execute("set preserve_insertion_order = false")
        connection.execute(f"set memory_limit = '{MEMORY_LIMIT}'")
        connection.execute(f"set temp_directory = '{quoted}.tmp'")
        yield connection
    except duckdb.IOException as error:
        raise HomeError(
            f"{path} can't be written ({str(error).splitlines()[0]}): free space or check the folder's "
            "permissions, then run again; nothing already landed is lost."
        ) from error
    finally:
        connection.close()


def scalar(connection: duckdb.DuckDBPyConnection, query: str, parameters: Sequence[Any] = ()) -> Any:
    """The only value of a query. Reads to the end: DuckDB 2.0 refuses other work while a result is open."""
    return connection.execute(query, list(parameters)).fetchall()[0][0]


class RawStore:
    """The raw tables behind one writing connection. Use ``RawStore.open``."""

    def __init__(self, connection: duckdb.DuckDBPyConnection):
        self.connection = connection

    @classmethod
    @contextmanager
    def open(cls, path: Path) -> Iterator[RawStore]:
        """Open ``raw.duckdb`` for writing; makes what is missing. One process at a time (see ``lock``)."""
        path.parent.mkdir(parents=True, exist_ok=True)
        with open_database(path) as connection:
            connection.execute("create schema if not exists raw")
            for table, columns in TABLES.items():
                connection.execute(f"create table if not exists raw.{table} ({columns})")
            yield cls(connection)

    def load_landed(
        self, landing: Landing, run_id: str, on_load: Callable[[LoadResult], None] | None = None
    ) -> list[LoadResult]:
        """Read what is landed and not yet loaded, in the order of landing, then replay people's decisions.

        Each chunk is one transaction: a kill loses nothing and repeats at most one chunk.
        """
        newest = scalar(self.connection, "select max(landed_at) from raw.loads")
        since = (newest - timedelta(days=1)).date() if newest else None
        known = {r[0] for r in self.connection.execute("select load_id from raw.loads").fetchall()}
        results: list[LoadResult] = []
        chunk: list[Capture] = []
        for capture in landing.captures(since):
            if capture.load_id in known:
                continue
            known.add(capture.load_id)
            chunk.append(capture)
            if len(chunk) == CHUNK:
                results += self._load(landing, chunk, run_id, on_load)
                chunk = []
        results += self._load(landing, chunk, run_id, on_load)
        self._replay_decisions(landing)
        return results

    def pending(self) -> int:
        """Loads that no gate has judged yet."""
        return int(scalar(self.connection, "select count(*) from raw.loads where verdict = 'pending'"))

    def set_verdicts(self, verdicts: Sequence[tuple[str, str, str, str | None]]) -> None:
        """Write (load_id, verdict, by, reason) rows in one transaction."""
        if not verdicts:
            return
        frame = pl.DataFrame(
            verdicts,
            schema=dict.fromkeys(("load_id", "verdict", "verdict_by", "verdict_reason"), pl.String),
            orient="row",
        ).to_arrow()
        self.connection.register("new_verdicts", frame)
        self.connection.execute(
            """update raw.loads set verdict = v.verdict, verdict_by = v.verdict_by,
                      verdict_reason = v.verdict_reason
               from new_verdicts as v where loads.load_id = v.load_id"""
        )
        self.connection.unregister("new_verdicts")

    def parse_again(self, landing: Landing, load_id: str, run_id: str) -> LoadResult:
        """Replace one load's rows by what today's parser makes of its payloads; its verdict is pending again.

        One transaction: a kill leaves the old rows or the new ones. What people decided about the load holds.
        Raises KeyError when the archive has no such load.
        """
        capture = next((c for c in landing.captures() if c.load_id == load_id), None)
        if capture is None:
            raise KeyError(load_id)
        number = scalar(self.connection, "select load_number from raw.loads where load_id = ?", [load_id])
        rows = _Rows(number, run_id)
        result = rows.add(landing, capture)
        with self._transaction():
            for table in ("loads", "entries", "quarantine", "fields_seen"):
                self.connection.execute(f"delete from raw.{table} where load_id = ?", [load_id])
            for table, new in rows.tables.items():
                self.append(table, new)
        self._replay_decisions(landing)
        return result

    def record_act(
        self, act: str, run_id: str, load_id: str | None, reason: str, by: str | None = None, found: str | None = None
    ) -> None:
        """Put what a person did on record, beside the findings of the gates."""
        row = {
            "run_id": run_id,
            "gate": "person",
            "checked_at": utc_now().replace(tzinfo=None),
            "load_id": load_id,
            "expectation": act,
            "severity": "error",
            "passed": True,
            "observed": found,
            "unexpected": 0,
            "sample": by,
            "reason": reason,
        }
        self.append("gate_results", [row])

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        self.connection.begin()
        try:
            yield
            self.connection.commit()
        except BaseException:
            self.connection.rollback()
            raise

    def append(self, table: str, rows: Sequence[dict[str, Any]]) -> None:
        """Add rows to a raw table; missing keys are null."""
        if not rows:
            return
        frame = pl.DataFrame(rows, schema=_frame_schema(table), orient="row").to_arrow()
        self.connection.register("new_rows", frame)
        # Another chunk may have brought the same content already.
        unseen = "where content_id not in (select content_id from raw.entry_contents)"
        condition = unseen if table in ("entry_contents", "entry_authors") else ""
        self.connection.execute(f"insert into raw.{table} by name select * from new_rows {condition}")
        self.connection.unregister("new_rows")

    def _load(
        self,
        landing: Landing,
        captures: list[Capture],
        run_id: str,
        on_load: Callable[[LoadResult], None] | None,
    ) -> list[LoadResult]:
        if not captures:
            return []
        rows = _Rows(scalar(self.connection, "select coalesce(max(load_number), 0) + 1 from raw.loads"), run_id)
        landing.ahead(captures)
        for capture in captures:
            result = rows.add(landing, capture)
            if on_load:
                on_load(result)
        with self._transaction():
            for table, new in rows.tables.items():
                self.append(table, new)
        return rows.results

    def _replay_decisions(self, landing: Landing) -> None:
        """Obey the archive's decisions, so that a rebuild reaches the verdicts that people gave."""
        self.set_verdicts([(d.load_id, d.verdict, "person", d.reason) for d in landing.decisions()])


def start_over(
    path: Path, landing: Landing, run_id: str, on_load: Callable[[LoadResult], None] | None = None
) -> list[LoadResult]:
    """Read the whole archive into new raw tables and put them in the place of the old ones in one step.

    The old gate results are history, not derived from the archive: they are carried over.
    """
    fresh = path.with_name(f"{path.name}.rebuild")
    for leftover in (fresh, fresh.with_name(f"{fresh.name}.wal")):
        leftover.unlink(missing_ok=True)
    if path.exists():
        # A killed run leaves changes in a log beside the file, which must not outlive it.
        with open_database(path) as old:
            old.execute("checkpoint")
    with RawStore.open(fresh) as raw:
        if path.exists():
            quoted = str(path).replace("'", "''")
            raw.connection.execute(f"attach '{quoted}' as old (read_only)")
            raw.connection.execute("insert into raw.gate_results select * from old.raw.gate_results")
            raw.connection.execute("detach old")
        results = raw.load_landed(landing, run_id, on_load)
        raw.record_act("rebuilt", f"rebuild-{run_id}", None, "the whole archive was read again with today's parsers")
    os.replace(fresh, path)
    return results


@dataclass(frozen=True)
class LoadState:
    """Where a load stands."""

    verdict: str
    reason: str | None
    entries: int
    refused: int
    basis: str


def verdicts(path: Path) -> dict[str, LoadState]:
    """Load id → where it stands. Empty when nothing was ever loaded."""
    if not path.exists():
        return {}
    with open_database(path, read_only=True) as connection:
        rows = connection.execute(
            "select load_id, verdict, verdict_reason, entries, refused, observed_at_basis from raw.loads"
        ).fetchall()
    return {row[0]: LoadState(*row[1:]) for row in rows}


def is_behind(landing: Landing, raw: Path, published: Path) -> bool:
    """Whether the published file lacks something: a capture that is not loaded, or a verdict that it does not know."""
    known = {load_id: state.verdict for load_id, state in verdicts(raw).items()}
    if any(capture.load_id not in known for capture in landing.captures()):
        return True
    with open_database(published, read_only=True) as connection:
        shown = dict(connection.execute("select load_id, verdict from marts.ops_loads").fetchall())
    return shown != known


class _Rows:
    """Rows of one chunk, by table, in the order of the captures."""

    def __init__(self, first_number: int, run_id: str):
        self.next_number = first_number
        self.run_id = run_id
        self.tables: dict[str, list[dict[str, Any]]] = {name: [] for name in TABLES if name != "gate_results"}
        self.results: list[LoadResult] = []
        self._contents: set[str] = set()

    def add(self, landing: Landing, capture: Capture) -> LoadResult:
        """Parse one capture and append its rows. A capture that can't be parsed is a rejected load."""
        listing: Listing | None = None
        listing_date = capture.listing_date
        reason: str | None = None
        try:
            pages = landing.read(capture)
            listing = formats.parse(
                formats.detect_format(pages[0]),
                pages,
                listing_date=capture.listing_date,
                observed_at=capture.observed_at,
            )
            listing_date = _listing_date(capture, listing)
        except FormatError as error:
            listing = None
            reason = self._refuse(capture, error.reason_code, error.message, pages[0])
        except ValueError as error:
            reason = self._refuse(capture, "damaged_payload", str(error), b"")
        if listing is not None:
            self._add_listing(capture.load_id, listing)
        result = LoadResult(
            load_id=capture.load_id,
            source=capture.source,
            listing_date=listing_date,
            observed_at=capture.observed_at,
            observed_at_basis=capture.observed_at_basis,
            entries=len(listing.entries) if listing else 0,
            refused=len(listing.refusals) if listing else 0,
            verdict="rejected" if reason else "pending",
            reason=reason,
        )
        self.tables["loads"].append(
            {
                "load_id": capture.load_id,
                "load_number": self.next_number,
                "format": listing.format if listing else None,
                "kind": listing.kind if listing else None,
                "source": capture.source,
                "listing_date": listing_date,
                "served_date": listing.served_date if listing else None,
                "observed_at": _naive(capture.observed_at),
                "observed_at_basis": capture.observed_at_basis,
                "landed_at": _naive(capture.landed_at),
                "landing_note": capture.note,
                "payload_count": len(capture.payloads),
                "payload_bytes": sum(p.size for p in capture.payloads),
                "payload_sha256": " ".join(p.sha256 for p in capture.payloads),
                "received": listing.received if listing else 0,
                "entries": result.entries,
                "refused": result.refused,
                "verdict": result.verdict,
                "verdict_by": "loader" if reason else None,
                "verdict_reason": reason,
                "loaded_in": self.run_id,
            }
        )
        self.next_number += 1
        self.results.append(result)
        return result

    def _refuse(self, capture: Capture, code: str, detail: str, body: bytes) -> str:
        self.tables["quarantine"].append(
            {
                "load_id": capture.load_id,
                "position": None,
                "reason_code": code,
                "field_path": None,
                "detail": detail,
                "record": _text(body),
            }
        )
        return f"{code}: {detail}"

    def _add_listing(self, load_id: str, listing: Listing) -> None:
        for entry in listing.entries:
            content_id = _content_id(entry)
            key = title_key(entry.title)
            self.tables["entries"].append(
                {
                    "load_id": load_id,
                    "position": entry.position,
                    "content_id": content_id,
                    "paper_id": entry.paper_id,
                    "title_key": key,
                    "upvotes": entry.upvotes,
                    "comments": entry.comments,
                    "github_stars": entry.github_stars,
                }
            )
            if content_id not in self._contents:
                self._contents.add(content_id)
                self.tables["entry_contents"].append(_content_row(content_id, key, entry))
                self.tables["entry_authors"] += _author_rows(content_id, entry)
        self.tables["quarantine"] += [
            {
                "load_id": load_id,
                "position": refusal.position,
                "reason_code": refusal.reason_code,
                "field_path": refusal.field_path,
                "detail": refusal.detail,
                "record": _text(refusal.record),
            }
            for refusal in listing.refusals
        ]
        self.tables["fields_seen"] += [_field_row(load_id, seen) for seen in listing.fields]


def _content_id(entry: Entry) -> str:
    """16 hex digits of everything in an entry but what moves between two observations."""
    still = msgspec.structs.replace(entry, position=0, upvotes=None, comments=None, github_stars=None)
    return hashlib.blake2b(msgspec.json.encode(still), digest_size=8).hexdigest()


def _content_row(content_id: str, key: str, entry: Entry) -> dict[str, Any]:
    organization, submitter = entry.organization, entry.submitter
    return {
        "content_id": content_id,
        "paper_id": entry.paper_id,
        "title": entry.title,
        "title_key": key,
        "abstract": entry.abstract,
        "published_at": _naive(entry.published_at),
        "published_on": entry.published_on,
        "submitted_at": _naive(entry.submitted_at),
        "author_count": entry.author_count,
        "organization_id": organization.organization_id if organization else None,
        "organization_slug": organization.slug if organization else None,
        "organization_name": organization.name if organization else None,
        "organization_slug_key": title_key(organization.slug) if organization else None,
        "organization_name_key": title_key(organization.name) if organization else None,
        "submitter_account_id": submitter.account_id if submitter else None,
        "submitter_handle": submitter.handle if submitter else None,
        "submitter_name": submitter.name if submitter else None,
        "code_url": entry.code_url,
        "project_url": entry.project_url,
        "ai_summary": entry.ai_summary,
        "ai_keywords": list(entry.ai_keywords),
        "discussion_id": entry.discussion_id,
        "thumbnail_url": entry.thumbnail_url,
        "is_author_participating": entry.is_author_participating,
        "extra": entry.extra,
    }


def _author_rows(content_id: str, entry: Entry) -> list[dict[str, Any]]:
    return [
        {
            "content_id": content_id,
            "author_position": position,
            "name": author.name,
            "name_key": name_key(author.name),
            "author_row_id": author.author_row_id,
            "account_id": author.account_id,
            "account_handle": author.account_handle,
            "account_name": author.account_name,
            "status": author.status,
            "status_changed_at": _naive(author.status_changed_at),
            "is_hidden": author.is_hidden,
        }
        for position, author in enumerate(entry.authors, start=1)
    ]


def _field_row(load_id: str, seen: FieldSeen) -> dict[str, Any]:
    return {
        "load_id": load_id,
        "path": seen.path,
        "types": seen.types,
        "present": seen.present,
        "parents": seen.parents,
        "is_known": seen.is_known,
    }


def _listing_date(capture: Capture, listing: Listing) -> date | None:
    """The date of a listing: what was asked for, else what the page says, else when most entries were submitted.

    Raises FormatError when nothing tells: a daily list without a date can't be placed.
    """
    if capture.listing_date or listing.served_date:
        return capture.listing_date or listing.served_date
    if listing.kind == "search":
        return None
    days = Counter(entry.submitted_at.date() for entry in listing.entries if entry.submitted_at)
    if not days:
        raise FormatError(
            "neither its name nor its content tells the date of this listing: "
            "import it again with --listing-date or a manifest",
            reason_code="unknown_listing_date",
        )
    return max(days, key=lambda day: (days[day], day))


def _naive(moment: datetime | None) -> datetime | None:
    """UTC without a zone, as the tables keep it."""
    return None if moment is None else (moment - moment.utcoffset()).replace(tzinfo=None)  # type: ignore[operator]


def _text(body: bytes) -> str:
    return body[: 4 * RECORD_LIMIT].decode("utf-8", errors="replace")[:RECORD_LIMIT]
