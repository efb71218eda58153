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
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from warehouse.errors import InputError, Stopped, WarehouseError
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
    """Run the services while the block runs; yields them when the web server answers. The environment names the home.

    ``port``: where the web server answers, on this machine only; see ``check_port``. ``log_level``: ``warning``, or
    ``info`` for each tick of a schedule and a sensor. Raises WarehouseError when a service does not start.
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
            _wait_for(services, code_socket.exists)
            services["web server"] = _start(
                [sys.executable, "-m", "orchestration.compat.guarded_webserver", "--workspace", str(workspace)],
                ["--host", "127.0.0.1", "--port", str(port), "--dagster-log-level", log_level],
            )
            daemon = Path(sysconfig.get_path("scripts")) / "dagster-daemon"
            services["daemon"] = _start([str(daemon), "run", "--workspace", str(workspace), "--log-level", log_level])
            _wait_for(services, lambda: _answers(port))
            with _hangup_stops():
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
    """Start a service in a process group of its own: Ctrl-C reaches this process, which stops the services in order."""
    command = [word for part in parts for word in part]
    return subprocess.Popen(command, cwd=PROJECT_ROOT, stdin=subprocess.DEVNULL, process_group=0)


def _wait_for(services: Services, is_ready: Callable[[], bool]) -> None:
    """Wait for the service that was started last. Raises WarehouseError when one ends, or after two minutes."""
    deadline = time.monotonic() + _START_TIMEOUT_SECONDS
    while not is_ready():
        ended = [name for name, process in services.items() if process.poll() is not None]
        if ended or time.monotonic() > deadline:
            name = (ended or list(services))[-1]
            raise WarehouseError(f"Dagster's {name} did not start: the lines above say why, and --verbose says more.")
        time.sleep(_CHECK_SECONDS)


def _answers(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


@contextmanager
def _hangup_stops() -> Iterator[None]:
    """Stop when the terminal is closed, as Ctrl-C does; not with `nohup`."""

    def stop(number: int, frame: object) -> None:
        raise Stopped

    before = signal.getsignal(signal.SIGHUP)
    if before != signal.SIG_IGN:
        signal.signal(signal.SIGHUP, stop)
    try:
        yield
    finally:
        signal.signal(signal.SIGHUP, before)


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
