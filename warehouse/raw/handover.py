"""The hand-over: accepted loads as immutable Parquet files with a manifest, in a folder or on an object store.

For an engine that can't open ``raw.duckdb``; written only where PAPERS_HANDOVER or another engine is set.

    manifest/00000001.json         one commit: its loads and its files. Written last, never changed
    data/entries/3fa9….parquet     one file a table and commit, named by the sha256 of its bytes

A commit holds every load that is new or changed since the commit before: by a verdict, or because it was parsed again.
Its rows replace the rows of that load in earlier commits. Only an accepted load has rows in ``entries``; a load that is
no longer accepted is written again without them. A reader applies new commits in order and replaces rows by table as
``REPLACES`` defines. After a rebuild from the archive, loads with unchanged rows are not written again.
"""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from warehouse.clock import utc_now
from warehouse.database import scalar
from warehouse.errors import HomeError
from warehouse.landing.object_store import Storage, open_storage
from warehouse.landing.payloads import sha256_of
from warehouse.raw.schema import TABLES
from warehouse.raw.store import RawStore
from warehouse.settings import Settings

if TYPE_CHECKING:
    import pyarrow as pa

#: Loads in a commit, which bounds the memory of a large hand-over.
LOADS_PER_COMMIT = 5000
#: Commits that are read in parallel.
_COMMITS_AT_ONCE = 64
#: Columns that are not handed over: the run that parsed a load is no property of the load.
_PRIVATE_COLUMNS = {"loads": ("loaded_in",)}

#: How a reader applies the rows of a commit to each table, in this order. A column: they replace earlier rows with the
#: same value of it; in tables by ``load_id`` the earlier rows of every load of the commit go, also of loads without new
#: rows. ``""``: they are added. ``*``: they are the whole table.
REPLACES = {
    "entry_contents": "content_id",
    "entry_authors": "content_id",
    "entries": "load_id",
    "paper_totals": "load_id",
    "quarantine": "load_id",
    "fields_seen": "load_id",
    "gate_results": "",
    "author_overrides": "*",
    "organization_overrides": "*",
    # Last, because its verdicts decide which of the other rows are read.
    "loads": "load_id",
}
_ORDER = {
    "loads": "load_number",
    "entries": "load_id, position",
    "paper_totals": "load_id, paper_id",
    "entry_contents": "content_id",
    "entry_authors": "content_id, author_position",
    "quarantine": "load_id, position nulls first, reason_code, field_path nulls first, detail, record nulls first",
    "fields_seen": "load_id, path, types",
    "gate_results": "checked_at, run_id, gate, expectation, load_id nulls first",
    "author_overrides": "row_number",
    "organization_overrides": "row_number",
}


class HandedLoad(msgspec.Struct, frozen=True):
    """A load as of a commit. ``digest`` is the hash of all its rows; ``entries`` is 0 unless it is accepted."""

    load_id: str
    verdict: str
    entries: int
    digest: str


class HandedFile(msgspec.Struct, frozen=True):
    """One file of a commit. ``file`` is its name below the root, ``bytes`` its size."""

    table: str
    file: str
    rows: int
    bytes: int
    sha256: str


class Commit(msgspec.Struct, frozen=True):
    """One entry of the manifest. ``gate_runs``: those whose results it holds, as run, gate and time (UTC)."""

    commit: int
    written_at: str
    previous_sha256: str | None
    loads: list[HandedLoad]
    gate_runs: list[tuple[str, str, datetime]] = msgspec.field(name="judged")
    files: list[HandedFile]


@dataclass(frozen=True)
class HandedOver:
    """The size of one hand-over, and the number of its last commit."""

    commits: int
    loads: int
    rows: int
    last_commit: int


def handed_columns(table: str) -> list[tuple[str, str]]:
    """Name and DuckDB type of the columns of a raw table that are handed over."""
    return [
        (column.name, column.type) for column in TABLES[table] if column.name not in _PRIVATE_COLUMNS.get(table, ())
    ]


def read_commits(storage: Storage, after: int = 0) -> Iterator[Commit]:
    """The commits with a higher number than ``after``, in order. Raises HomeError when one in between is missing."""
    names = [name for name in storage.names("manifest") if name > f"{after:08}.json"]
    for start in range(0, len(names), _COMMITS_AT_ONCE):
        batch = names[start : start + _COMMITS_AT_ONCE]
        for name, text in zip(batch, storage.read_all([f"manifest/{n}" for n in batch]), strict=True):
            after += 1
            if name != f"{after:08}.json":
                raise HomeError(
                    f"The hand-over {storage.root} lacks commit {after}: restore it, or empty the folder and run "
                    "`papers handover`, which writes everything again."
                )
            yield msgspec.json.decode(text, type=Commit)


