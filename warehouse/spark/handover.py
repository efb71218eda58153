"""What the gate accepted, handed over to an engine that can't open ``raw.duckdb``: immutable Parquet files and a
manifest, in a folder or on an object store. On where PAPERS_HANDOVER or another engine is set; costs nothing otherwise.

    manifest/00000001.json         one commit: the loads it tells of, and its files. Written last, whole, never changed
    data/entries/3fa9….parquet     one file a table and commit, named by the sha256 of its bytes

A commit tells of every load that is new or that changed since the commit before: by a verdict, or because it was parsed
again. Its rows take the place of all that earlier commits say of that load. Only an accepted load has rows in
``entries``; one that is no longer accepted is told of again, without them. A reader takes the commits that it has not
seen, in order, and does by table what ``REPLACES`` says. Nothing is told twice: after a rebuild from the archive, loads
whose rows are as they were stay in the files where they are.
"""

from __future__ import annotations

import hashlib
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
from warehouse.raw.schema import TABLES
from warehouse.raw.store import RawStore
from warehouse.settings import Settings

if TYPE_CHECKING:
    import pyarrow as pa

#: Loads in a commit: bounds memory where much is handed over at once.
LOADS_PER_COMMIT = 5000
#: Commits that are fetched side by side.
_AT_ONCE = 64
#: What the loader keeps to itself: which run read a load says nothing of the load.
_OWN = {"loads": ("loaded_in",)}

#: Table → the column whose values, where a commit has them, take the place of earlier rows with the same value; ``""``:
#: rows are added; ``*``: the file is the table. Of the tables by load, rows go for every load that a commit tells of.
REPLACES = {
    "entry_contents": "content_id",
    "entry_authors": "content_id",
    "entries": "load_id",
    "quarantine": "load_id",
    "fields_seen": "load_id",
    "gate_results": "",
    "author_overrides": "*",
    "organization_overrides": "*",
    # Last: its verdicts are what makes the others count.
    "loads": "load_id",
}
_ORDER = {
    "loads": "load_number",
    "entries": "load_id, position",
    "entry_contents": "content_id",
    "entry_authors": "content_id, author_position",
    "quarantine": "load_id, position nulls first, reason_code, field_path nulls first, detail, record nulls first",
    "fields_seen": "load_id, path, types",
    "gate_results": "checked_at, run_id, gate, expectation, load_id nulls first",
    "author_overrides": "row_number",
    "organization_overrides": "row_number",
}


class HandedLoad(msgspec.Struct, frozen=True):
    """Where a load stands as of a commit. ``digest`` is of all its rows; ``entries`` 0 unless it is accepted."""

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
    """One entry of the manifest. ``judged``: the judgements whose results it has, as run, gate and time (UTC)."""

    commit: int
    written_at: str
    previous_sha256: str | None
    loads: list[HandedLoad]
    judged: list[tuple[str, str, datetime]]
    files: list[HandedFile]


@dataclass(frozen=True)
class HandedOver:
    """What one call handed over, and the number of the last commit there is now."""

    commits: int
    loads: int
    rows: int
    last_commit: int


def handed_columns(table: str) -> list[tuple[str, str]]:
    """Name and type, in DuckDB's words, of the columns that are handed over of a raw table."""
    return [(column.name, column.type) for column in TABLES[table] if column.name not in _OWN.get(table, ())]


def read_commits(storage: Storage, after: int = 0) -> Iterator[Commit]:
    """The commits with a higher number than ``after``, in order. Raises HomeError when one in between is missing."""
    names = [name for name in storage.names("manifest") if name > f"{after:08}.json"]
    for start in range(0, len(names), _AT_ONCE):
        batch = names[start : start + _AT_ONCE]
        for name, text in zip(batch, storage.read_all([f"manifest/{n}" for n in batch]), strict=True):
            after += 1
            if name != f"{after:08}.json":
                raise HomeError(
                    f"The hand-over {storage.root} lacks commit {after}: restore it, or empty the folder and run "
                    "`papers handover`, which writes everything again."
                )
            yield msgspec.json.decode(text, type=Commit)


def hand_over_new(settings: Settings) -> HandedOver | None:
    """Hand over what a warehouse has accepted since the last time; None where nobody asked for a hand-over."""
    if settings.handover is None:
        return None
    with RawStore.open(settings.raw_database) as raw:
        return hand_over(raw, settings.handover)


