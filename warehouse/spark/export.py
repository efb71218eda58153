"""``papers.duckdb`` from tables that another engine built and published: for readers who have no cluster."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from pathlib import Path

import duckdb

from warehouse.database import quoted, wal_of
from warehouse.errors import HomeError
from warehouse.landing.object_store import open_storage
from warehouse.publication.contracts import comment_on_tables
from warehouse.publication.publish import PUBLIC_SCHEMA, STORAGE_VERSION, publish, writing
from warehouse.publication.table_macros import TABLES_READ, table_macros
from warehouse.settings import Settings


def export_to_duckdb(settings: Settings, place: str, tables: Sequence[str]) -> None:
    """Publish, by way of next.duckdb, a file with the tables that are stored as Parquet below ``place``, a folder each.

    It has the table macros of a file that DuckDB built. Raises HomeError when the file can't be written.
    """
    storage = open_storage(place if "://" in place else Path(place))
    path = settings.next_database
    with writing(str(path)), tempfile.TemporaryDirectory(dir=settings.home, prefix=".export-") as scratch:
        for leftover in (path, wal_of(path)):
            leftover.unlink(missing_ok=True)
        connection = duckdb.connect()
        try:
            connection.execute(f"attach '{quoted(path)}' as next (storage_version '{STORAGE_VERSION}')")
            connection.execute("use next")
            connection.execute(f"create schema {PUBLIC_SCHEMA}")
            for table in tables:
                folder = Path(scratch) / table
                folder.mkdir()
                for name in storage.names(table):
                    if name.endswith(".parquet"):
                        (folder / name).write_bytes(storage.read(f"{table}/{name}"))
                files = quoted(folder / "*.parquet")
                connection.execute(f"create table {PUBLIC_SCHEMA}.{table} as from read_parquet('{files}')")
            if set(TABLES_READ) <= set(tables):
                connection.execute(table_macros())
            comment_on_tables(connection)
            connection.execute("checkpoint next")
        except duckdb.IOException as error:
            raise HomeError(f"{path} can't be written ({error}): check the disk, then run again.") from error
        finally:
            connection.close()
    publish(settings)
