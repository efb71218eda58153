"""Runs the steps of an import in forked children of one process that imported everything slow already.

The steps are those of the job, in its order and under its lock, without Dagster around them and without dbt's data
tests: a run takes seconds, so that it can be killed often. A line of JSON on stdin is a command:
``{"home": …, "files": …, "die": "module:Class.function:before|after" or null, "seconds": s or null, "twice": bool,
"lock_timeout": s}``; a line on stdout is its end: ``{"codes": […], "seconds": s}``. ``die`` kills the child
(SIGKILL) at that call, ``seconds`` after so long, ``twice`` runs two at once.
"""

from __future__ import annotations

import faulthandler
import importlib
import json
import os
import signal
import sys
import time
import uuid
from dataclasses import replace
from pathlib import Path
from typing import Any

from orchestration import dbt_process, gates
from orchestration.expectations import judge
from warehouse import importing, lock, publish, raw
from warehouse.errors import GateError, WarehouseError
from warehouse.landing import Landing
from warehouse.settings import Settings

#: The models and what they read from, without the tests of the data.
BUILD = ["build", "--exclude-resource-type", "test", "--exclude-resource-type", "unit_test"]


class Here:
    def judge(self, *arguments: Any) -> judge.Judgement:
        return judge.judge(*arguments)


def pipeline(settings: Settings, files: Path) -> None:
    """One import from landing to publication."""
    landing, run_id = Landing(settings.landing), str(uuid.uuid4())
    importing.import_files(
        landing,
        importing.find_files([files]),
        manifest=importing.Manifest(None),
        told=importing.Known(),
        max_bytes=settings.max_payload_bytes,
    )
    with lock.writer_lock(settings.lock_file, purpose="papers (an import)", timeout=settings.lock_timeout):
        with raw.RawStore.open(settings.raw_database) as store:
            store.load_landed(landing, run_id)
        stop_if(gates.batch_gate(settings, Here(), run_id).problem)  # type: ignore[arg-type]
        publish.prepare_next(settings)
        events: list[dict[str, Any]] = []
        dbt_process.build(events.append, settings.environment(), settings.dbt_target, BUILD)
        stop_if(None if events[-1]["success"] else "dbt failed: the disk can't be written, or a model broke.")
        publish.seal_next(settings)
        stop_if(gates.mart_gate(settings, Here(), run_id).problem)  # type: ignore[arg-type]
        publish.publish(settings)


def stop_if(problem: str | None) -> None:
    if problem:
        raise GateError(problem)


def die_at(place: str) -> None:
    """Make the process kill itself before or after a call."""
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


def child(command: dict[str, Any], said: Path) -> int:
    descriptor = os.open(said, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    os.dup2(descriptor, 1)
    os.dup2(descriptor, 2)
    faulthandler.dump_traceback_later(100, exit=True)  # a hang is told with its place, not waited for
    if command["die"]:
        die_at(command["die"])
    settings = replace(Settings(), home=Path(command["home"]), lock_timeout=command["lock_timeout"])
    try:
        pipeline(settings, Path(command["files"]))
    except WarehouseError as error:
        print(f"Error: {error}", flush=True)
        return error.exit_code
    except BaseException:
        import traceback

        traceback.print_exc()
        return 99
    return 0


def main(scratch: Path) -> None:
    judge.warm_up()
    dbt_process.parse(scratch / "dbt")
    print(json.dumps({"ready": True}), flush=True)
    for line in sys.stdin:
        command = json.loads(line)
        started = time.monotonic()
        children = []
        for _ in range(1 + command["twice"]):
            pid = os.fork()
            if pid == 0:
                os._exit(child(command, scratch / "said.txt"))
            children.append(pid)
        if command["seconds"] is not None:
            time.sleep(command["seconds"])
            os.kill(children[0], signal.SIGKILL)
        codes = [os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) for pid in children]
        print(json.dumps({"codes": codes, "seconds": time.monotonic() - started}), flush=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
