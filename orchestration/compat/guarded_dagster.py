"""The `dagster` command whose web server answers its own pages only (see ``orchestration.loopback``).

Why: the web server executes what any page in the operator's browser sends to its port, and has no setting for it.
`dagster dev` starts it as ``python -m dagster_webserver``; here that is this module, which puts middleware before it.
Without it: a page of another site can start runs, and read everything by DNS rebinding.
Versions: dagster and dagster-webserver 1.13. Tests: tests/unit/test_loopback.py, first to fail on an upgrade.

    python -m orchestration.compat.guarded_dagster dev …         the command
    python -m orchestration.compat.guarded_dagster webserver …   what `dev` starts
"""

from __future__ import annotations

import importlib
import sys
from collections.abc import Sequence
from typing import Any

_ME = "orchestration.compat.guarded_dagster"
_SERVER = ["-m", "dagster_webserver"]


def guard_webserver() -> None:
    """Put the middleware before every application that the web server makes in this process."""
    from dagster_webserver.webserver import DagsterWebserver
    from starlette.middleware import Middleware

    from orchestration.loopback import LoopbackGuard

    webserver: Any = DagsterWebserver
    build = webserver.build_middleware

    def build_guarded(self: Any) -> list[Any]:
        return [Middleware(LoopbackGuard), *build(self)]

    webserver.build_middleware = build_guarded


def guarded_command(parts: Sequence[str]) -> list[str]:
    """The command of a process that `dagster dev` starts; its web server is replaced by this module."""
    command = list(parts)
    if command[1:3] == _SERVER:
        return [command[0], "-m", _ME, "webserver", *command[3:]]
    if any("webserver" in part for part in command[:3]):
        raise RuntimeError("dagster dev starts its web server in an unknown way: install the locked dagster.")
    return command


def main() -> None:
    """Run the command of Dagster that the arguments name."""
    if sys.argv[1:2] == ["webserver"]:
        webserver: Any = importlib.import_module("dagster_webserver.cli")
        guard_webserver()
        del sys.argv[1]
        webserver.main()
        return
    dev: Any = importlib.import_module("dagster._cli.dev")
    start = dev.open_ipc_subprocess

    def start_guarded(parts: Sequence[str], **options: Any) -> Any:
        return start(guarded_command(parts), **options)

    dev.open_ipc_subprocess = start_guarded
    importlib.import_module("dagster._cli").main()


if __name__ == "__main__":
    main()
