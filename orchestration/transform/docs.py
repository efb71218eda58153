"""dbt's own documentation of the models as one page, and a server for it on this machine.

The page holds everything that it shows: it is written and read without a network.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from http.server import ThreadingHTTPServer
from pathlib import Path

from orchestration.loopback import folder_server
from orchestration.transform.dbt_runner import arguments_for, clear_dbt_settings
from orchestration.transform.manifest import dbt_executable
from warehouse.errors import HomeError, InputError
from warehouse.files import write_atomically
from warehouse.publication.publish import read_published, writing
from warehouse.raw.store import RawStore
from warehouse.settings import Settings

#: dbt's page runs its own inline scripts; it may load nothing from other addresses.
_POLICY = "default-src 'none'; img-src 'self' data:; font-src data:; style-src 'unsafe-inline'; " + (
    "script-src 'unsafe-inline' 'unsafe-eval'; connect-src 'self'"
)


def write_docs(settings: Settings) -> Path:
    """Write ``dbt_docs/index.html`` in the home from the models and the published file; returns its path.

    dbt opens a copy of the published file and empty raw tables, so it holds up neither readers nor a run.
    """
    with tempfile.TemporaryDirectory(prefix="papers-docs-") as scratch:
        folder = Path(scratch)
        with read_published(settings):
            shutil.copyfile(settings.published_database, folder / "next.duckdb")
        with RawStore.open(folder / "raw.duckdb"):
            pass
        environment = {
            "PAPERS_NEXT_DATABASE": str(folder / "next.duckdb"),
            "PAPERS_RAW_DATABASE": str(folder / "raw.duckdb"),
        }
        clear_dbt_settings()  # dbt's telemetry reads the rest of them when it starts
        done = subprocess.run(
            [dbt_executable(), "docs", "generate", "--static", *arguments_for(folder / "target")],
            env={**os.environ, **environment},
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            raise HomeError(f"dbt could not write its documentation: {(done.stdout or done.stderr).strip()}")
        page = settings.home / "dbt_docs" / "index.html"
        with writing(str(page)):
            page.parent.mkdir(parents=True, exist_ok=True)
            write_atomically(page, (folder / "target" / "static_index.html").read_bytes())
    return page


@contextmanager
def server(folder: Path, port: int) -> Iterator[ThreadingHTTPServer]:
    """A server of a folder on loopback. Raises InputError when the port is taken."""
    with ExitStack() as opened:
        try:
            http = opened.enter_context(folder_server(folder, port, {"Content-Security-Policy": _POLICY}))
        except OSError as error:
            raise InputError(f"Port {port} is taken ({error.strerror}): `papers docs --port` picks another.") from error
        yield http
