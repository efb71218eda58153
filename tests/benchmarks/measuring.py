"""How a figure is taken: wall time and peak memory of a process with all that it starts, in turn with its peer.

Memory is that of the process and its descendants added up, sampled from /proc up to five times a second and once in
five seconds at least: as often as it may be for a fiftieth of the time. A page that several of them share, as forked
processes do, counts once (PSS). Only Linux has it; elsewhere it is left out.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Literal

ROOT = Path(__file__).resolve().parents[2]
PAGE = os.sysconf("SC_PAGE_SIZE")
#: Seconds between two measurements of the memory: at least, at most.
SAMPLE_SECONDS, LONGEST_PAUSE = 0.2, 5.0


class BenchmarkError(RuntimeError):
    """A measured command failed: what it said."""


@dataclass(frozen=True)
class Taken:
    """One run: its seconds, its peak memory in bytes (0: not known), what it printed as JSON in its last line, and the
    CPU-seconds of the process and all that it started and waited for."""

    seconds: float
    peak: int
    facts: dict[str, Any] = field(default_factory=dict)
    cpu: float = 0.0


@dataclass(frozen=True)
class Row:
    """One line of the table. ``ours`` and ``theirs`` are seconds, one a run, in turn.

    ``times_faster``: the target is that theirs takes at least ``target`` times as long as ours; else it is that ours
    takes at most ``target`` times as long as theirs. A row without ``theirs`` compares ours with ``target`` itself.
    """

    name: str
    work: str
    against: str
    ours: tuple[float, ...]
    theirs: tuple[float, ...]
    target: float | None
    kind: Literal["times faster", "at most", "bound"]
    peak: int = 0
    unit: str = "s"
    note: str = ""

    @property
    def our_median(self) -> float:
        return statistics.median(self.ours)

    @property
    def their_median(self) -> float | None:
        return statistics.median(self.theirs) if self.theirs else None

    @property
    def ratio(self) -> float | None:
        """Theirs by ours where it is about being faster, ours by theirs else."""
        theirs = self.their_median
        if theirs is None:
            return None
        return theirs / self.our_median if self.kind == "times faster" else self.our_median / theirs

    @property
    def is_met(self) -> bool | None:
        """Whether the target is reached; None where there is none."""
        if self.target is None:
            return None
        if self.kind == "bound":
            return self.our_median <= self.target
        assert self.ratio is not None
        return self.ratio >= self.target if self.kind == "times faster" else self.ratio <= self.target

    def as_facts(self) -> dict[str, Any]:
        """The row with what follows from it, for JSON."""
        return {
            **asdict(self),
            "our_median": self.our_median,
            "their_median": self.their_median,
            "ratio": self.ratio,
            "is_met": self.is_met,
        }


def run(
    command: Sequence[str | Path], environment: Mapping[str, str] | None = None, *, codes: tuple[int, ...] = (0,)
) -> Taken:
    """Run a command to its end. Raises BenchmarkError when it ends with another code."""
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        started = time.monotonic()
        process = subprocess.Popen(
            [str(part) for part in command],
            cwd=ROOT,
            env={**os.environ, **(environment or {})},
            stdout=out,
            stderr=err,
            start_new_session=True,
        )
        with MemoryWatch(process.pid) as memory:
            _, status, used = os.wait4(process.pid, 0)
            code = process.returncode = os.waitstatus_to_exitcode(status)
        seconds = time.monotonic() - started
        out.seek(0)
        err.seek(0)
        printed, complaints = out.read().decode(errors="replace"), err.read().decode(errors="replace")
    if code not in codes:
        raise BenchmarkError(
            f"{' '.join(map(str, command))} ended with {code}:\n{printed[-2000:]}\n{complaints[-4000:]}"
        )
    return Taken(seconds, memory.peak, _last_json(printed), used.ru_utime + used.ru_stime)


def run_work(
    python: Path | str, script: str | Path, *arguments: str | Path, environment: Mapping[str, str] | None = None
) -> Taken:
    """Run a script that measures its own work and prints ``{"seconds": …}``: those are the seconds, without imports."""
    command = [python, *(["-m", script] if isinstance(script, str) else [script]), *arguments]
    taken = run(command, environment)
    return Taken(float(taken.facts["seconds"]), taken.peak, taken.facts, taken.cpu)


def added_up(parts: Mapping[str, Taken]) -> Taken:
    """Runs that follow one another, as one; its facts are the seconds of each part."""
    facts = {name: taken.seconds for name, taken in parts.items()}
    cpu = sum(taken.cpu for taken in parts.values())
    return Taken(sum(facts.values()), max(taken.peak for taken in parts.values()), facts, cpu)


def in_turn(repeats: int, *works: Callable[[], Taken], say: Callable[[str], None]) -> list[list[Taken]]:
    """A B A B …: the runs of each work, taken in turn so that what else the machine does hits all of them."""
    taken: list[list[Taken]] = [[] for _ in works]
    for _ in range(repeats):
        for runs, work in zip(taken, works, strict=True):
            runs.append(work())
        say(" · ".join(f"{runs[-1].seconds:.3f} s" for runs in taken))
    return taken


def seconds(runs: Sequence[Taken]) -> tuple[float, ...]:
    """The seconds of some runs."""
    return tuple(taken.seconds for taken in runs)


def peak(runs: Sequence[Taken]) -> int:
    """The largest peak of some runs."""
    return max((taken.peak for taken in runs), default=0)


class MemoryWatch:
    """Watches the memory of a process and its descendants while used as a context manager; ``peak`` is in bytes."""

    def __init__(self, process: int):
        self.peak = 0
        self._process = process
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)

    def __enter__(self) -> MemoryWatch:
        if sys.platform == "linux":
            self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join()

    def _watch(self) -> None:
        pause = SAMPLE_SECONDS
        while not self._stop.wait(pause):
            began = time.monotonic()
            self.peak = max(self.peak, tree_memory(self._process, self.peak))
            # Shared pages are told by walking all of them, while the process waits for its own.
            pause = min(LONGEST_PAUSE, max(SAMPLE_SECONDS, 50 * (time.monotonic() - began)))


def tree_memory(process: int, above: int = 0) -> int:
    """Bytes in memory of a process, its descendants and its session; 0 when it is gone.

    Shared pages count once, unless the processes don't hold more than ``above`` even with these counted for each.
    """
    found: dict[int, tuple[int, int, int]] = {}
    for entry in os.listdir("/proc"):
        if not entry.isdigit():
            continue
        try:
            fields = Path(f"/proc/{entry}/stat").read_text().rpartition(")")[2].split()
        except OSError:
            continue
        found[int(entry)] = int(fields[1]), int(fields[3]), int(fields[21]) * PAGE
    family = {pid for pid, (_, session, _) in found.items() if pid == process or session == process}
    while True:
        more = {pid for pid, (parent, _, _) in found.items() if parent in family} - family
        if not more:
            break
        family |= more
    resident = sum(found[pid][2] for pid in family)
    return resident if resident <= above else sum(proportional(pid, found[pid][2]) for pid in family)


def proportional(process: int, resident: int) -> int:
    """Bytes of a process, of shared pages its part of them; ``resident`` where that is not told. One that ended since
    it was found holds nothing: its shared pages are the others' now, and told there."""
    try:
        told = Path(f"/proc/{process}/smaps_rollup").read_text()
    except ProcessLookupError:
        return 0
    except OSError:
        return resident if Path(f"/proc/{process}").exists() else 0
    return next((1024 * int(line.split()[1]) for line in told.splitlines() if line.startswith("Pss:")), 0)


