"""Runs the hand-written script, and before it makes what it reads.

python handwritten.py export RAW_DATABASE FOLDER      # raw tables as Parquet
python handwritten.py build FOLDER MARTS_DATABASE     # handwritten.sql from them
"""

import sys
from pathlib import Path

import duckdb

HERE = Path(__file__).resolve().parent
SEEDS = HERE.parents[2] / "dbt_project" / "seeds"
TABLES = ("loads", "entries", "entry_authors", "entry_contents", "quarantine", "fields_seen", "gate_results")


def export(raw, folder):
    """Each raw table that the script reads, as a Parquet file in a new folder."""
    Path(folder).mkdir()
    with duckdb.connect() as connection:
        connection.execute(f"attach '{raw}' as home (read_only)")
        for table in TABLES:
            connection.execute(
                f"copy home.raw.{table} to '{folder}/{table}.parquet' (format parquet, compression zstd)"
            )


def build(folder, database):
    """The marts, in a new file, written to disk when it ends."""
    script = (HERE / "handwritten.sql").read_text(encoding="utf-8")
    with duckdb.connect(str(database)) as connection:
        connection.execute("set TimeZone = 'UTC'")
        connection.execute("set preserve_insertion_order = false")
        connection.execute(script.replace("$parquet", str(folder)).replace("$seeds", str(SEEDS)))
        connection.execute("checkpoint")


if __name__ == "__main__":
    {"export": export, "build": build}[sys.argv[1]](*sys.argv[2:])
