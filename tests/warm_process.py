"""A process that imported Dagster, dbt and Great Expectations once, and forks a child for each call of a test.

A whole run of the command imports for 8–10 s before it works; a forked child starts with all of it in memory. The
workers of one pytest session share the process: it imports when it is called first, and ends with the session.

Here too are the functions that children call. A child is a call ``module:function`` with JSON arguments: its exit code
is what the function returns, its output goes to two files, and it leads a process group of its own, so that a test can
kill it with all its processes.
"""

from __future__ import annotations

import contextlib
import faulthandler
import importlib
import json
import os
import signal
import socket
import subprocess
import sys
import traceback
import uuid
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any, NoReturn

ROOT = Path(__file__).resolve().parent.parent
#: Seconds that one call may take, the imports before the first one included.
CALL_TIMEOUT_SECONDS = 300


@dataclass(frozen=True)
class Called:
    """How a command ended."""

    code: int
    out: str
    err: str

    @property
    def facts(self) -> Any:
        """What it printed with ``--json``."""
        return json.loads(self.out)


class Started:
    """A child that runs. ``pid`` is also the id of its process group."""

    def __init__(self, connection: socket.socket, out: Path, err: Path):
        self._connection = connection
        self._answers = connection.makefile()
        self._out, self._err = out, err
        self.pid = int(self._answers.readline())
        self._code: int | None = None

    def kill(self) -> None:
        """Kill it with all its processes and wait until it is gone."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.pid, signal.SIGKILL)
        self.wait()

    @property
    def is_running(self) -> bool:
        if self._code is None:
            self._connection.settimeout(0)
            try:
                ended = self._connection.recv(1, socket.MSG_PEEK) != b""
            except BlockingIOError:
                ended = False
            self._connection.settimeout(CALL_TIMEOUT_SECONDS)
            return not ended
        return False

    def wait(self) -> Called:
        """How it ended; a signal is a negative code. Raises TimeoutError after ``CALL_TIMEOUT_SECONDS``."""
        if self._code is None:
            code, cpu_seconds = self._answers.readline().split()
            self._code = int(code)
            WarmProcess.cpu_seconds += float(cpu_seconds)
            self._connection.close()
        return Called(self._code, self._out.read_text(), self._err.read_text())


class WarmProcess:
    """The test's end. ``folder`` is the session's, the same in all its workers."""

    #: Processor seconds of the ended children of this worker's calls, with their own children.
    cpu_seconds = 0.0

    def __init__(self, folder: Path):
        self.folder = folder
        self._calls = 0

    def start(self, function: str, *arguments: Any, environment: Mapping[str, str] | None = None) -> Started:
        """Call ``module:function`` in a child; ``environment`` is added to that of this process."""
        self._calls += 1
        out, err = (self.folder / f"{os.getpid()}-{self._calls}.{name}" for name in ("out", "err"))
        request = {
            **{"function": function, "arguments": arguments, "cwd": os.getcwd()},
            **{"environment": {**os.environ, **(environment or {})}, "out": str(out), "err": str(err)},
        }
        connection = socket.socket(socket.AF_UNIX)
        connection.settimeout(CALL_TIMEOUT_SECONDS)
        connection.connect(str(self.folder / "socket"))
        connection.sendall((json.dumps(request) + "\n").encode())
        return Started(connection, out, err)


@contextlib.contextmanager
def running(folder: Path) -> Iterator[None]:
    """The process of one session, whose children's processor time counts as the session's."""
    with socket.socket(socket.AF_UNIX) as listener, open(folder / "log", "w") as log:
        listener.bind(str(folder / "socket"))
        listener.listen(16)
        process = subprocess.Popen(
            [sys.executable, "-m", "tests.warm_process", str(folder), str(listener.fileno())],
            **{"stdin": subprocess.DEVNULL, "stdout": log, "stderr": log, "cwd": ROOT},
            pass_fds=[listener.fileno()],
        )
    try:
        yield
    finally:
        process.terminate()
        process.wait()


# What children call


def papers(*arguments: str) -> int:
    """The `papers` command."""
    from orchestration.commands.cli import main

    sys.argv = ["papers", *arguments]
    main()
    return 0


def papers_at(moment: str, *arguments: str) -> int:
    """The `papers` command while the warehouse's clock, and that of Dagster's partitions, stands at a moment (ISO)."""
    import dagster as dg

    from warehouse import clock

    now = datetime.fromisoformat(moment)
    clock.read_clock = lambda: now
    with dg.partition_loading_context(effective_dt=now):
        return papers(*arguments)


def dbt(raw: str, next_: str, target: str, *command: str) -> int:
    """A dbt command on these databases. Prints what failed."""
    from orchestration.transform import dbt_runner as dbt_process
    from warehouse.settings import Settings

    events: list[dict[str, Any]] = []
    Path(target).mkdir(parents=True, exist_ok=True)
    environment = Settings().environment() | {"PAPERS_RAW_DATABASE": raw, "PAPERS_NEXT_DATABASE": next_}
    dbt_process.build(events.append, environment, Path(target), list(command))
    for event in events[:-1]:
        if event["info"]["level"] == "error":
            print(event["info"]["msg"], file=sys.stderr)
    return 0 if events[-1]["success"] else 1


def python(code: str) -> int:
    """Python code."""
    exec(code, {})
    return 0


def pipeline(home: str, files: str, die: str | None, lock_timeout_seconds: float) -> int:
    """One import by the product's own pipeline, without Dagster around it and without dbt's data tests, so that it can
    be killed often. Prints the phases in their order.

    ``die`` is ``module:Class.function:before|after``: the process kills itself at that call.
    """
    from orchestration.gates.gx_runner import GxRunner, run_suite_in_worker
    from orchestration.outcome import Outcome
    from orchestration.pipeline import run_pipeline
    from orchestration.transform import dbt_runner as dbt_process
    from warehouse import lock
    from warehouse.errors import WarehouseError
    from warehouse.landing import importing
    from warehouse.landing.folder import FolderLanding
    from warehouse.settings import Settings

    faulthandler.dump_traceback_later(100, exit=True)  # a hang ends with the place where it hangs
    dbt_process.BUILD = ["build", "--exclude-resource-type", "test", "--exclude-resource-type", "unit_test"]
    if die:
        _die_at(die)
    settings = replace(Settings(), home=Path(home), lock_timeout=lock_timeout_seconds)
    outcome = Outcome()

    def land() -> None:
        importing.import_files(
            FolderLanding(settings.landing),
            importing.find_files([Path(files)]),
            manifest=importing.Manifest(None),
            options=importing.Known(),
            max_bytes=settings.max_payload_bytes,
        )

    try:
        with lock.writer_lock(settings.lock_file, purpose="papers (an import)", timeout=settings.lock_timeout):
            gx: Any = InThisProcess(run_suite_in_worker)
            worker: Any = InThisProcess(dbt_process.build)
            run_pipeline(settings, str(uuid.uuid4()), gx=GxRunner(gx), worker=worker, outcome=outcome, land=land)
    except WarehouseError as error:
        print(f"Error: {error}", flush=True)
        return error.exit_code
    print("\n".join(outcome.seconds))
    return 0


class InThisProcess:
    """Does a worker process's work here, so that one kill ends all of a run."""

    def __init__(self, work: Callable[..., None]):
        self._work = work

    def run(self, *arguments: Any) -> Iterator[Any]:
        emitted: list[Any] = []
        self._work(emitted.append, *arguments)
        return iter(emitted)


