"""Dagster's web server, which answers its own pages only (see ``orchestration.loopback``) and shows the Data Docs.

Why: the web server executes what any page in the operator's browser sends to its port, and has no setting for it; nor
has it one for further pages. Here middleware comes before every application that it makes.
Without it: a page of another site can start runs, and read everything by DNS rebinding; the links to the Data Docs lead
nowhere.
Versions: dagster-webserver 1.13. Tests: tests/unit/test_loopback.py, first to fail on an upgrade.

    python -m orchestration.compat.guarded_webserver …    takes the arguments of `dagster-webserver`
"""

from __future__ import annotations

import importlib
from typing import Any

from warehouse.settings import Settings


def guard_webserver() -> None:
    """Put the middleware before every application that the web server makes in this process."""
    from dagster_webserver.webserver import DagsterWebserver
    from starlette.middleware import Middleware

    from orchestration.loopback import DataDocs, LoopbackGuard

    folder = Settings.from_environment().data_docs
    webserver: Any = DagsterWebserver
    build = webserver.build_middleware

    def build_guarded(self: Any) -> list[Any]:
        return [Middleware(LoopbackGuard), Middleware(DataDocs, folder), *build(self)]

    webserver.build_middleware = build_guarded


def main() -> None:
    """Run the web server with the arguments of the process."""
    guard_webserver()
    server: Any = importlib.import_module("dagster_webserver.cli")
    server.main()


if __name__ == "__main__":
    main()
