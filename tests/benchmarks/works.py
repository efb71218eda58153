"""The product's side of the short works, each in a process of its own: ``python -m tests.benchmarks.works WORK …``.

Prints one JSON line with the seconds of the work alone; imports come before it, except those that the work is about.
"""

from __future__ import annotations

import json
import sys
import time
from dataclasses import replace
from pathlib import Path

from warehouse.landing.folder import FolderLanding
from warehouse.landing.importing import Known, Manifest, find_files, import_files
from warehouse.raw.loader import load_landed
from warehouse.raw.store import RawStore
from warehouse.settings import Settings


def load(home: Path, *folders: Path, with_gate: bool = False) -> dict[str, object]:
    """Listing files → landing archive → raw tables; with the batch gate, Great Expectations' import included."""
    import pyarrow  # noqa: F401  what loading would import first

    from sources.daily_papers import api_json, page_html, page_text  # noqa: F401

    settings = replace(Settings(), home=home)
    manifest = folders[0].parent / "manifest.tsv"
    started = time.perf_counter()
    imported = import_files(
        FolderLanding(settings.landing),
        find_files(folders),
        manifest=Manifest(manifest if manifest.exists() else None),
        options=Known(),
        max_bytes=settings.max_payload_bytes,
    )
    with RawStore.open(settings.raw_database) as raw:
        loads = load_landed(raw, FolderLanding(settings.landing), "benchmark")
    facts: dict[str, object] = {}
    if with_gate:
        facts["accepted"] = _gate(settings)
    elapsed = time.perf_counter() - started
    entries = sum(done.entries for done in loads)
    return {"seconds": elapsed, "files": len(imported), "loads": len(loads), "entries": entries, **facts}


def _gate(settings: Settings) -> int:
    from orchestration.gates.gx_runner import gx_process
    from orchestration.gates.verdicts import batch_gate

    with gx_process() as gx:
        return batch_gate(settings, gx, "benchmark").accepted


#: How often the files are read through in one run of the shortest works; their seconds are of one time.
PASSES = 5


def pages(folder: Path) -> dict[str, object]:
    """Daily pages → typed records."""
    from sources.daily_papers.page_html import parse_page_html

    bodies = [path.read_bytes() for path in sorted(folder.iterdir())]
    started = time.perf_counter()
    entries = sum(len(parse_page_html(body).entries) for _ in range(PASSES) for body in bodies)
    return {"seconds": (time.perf_counter() - started) / PASSES, "entries": entries}


def main(arguments: list[str]) -> int:
    """Do one work and print what it took."""
    work, *paths = arguments
    places = [Path(path) for path in paths]
    works = {
        "load": lambda: load(*places),
        "load_gate": lambda: load(*places, with_gate=True),
        "pages": lambda: pages(*places),
    }
    print(json.dumps(works[work]()))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
