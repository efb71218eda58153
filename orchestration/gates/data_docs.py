"""Data Docs over HTTP on this machine: a browser that shows Dagster's page follows no link to a file."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

from orchestration.loopback import folder_server
from warehouse.errors import InputError
from warehouse.files import make_folder
from warehouse.settings import Settings


@contextmanager
def serving(settings: Settings) -> Iterator[str]:
    """Serve the Data Docs folder on loopback while the block runs; yields the address.

    Raises InputError when the port is taken.
    """
    make_folder(settings.data_docs)
    with ExitStack() as opened:
        try:
            server = opened.enter_context(folder_server(settings.data_docs, settings.data_docs_port, {}))
        except OSError as error:
            raise InputError(
                f"Port {settings.data_docs_port} for the Data Docs is taken ({error.strerror}): "
                "set PAPERS_DATA_DOCS_PORT to a free one."
            ) from error
        threading.Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield settings.data_docs_url
        finally:
            server.shutdown()