def hand_over_new(settings: Settings) -> HandedOver | None:
    """Hand over the loads accepted since the last commit; None where no hand-over is configured."""
    if settings.handover is None:
        return None
    with RawStore.open(settings.raw_database) as raw:
        return hand_over(raw, settings.handover)


def check(root: Path | str) -> dict[str, int]:
    """Read every file that the manifest names and compare its sha256. Returns files, bytes, loads and entries.

    ``loads`` and ``entries`` count accepted ones as of the last commit. Raises HomeError for the first file that is
    missing or holds other bytes.
    """
    storage = open_storage(root)
    accepted: dict[str, int] = {}
    files: dict[str, HandedFile] = {}
    for commit in read_commits(storage):
        for load in commit.loads:
            accepted.pop(load.load_id, None)
            if load.verdict == "accepted":
                accepted[load.load_id] = load.entries
        files.update({file.file: file for file in commit.files})
    for file in files.values():
        try:
            is_whole = sha256_of(storage.read(file.file)) == file.sha256
        except FileNotFoundError:
            is_whole = False
        if not is_whole:
            raise HomeError(
                f"{storage.root}/{file.file} is missing or holds other bytes than were written: restore it, or empty "
                "the folder and run `papers handover`, which writes everything again."
            )
    return {
        "files": len(files),
        "bytes": sum(file.bytes for file in files.values()),
        "loads": len(accepted),
        "entries": sum(accepted.values()),
    }


def hand_over(raw: RawStore, root: Path | str) -> HandedOver:
    """Hand over all loads that are new or changed since the last commit.

    One writer, as for the raw tables. A kill leaves at most files that no commit names. Raises HomeError when the root
    can't be written or holds loads of another warehouse, UnreachableError when its store is unreachable.
    """
    handover = _HandOver(raw, open_storage(root))
    commits = loads = rows = 0
    candidates = LOADS_PER_COMMIT
    while candidates == LOADS_PER_COMMIT:
        candidates = handover.find_changed()
        commit = handover.commit()
        if commit:
            commits += 1
            loads += len(commit.loads)
            rows += sum(file.rows for file in commit.files)
    return HandedOver(commits, loads, rows, handover.last)