def table(rows: Sequence[Row]) -> str:
    """The rows as a Markdown table."""
    head = ("work", "ours", "against", "theirs", "ratio", "target", "met", "peak memory")
    lines = [head, tuple("---" for _ in head)]
    for row in rows:
        word = "×" if row.kind == "times faster" else ""
        target = "–"
        if row.target is not None:
            target = (
                f"≥ {row.target:g} ×" if word else f"≤ {row.target:g}" + (f" {row.unit}" if row.kind == "bound" else "")
            )
        lines.append(
            (
                row.work,
                _amount(row.our_median, row.unit),
                row.against or "–",
                "–" if row.their_median is None else _amount(row.their_median, row.unit),
                "–" if row.ratio is None else f"{row.ratio:.2f}{' ' + word if word else ''}",
                target,
                {True: "yes", False: "NO", None: "–"}[row.is_met],
                f"{row.peak / 2**20:,.0f} MB" if row.peak else "–",
            )
        )
    notes = [f"{row.name}: {row.note}" for row in rows if row.note]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines) + "".join(f"\n\n{note}" for note in notes)


def _amount(value: float, unit: str) -> str:
    return f"{value:,.3g} {unit}" if value < 1000 else f"{value:,.0f} {unit}"


def machine() -> dict[str, Any]:
    """What the figures were taken on."""
    model = next(
        (
            line.partition(":")[2].strip()
            for line in Path("/proc/cpuinfo").read_text().splitlines()
            if line.startswith("model name")
        ),
        "unknown",
    )
    memory = os.sysconf("SC_PHYS_PAGES") * PAGE
    return {
        "cpu": model,
        "cores": os.cpu_count(),
        "memory_gb": round(memory / 2**30, 1),
        "load_before": os.getloadavg(),
    }


def _last_json(text: str) -> dict[str, Any]:
    for line in reversed(text.splitlines()):
        if line.startswith("{"):
            try:
                value = json.loads(line)
            except ValueError:
                return {}
            return value if isinstance(value, dict) else {}
    return {}