def check(root: Path | str) -> dict[str, int]:
    """Read every file that the manifest names and compare its sha256. Returns files, bytes, loads and entries.

    ``loads`` and ``entries`` count what is accepted as of the last commit. Raises HomeError for the first file that is
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
            is_whole = hashlib.sha256(storage.read(file.file)).hexdigest() == file.sha256
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
    """Hand over what is new or changed since the last commit: everything, if there is none.

    One writer, as for the raw tables. A kill leaves at worst files that no commit names. Raises HomeError when the
    place can't be written or holds another warehouse's loads, UnreachableError when its store can't be reached.
    """
    handover = _HandOver(raw, open_storage(root))
    commits = loads = rows = 0
    looked_at = LOADS_PER_COMMIT
    while looked_at == LOADS_PER_COMMIT:
        looked_at = handover.find_changed()
        commit = handover.commit()
        if commit:
            commits += 1
            loads += len(commit.loads)
            rows += sum(file.rows for file in commit.files)
    return HandedOver(commits, loads, rows, handover.last)


class _HandOver:
    """The hand-over's state lies in the raw tables, so that a run need not read the manifest from its beginning.

    It can be lost: it is read from the manifest again where the two differ.
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
            self._recall()

    def _is_newest(self) -> bool:
        """Whether the manifest ends with the commit that the state knows."""
        if self.storage.exists(_name(self.last + 1)):
            return False
        try:
            return not self.last or _sha256(self.storage.read(_name(self.last))) == self.last_sha256
        except FileNotFoundError:
            return False

    def commit(self) -> Commit | None:
        """Write what ``find_changed`` found, and new results of the gates; None when there is nothing to tell."""
        loads = self._changed_loads()
        judged = self.connection.execute(
            """select distinct run_id, gate, checked_at from raw.gate_results
               anti join raw.handed_over_gates using (run_id, gate, checked_at) order by 3, 1, 2"""
        ).fetchall()
        whole = {name: self._bytes(name, "") for name, replaces in REPLACES.items() if replaces == "*"}
        whole = {name: found for name, found in whole.items() if self.whole.get(name) != _sha256(found[0])}
        if not loads and not judged and not whole:
            self._remember([], [])
            return None
        bodies = {
            name: self._bytes(name, condition)
            for name, condition in {
                "loads": "load_id in (select load_id from batch)",
                "entries": "load_id in (select load_id from batch where verdict = 'accepted')",
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
            HandedFile(name, f"data/{name}/{(sha256 := _sha256(body))}.parquet", rows, len(body), sha256)
            for name, (body, rows) in bodies.items()
        ]
        self.storage.write_all({file.file: bodies[file.table][0] for file in files})
        commit = Commit(self.last + 1, utc_now().isoformat(timespec="seconds"), self.last_sha256, loads, judged, files)
        text = msgspec.json.format(msgspec.json.encode(commit), indent=1)
        if self.storage.exists(_name(commit.commit)):
            raise HomeError(
                f"Somebody else writes to the hand-over {self.storage.root}: give each warehouse a place of its own."
            )
        self.storage.write(_name(commit.commit), text)
        self.last, self.last_sha256 = commit.commit, _sha256(text)
        self._note_whole(commit)
        self._remember(loads, judged)
        return commit

    def find_changed(self) -> int:
        """Make the temporary table ``batch`` of loads that changed, with a digest of all their rows.

        Returns how many were looked at: as many as go into a commit when there may be more.
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
                "quarantine": "",
                "fields_seen": "",
            }.items()
        )
        contents = " union all ".join(
            f"select t.content_id, '{table}' as name, {_text(table)} as line from raw.{table} as t "
            "where t.content_id in (select content_id from told_contents)"
            for table in ("entry_contents", "entry_authors")
        )
        self.connection.execute(
            f"""create or replace temp table told_contents as
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
                    from told_contents as t inner join by_content as c on c.content_id = t.content_id
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
                with told as (
                    select distinct content_id from told_contents where load_id in (select load_id from batch)
                )
                select content_id from told where content_id not in (
                    select e.content_id from raw.entries as e
                    where e.content_id in (select content_id from told)
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

    def _remember(self, loads: Sequence[HandedLoad], judged: Sequence[tuple[str, str, datetime]]) -> None:
        """After the commit, so that a kill in between is noticed by the number of the last one."""
        self.connection.begin()
        if loads:
            self.connection.execute(
                """insert or replace into raw.handed_over
                   select load_id, digest, verdict = 'accepted', stamp from batch"""
            )
        if judged:
            self.connection.executemany("insert into raw.handed_over_gates values (?, ?, ?)", judged)
        self.connection.execute("delete from raw.handed_over_to")
        self.connection.execute(
            "insert into raw.handed_over_to values (?, ?, ?, ?)",
            [self.storage.root, self.last, self.last_sha256, msgspec.json.encode(self.whole).decode()],
        )
        self.connection.commit()

    def _note_whole(self, commit: Commit) -> None:
        self.whole.update({file.table: file.sha256 for file in commit.files if REPLACES[file.table] == "*"})

    def _recall(self) -> None:
        """Take the state from the manifest."""
        loads: dict[str, HandedLoad] = {}
        judged: set[tuple[str, str, datetime]] = set()
        self.last, self.last_sha256, self.whole = 0, None, {}
        for commit in read_commits(self.storage):
            loads.update({load.load_id: load for load in commit.loads})
            judged.update(commit.judged)
            self.last = commit.commit
            self._note_whole(commit)
        if self.last:
            self.last_sha256 = _sha256(self.storage.read(_name(self.last)))
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
            list(judged),
            schema={"run_id": pl.String, "gate": pl.String, "checked_at": pl.Datetime("us")},
            orient="row",
        )
        self.connection.register("known_loads", known.to_arrow())
        self.connection.register("known_gates", gates.to_arrow())
        self.connection.execute(
            "insert into raw.handed_over select load_id, digest, is_accepted, null from known_loads"
        )
        self.connection.execute("insert into raw.handed_over_gates from known_gates")
        strangers = scalar(
            self.connection,
            "select count(*) from raw.handed_over where load_id not in (select load_id from raw.loads)",
        )
        self.connection.unregister("known_loads")
        self.connection.unregister("known_gates")
        self.connection.commit()
        if strangers:
            raise HomeError(
                f"The hand-over {self.storage.root} holds {strangers} load(s) that this warehouse does not have: give "
                "each warehouse a place of its own, or empty it to begin anew."
            )


def _name(commit: int) -> str:
    return f"manifest/{commit:08}.json"


#: What of a load's row tells that its rows may have changed.
_STAMP = "concat_ws(' ', l.loaded_in, l.verdict, l.verdict_by, l.verdict_reason)"


def _text(table: str) -> str:
    """A row of a table, called ``t``, as text."""
    fields = ", ".join(f"t.{name}" for name, _ in handed_columns(table))
    return f"cast(row({fields}) as varchar)"


def _sha256(body: bytes) -> str:
    return hashlib.sha256(body).hexdigest()