def _die_at(place: str) -> None:
    """Make this process kill itself before or after a call."""
    module_name, path, when = place.split(":")
    owner: Any = importlib.import_module(module_name)
    *parents, name = path.split(".")
    for parent in parents:
        owner = getattr(owner, parent)
    original = getattr(owner, name)

    def dying(*arguments: Any, **options: Any) -> Any:
        if when == "after":
            original(*arguments, **options)
        os.kill(os.getpid(), signal.SIGKILL)

    setattr(owner, name, dying)


# The process


def _warm_up(folder: Path) -> None:
    """Import what whole runs import, and parse the models. Starts no thread: the process is forked afterwards."""
    from orchestration import definitions  # noqa: F401
    from orchestration.commands import cli  # noqa: F401
    from orchestration.gates import gx_runner
    from orchestration.runs import (
        backfill,  # noqa: F401
        demo,  # noqa: F401
        runner,  # noqa: F401
    )
    from orchestration.transform import dbt_runner as dbt_process
    from orchestration.transform import docs as dbt_docs  # noqa: F401
    from orchestration.worker import importing, worker_process
    from warehouse import digest, report  # noqa: F401
    from warehouse.publication import publish  # noqa: F401
    from warehouse.raw import loader, rebuild  # noqa: F401

    with importing():
        gx_runner.warm_up()
        dbt_process.parse(folder / "dbt")
    # In a child, Great Expectations is forked like dbt, and the models are parsed already.
    gx_runner.worker_process = partial(worker_process, is_forked=True)
    dbt_process.parse = partial(Path.mkdir, parents=True, exist_ok=True)


def _serve(folder: Path, listener: socket.socket) -> None:
    session = os.getppid()
    listener.settimeout(2)
    signal.signal(signal.SIGCHLD, _reap)
    is_warm = False
    while os.getppid() == session:
        try:
            connection, _ = listener.accept()
        except TimeoutError:
            continue
        if not is_warm:
            _warm_up(folder)
            is_warm = True
        if os.fork() == 0:
            listener.close()
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            with contextlib.suppress(OSError):  # the test is gone
                _answer(connection)
            os._exit(0)
        connection.close()


def _reap(*_: object) -> None:
    with contextlib.suppress(ChildProcessError):
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass


def _answer(connection: socket.socket) -> None:
    """Fork the child, send its id, then its exit code and processor seconds."""
    connection.settimeout(None)
    request = json.loads(connection.makefile().readline())
    pid = os.fork()
    if pid == 0:
        connection.close()
        _run(request)
    connection.sendall(f"{pid}\n".encode())
    _, status, used = os.wait4(pid, 0)
    code = os.waitstatus_to_exitcode(status)
    connection.sendall(f"{code} {used.ru_utime + used.ru_stime:.2f}\n".encode())


def _run(request: Mapping[str, Any]) -> NoReturn:
    """The child: its own group, environment and output; then the call, and its end as Python would end it."""
    os.setsid()
    for descriptor, place in ((1, request["out"]), (2, request["err"])):
        os.dup2(os.open(place, os.O_WRONLY | os.O_CREAT | os.O_TRUNC), descriptor)
    os.chdir(request["cwd"])
    os.environ.clear()
    os.environ.update(request["environment"])
    module, name = request["function"].split(":")
    code: Any = 1
    try:
        code = getattr(importlib.import_module(module), name)(*request["arguments"])
    except SystemExit as ended:
        code = ended.code or 0
    except BaseException:
        traceback.print_exc()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code if isinstance(code, int) else 1)


if __name__ == "__main__":
    # Children find their functions in the module of that name, not in a second copy.
    from tests import warm_process

    warm_process._serve(Path(sys.argv[1]), socket.socket(fileno=int(sys.argv[2])))