class _HandOver:
    """A hand-over whose state is stored in the raw tables, so that a run does not read the whole manifest.

    Where the state and the manifest differ, the state is read from the manifest again.
    """

    def __init__(self, raw: RawStore, storage: Storage):
        self.raw = raw
        self.connection = raw.connection
        self.storage = storage
        self.connection.execute(
            """create table if not exists raw.handed_over (
                   load_id varchar primary key, digest varchar not null, is_accepted boolean not null, stamp varchar);
               create table if not exists raw.handed_over_gates (
                   run_id varchar not null, gate varchar not null, checked_at timestamp not null);
               create table if not exists raw.handed_over_to (
                   root varchar not null, last_commit bigint not null, commit_sha256 varchar, whole varchar not null)"""
        )
        self.last = 0
        self.last_sha256: str | None = None
        #: Table → sha256 of the file that is the whole table now.
        self.whole: dict[str, str] = {}
        found = self.connection.execute("select root, last_commit, commit_sha256, whole from raw.handed_over_to")
        state = found.fetchall()
        root = None
        if state:
            root, self.last, self.last_sha256, whole = state[0]
            self.whole = msgspec.json.decode(whole)
        if root != self.storage.root or not self._is_newest():
            self._read_state()

    def _is_newest(self) -> bool:
        """Whether the last commit of the manifest is that of the state."""
        if self.storage.exists(_name(self.last + 1)):
            return False
        try:
            return not self.last or sha256_of(self.storage.read(_name(self.last))) == self.last_sha256
        except FileNotFoundError:
            return False

    def commit(self) -> Commit | None:
        """Write the loads that ``find_changed`` found, and new results of the gates; None if there are none."""
        loads = self._changed_loads()
        gate_runs = self.connection.execute(
            """select distinct run_id, gate, checked_at from raw.gate_results
               anti join raw.handed_over_gates using (run_id, gate, checked_at) order by 3, 1, 2"""
        ).fetchall()
        whole = {name: self._bytes(name, "") for name, replaces in REPLACES.items() if replaces == "*"}
        whole = {name: found for name, found in whole.items() if self.whole.get(name) != sha256_of(found[0])}
        if not loads and not gate_runs and not whole:
            self._store_state([], [])
            return None
        bodies = {
            name: self._bytes(name, condition)
            for name, condition in {
                "loads": "load_id in (select load_id from batch)",
                "entries": "load_id in (select load_id from batch where verdict = 'accepted')",
                "paper_totals": "load_id in (select load_id from batch)",
                "entry_contents": "content_id in (select content_id from new_contents)",
                "entry_authors": "content_id in (select content_id from new_contents)",
                "quarantine": "load_id in (select load_id from batch)",
                "fields_seen": "load_id in (select load_id from batch)",
                "gate_results": """(run_id, gate, checked_at) not in
                    (select (run_id, gate, checked_at) from raw.handed_over_gates)""",
            }.items()
        }
        bodies = {name: (body, rows) for name, (body, rows) in bodies.items() if rows} | whole
        files = [
            HandedFile(name, f"data/{name}/{(sha256 := sha256_of(body))}.parquet", rows, len(body), sha256)
            for name, (body, rows) in bodies.items()
        ]
        self.storage.write_all({file.file: bodies[file.table][0] for file in files})
        commit = Commit(
            self.last + 1, utc_now().isoformat(timespec="seconds"), self.last_sha256, loads, gate_runs, files
        )
        text = msgspec.json.format(msgspec.json.encode(commit), indent=1)
        if self.storage.exists(_name(commit.commit)):
            raise HomeError(
                f"Another warehouse writes to the hand-over {self.storage.root}: give each warehouse a place of its "
                "own."
            )
        self.storage.write(_name(commit.commit), text)
        self.last, self.last_sha256 = commit.commit, sha256_of(text)
        self._store_whole(commit)
        self._store_state(loads, gate_runs)
        return commit

    def find_changed(self) -> int:
        """Create the temporary table ``batch`` of changed loads, with a digest of all their rows.

        Returns the number of candidates: ``LOADS_PER_COMMIT`` when there may be more.
        """
        self.connection.execute(
            f"""create or replace temp table candidates as
                select l.load_id, l.verdict, {_STAMP} as stamp
                from raw.loads as l left join raw.handed_over as h on h.load_id = l.load_id
                where h.stamp is distinct from {_STAMP}
                order by l.load_number limit {LOADS_PER_COMMIT}"""
        )
        described = " union all ".join(
            f"select t.load_id, '{table}' as name, {_text(table)} as line from raw.{table} as t "
            f"where t.load_id in (select load_id from candidates{' ' + condition if condition else ''})"
            for table, condition in {
                "loads": "",
                "entries": "where verdict = 'accepted'",
                "paper_totals": "",
                "quarantine": "",
                "fields_seen": "",
            }.items()
        )
        contents = " union all ".join(
            f"select t.content_id, '{table}' as name, {_text(table)} as line from raw.{table} as t "
            "where t.content_id in (select content_id from batch_contents)"
            for table in ("entry_contents", "entry_authors")
        )
        self.connection.execute(
            f"""create or replace temp table batch_contents as
                select distinct e.load_id, e.content_id from raw.entries as e
                where e.load_id in (select load_id from candidates where verdict = 'accepted');
                create or replace temp table digests as
                with by_content as (
                    select content_id, sha256(string_agg(name || line, chr(10) order by name, line)) as line
                    from ({contents}) group by content_id
                ),
                lines as (
                    {described}
                    union all
                    select t.load_id, 'content', c.line
                    from batch_contents as t inner join by_content as c on c.content_id = t.content_id
                )
                select load_id, sha256(string_agg(name || line, chr(10) order by name, line)) as digest
                from lines group by load_id;
                update raw.handed_over as h set stamp = c.stamp
                from candidates as c inner join digests as d on d.load_id = c.load_id
                where c.load_id = h.load_id and d.digest = h.digest;
                create or replace temp table batch as
                select c.load_id, c.verdict, c.stamp, d.digest,
                       case when c.verdict = 'accepted' then l.entries else 0 end as entries
                from candidates as c
                inner join digests as d on d.load_id = c.load_id
                inner join raw.loads as l on l.load_id = c.load_id
                left join raw.handed_over as h on h.load_id = c.load_id
                where h.digest is distinct from d.digest;
                create or replace temp table new_contents as
                with contents as (
                    select distinct content_id from batch_contents where load_id in (select load_id from batch)
                )
                select content_id from contents where content_id not in (
                    select e.content_id from raw.entries as e
                    where e.content_id in (select content_id from contents)
                      and e.load_id in (select load_id from raw.handed_over where is_accepted)
                      and e.load_id not in (select load_id from batch)
                )"""
        )
        return int(scalar(self.connection, "select count(*) from candidates"))

    def _changed_loads(self) -> list[HandedLoad]:
        rows = self.connection.execute(
            """select b.load_id, b.verdict, b.entries, b.digest
               from batch as b inner join raw.loads as l on l.load_id = b.load_id order by l.load_number"""
        ).fetchall()
        return [HandedLoad(*row) for row in rows]

    def _bytes(self, table: str, condition: str) -> tuple[bytes, int]:
        """The rows of a raw table as Parquet, and how many: equal rows give equal bytes."""
        names = ", ".join(name for name, _ in handed_columns(table))
        where = f"where {condition}" if condition else ""
        query = f"select {names} from raw.{table} {where} order by {_ORDER[table]}"
        frame: pa.Table = self.connection.sql(query).to_arrow_table()
        if condition and not frame.num_rows:
            return b"", 0
        import pyarrow.parquet

        file = io.BytesIO()
        pyarrow.parquet.write_table(frame, file, compression="zstd", store_schema=False)
        return file.getvalue(), frame.num_rows

    def _store_state(self, loads: Sequence[HandedLoad], gate_runs: Sequence[tuple[str, str, datetime]]) -> None:
        """Store the state after the commit; a kill in between shows in the number of the last commit."""
        self.connection.begin()
        if loads:
            self.connection.execute(
                """insert or replace into raw.handed_over
                   select load_id, digest, verdict = 'accepted', stamp from batch"""
            )
        if gate_runs:
            self.connection.executemany("insert into raw.handed_over_gates values (?, ?, ?)", gate_runs)
        self.connection.execute("delete from raw.handed_over_to")
        self.connection.execute(
            "insert into raw.handed_over_to values (?, ?, ?, ?)",
            [self.storage.root, self.last, self.last_sha256, msgspec.json.encode(self.whole).decode()],
        )
        self.connection.commit()

    def _store_whole(self, commit: Commit) -> None:
        self.whole.update({file.table: file.sha256 for file in commit.files if REPLACES[file.table] == "*"})

    def _read_state(self) -> None:
        """Read the state from the manifest."""
        loads: dict[str, HandedLoad] = {}
        gate_runs: set[tuple[str, str, datetime]] = set()
        self.last, self.last_sha256, self.whole = 0, None, {}
        for commit in read_commits(self.storage):
            loads.update({load.load_id: load for load in commit.loads})
            gate_runs.update(commit.gate_runs)
            self.last = commit.commit
            self._store_whole(commit)
        if self.last:
            self.last_sha256 = sha256_of(self.storage.read(_name(self.last)))
        self.connection.begin()
        for table in ("handed_over", "handed_over_gates"):
            self.connection.execute(f"delete from raw.{table}")
        import polars as pl

        known = pl.DataFrame(
            [(load.load_id, load.digest, load.verdict == "accepted") for load in loads.values()],
            schema={"load_id": pl.String, "digest": pl.String, "is_accepted": pl.Boolean},
            orient="row",
        )
        gates = pl.DataFrame(
            list(gate_runs),
            schema={"run_id": pl.String, "gate": pl.String, "checked_at": pl.Datetime("us")},
            orient="row",
        )
        self.connection.register("known_loads", known.to_arrow())
        self.connection.register("known_gates", gates.to_arrow())
        self.connection.execute(
            "insert into raw.handed_over select load_id, digest, is_accepted, null from known_loads"
        )
        self.connection.execute("insert into raw.handed_over_gates from known_gates")
        unknown_loads = scalar(
            self.connection,
            "select count(*) from raw.handed_over where load_id not in (select load_id from raw.loads)",
        )
        self.connection.unregister("known_loads")
        self.connection.unregister("known_gates")
        self.connection.commit()
        if unknown_loads:
            raise HomeError(
                f"The hand-over {self.storage.root} holds {unknown_loads} load(s) that this warehouse does not have: "
                "give each warehouse a place of its own, or empty it to start again."
            )


def _name(commit: int) -> str:
    return f"manifest/{commit:08}.json"


#: A text that changes whenever the rows of a load may have changed.
_STAMP = "concat_ws(' ', l.loaded_in, l.verdict, l.verdict_by, l.verdict_reason)"


def _text(table: str) -> str:
    """A row of a table, called ``t``, as text."""
    fields = ", ".join(f"t.{name}" for name, _ in handed_columns(table))
    return f"cast(row({fields}) as varchar)"
