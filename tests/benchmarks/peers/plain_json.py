"""The json module's plain loads, on the same bytes: ``python plain_json.py FOLDER``."""

import json
import sys
import time
from pathlib import Path

#: As often as the product's side reads the files through (tests/benchmarks/works.py).
PASSES = 5


def main(folder):
    """Decode every file and print the seconds of that alone."""
    bodies = [path.read_bytes() for path in sorted(Path(folder).iterdir())]
    started = time.perf_counter()
    entries = sum(len(json.loads(body)) for _ in range(PASSES) for body in bodies)
    print(json.dumps({"seconds": (time.perf_counter() - started) / PASSES, "entries": entries}))


if __name__ == "__main__":
    main(sys.argv[1])
