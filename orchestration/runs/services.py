"""Dagster's three services as one: the code server, the web server and the daemon, as ``papers ui`` runs them.

Belongs here: starting, supervising and stopping them, with the commands that Dagster documents for a server of one's
own. `dagster dev` is superseded, and `dg dev` starts it from a checkout only. One code server loads the definitions for
both others; they reach it through a socket in a folder of its user.
"""

from __future__ import annotations

import json
import signal
import socket
import subprocess
import sys
import sysconfig
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from warehouse.errors import InputError, WarehouseError
from warehouse.settings import PROJECT_ROOT

#: Name of the code location in Dagster's pages and addresses.
LOCATION = "orchestration.definitions"
#: The code server has imported everything in some 5 s; on a busy machine it takes longer.
_START_TIMEOUT_SECONDS = 120.0
#: A running step of a run ends by itself; what does not end after that is killed.
_STOP_TIMEOUT_SECONDS = 60.0
_CHECK_SECONDS = 0.2

Services = dict[str, subprocess.Popen[bytes]]


@contextmanager
def dagster_services(port: int, *, log_level: str) -> Iterator[Services]:
    """Run the services while the block runs; yields them when the code server answers. The environment names the home.

    ``port``: where the web server answers, on this machine only; see ``check_port``. ``log_level``: ``warning``, or
    ``info`` for each tick of a schedule and a sensor. Raises WarehouseError when the code server does not start.
    """
    services: Services = {}
    with tempfile.TemporaryDirectory(prefix="papers-ui-") as folder:
        code_socket, workspace = Path(folder, "code.sock"), Path(folder, "workspace.yaml")
        server = {"socket": str(code_socket), "location_name": LOCATION}
        workspace.write_text(json.dumps({"load_from": [{"grpc_server": server}]}))
        try:
            services["code server"] = _start(
                [sys.executable, "-m", "dagster", "code-server", "start", "--socket", str(code_socket)],
                ["--module-name", LOCATION, "--location-name", LOCATION, "--log-level", log_level],
                ["--working-directory", str(PROJECT_ROOT), "--use-python-environment-entry-point"],
            )
            _wait_for_code(services, code_socket)
            services["web server"] = _start(
                [sys.executable, "-m", "orchestration.compat.guarded_webserver", "--workspace", str(workspace)],
                ["--host", "127.0.0.1", "--port", str(port), "--dagster-log-level", log_level],
            )
            daemon = Path(sysconfig.get_path("scripts")) / "dagster-daemon"
            services["daemon"] = _start([str(daemon), "run", "--workspace", str(workspace), "--log-level", log_level])
            yield services
        finally:
            _stop(services)


def wait_for_end(services: Services) -> str:
    """Wait until one of the services ends; returns its name."""
    while True:
        for name, process in services.items():
            if process.poll() is not None:
                return name
        time.sleep(_CHECK_SECONDS)


def check_port(port: int) -> None:
    """Raise InputError when another program has the port of this machine."""
    with socket.socket() as probe:
        # As uvicorn does: a port that a server has just left is free.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError as error:
            raise InputError(
                f"Port {port} can't be used ({error.strerror}): `papers ui --port` takes another."
            ) from error


def _start(*parts: list[str]) -> subprocess.Popen[bytes]:
    command = [word for part in parts for word in part]
    return subprocess.Popen(command, cwd=PROJECT_ROOT, stdin=subprocess.DEVNULL)


def _wait_for_code(services: Services, code_socket: Path) -> None:
    deadline = time.monotonic() + _START_TIMEOUT_SECONDS
    while not code_socket.exists():
        if services["code server"].poll() is not None or time.monotonic() > deadline:
            raise WarehouseError("Dagster's code server did not start: the lines above say why.")
        time.sleep(_CHECK_SECONDS)


def _stop(services: Services) -> None:
    """Stop what runs, the code server last, as the others ask it while they end."""
    deadline = time.monotonic() + _STOP_TIMEOUT_SECONDS
    for name in ("daemon", "web server", "code server"):
        process = services.get(name)
        if process is None:
            continue
        if process.poll() is None:
            process.send_signal(signal.SIGTERM)
        try:
            process.wait(timeout=max(1.0, deadline - time.monotonic()))
        except subprocess.TimeoutExpired:
            process.kill()
            with suppress(subprocess.TimeoutExpired):
                process.wait(timeout=1)
