"""Serve a folder of captures at a local address, with the routes of the site, and fail on demand.

python -m sources.replay FOLDER [--port P] [--now TS] [--fault KIND[=VALUE][@ROUTE][:TIMES]]...
"""

from __future__ import annotations

import argparse
import signal
import sys
import threading
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from sources.faults import read_fault
from sources.replay import ArchiveError, ReplayServer


def main(arguments: Sequence[str] | None = None) -> int:
    """Serve a folder until interrupted. Returns 0, or 2 if the folder or an argument can't be used."""
    parser = argparse.ArgumentParser(prog="python -m sources.replay", description="Serve captured listings.")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--port", type=int, default=0, help="default: any free port")
    parser.add_argument("--now", type=_moment, help="serve what was known at this UTC time")
    parser.add_argument("--fault", type=read_fault, action="append", default=[], metavar="KIND[=VALUE][@ROUTE][:TIMES]")
    options = parser.parse_args(arguments)
    try:
        server = ReplayServer(options.folder, now=options.now, faults=options.fault, port=options.port)
    except (ArchiveError, OSError) as error:
        print(f"Can't serve: {error}", file=sys.stderr)
        return 2
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    with server:
        print(f"serving {options.folder} at {server.url}", flush=True)
        try:
            threading.Event().wait()
        except KeyboardInterrupt:
            return 0
    return 0


def _moment(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


if __name__ == "__main__":
    sys.exit(main())
