"""What people would use instead: dlt, with its ordinary JSON resource and nested tables, into DuckDB.

Run in the peers' environment: ``python dlt_load.py WORK_FOLDER ENTRIES_FOLDER``. Each file of ENTRIES_FOLDER is an
array of entries, named ``DATE@TIME….json``; each row gets the date and the time, as our tables have them.
"""

import json
import sys
import time
from pathlib import Path

import dlt


@dlt.resource(name="entries", write_disposition="append")
def entries(folder):
    """The entries of every file, a file at a time: dlt takes lists faster than single items."""
    for path in sorted(Path(folder).iterdir()):
        listing_date, _, rest = path.stem.partition("@")
        found = json.loads(path.read_bytes())
        for entry in found:
            entry["listing_date"] = listing_date
            entry["observed_at"] = rest.partition("#")[0]
        yield found


def main(work, folder):
    """Load everything and print the seconds of the load alone."""
    pipeline = dlt.pipeline(
        "peer",
        pipelines_dir=f"{work}/pipelines",
        destination=dlt.destinations.duckdb(f"{work}/peer.duckdb"),
        dataset_name="raw",
    )
    started = time.perf_counter()
    pipeline.run(entries(folder))
    seconds = time.perf_counter() - started
    with pipeline.sql_client() as client:
        ((rows,),) = client.execute_sql("select count(*) from entries")
    print(json.dumps({"seconds": seconds, "entries": rows}))


if __name__ == "__main__":
    main(*sys.argv[1:])
