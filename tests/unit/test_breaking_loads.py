"""Nothing that landed can stop the others: what breaks the parser, the tables or the program is set aside by itself."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from sources.daily_papers import formats
from tests.conftest import ROOT
from warehouse.landing.archive import Landing
from warehouse.landing.folder import FolderLanding
from warehouse.raw import loader
from warehouse.raw.attempts import Attempts
from warehouse.raw.loader import load_landed, parse_again
from warehouse.raw.reader import Reader
from warehouse.raw.store import RawStore

MOMENT = datetime(2026, 9, 1, 8, tzinfo=UTC)
BAD = 4


@pytest.fixture
def landing(tmp_path: Path) -> Landing:
    """Eight empty listings, of which number ``BAD`` will break something."""
    landing = FolderLanding(tmp_path / "landing")
    with landing.writing() as batch:
        for number in range(8):
            batch.land(
                [(f"https://example.org/{number}", b"[]" + b" " * number)],
                source=f"listing {number}",
                listing_date=date(2026, 9, 1),
                observed_at=MOMENT + timedelta(minutes=number),
                observed_at_basis="manifest",
            )
    return landing


def breaking(monkeypatch: pytest.MonkeyPatch, act: Any) -> None:
    """Let the parser do ``act`` when it meets the bad listing."""
    parse = formats.parse

    def parse_or_break(kind: Any, pages: list[bytes], **options: Any) -> Any:
        if len(pages[0]) == 2 + BAD:
            act()
        return parse(kind, pages, **options)

    monkeypatch.setattr(formats, "parse", parse_or_break)


def load(tmp_path: Path, landing: Landing) -> dict[str, tuple[str, str | None]]:
    """Load what is landed; returns verdict and reason by source, as the tables have them."""
    with RawStore.open(tmp_path / "raw.duckdb") as raw:
        load_landed(raw, landing, "a run")
        rows = raw.connection.execute(
            "select source, verdict, verdict_reason from raw.loads order by load_number"
        ).fetchall()
        assert raw.connection.execute("select count(*) from raw.quarantine").fetchall() == [
            (sum(verdict == "rejected" for _, verdict, _ in rows),)
        ]
    return {source: (verdict, reason) for source, verdict, reason in rows}


def assert_only_the_bad_is_refused(loads: dict[str, tuple[str, str | None]], reason: str) -> None:
    assert list(loads) == [f"listing {number}" for number in range(8)]
    refused = {source: why for source, (verdict, why) in loads.items() if verdict == "rejected"}
    assert list(refused) == [f"listing {BAD}"] and str(refused[f"listing {BAD}"]).startswith(reason), refused


@pytest.mark.parametrize(
    "error",
    [
        OverflowError("date value out of range"),
        ZeroDivisionError("x"),
        KeyError("x"),
        RecursionError("x"),
        ValueError("x"),
        AttributeError("x"),
        MemoryError(),
        AssertionError(),
        UnicodeEncodeError("utf-8", "\ud800", 0, 1, "surrogates not allowed"),
    ],
)
@pytest.mark.parametrize("chunk", [2000, 2])
def test_any_exception_while_parsing_rejects_one_load(
    tmp_path: Path, landing: Landing, monkeypatch: pytest.MonkeyPatch, error: Exception, chunk: int
) -> None:
    def fail() -> None:
        raise error

    breaking(monkeypatch, fail)
    monkeypatch.setattr(loader, "MAX_CHUNK_LOADS", chunk)
    assert_only_the_bad_is_refused(load(tmp_path, landing), f"parser_failed: the parser failed ({type(error).__name__}")


@pytest.mark.parametrize("processes", [1, 3])
def test_rows_that_fit_no_table_reject_one_load(
    tmp_path: Path, landing: Landing, monkeypatch: pytest.MonkeyPatch, processes: int
) -> None:
    add_load = Reader._add_load

    def add_too_much(self: Reader, capture: Any, *arguments: Any, **options: Any) -> Any:
        result = add_load(self, capture, *arguments, **options)
        if capture.source == f"listing {BAD}" and result.reason is None:
            self._loads[-1]["received"] = 2**70
        return result

    monkeypatch.setattr(Reader, "_add_load", add_too_much)
    monkeypatch.setattr(loader, "MAX_CHUNK_LOADS", 2)
    monkeypatch.setattr(loader, "MIN_FORK_BYTES", 0 if processes > 1 else 2**40)
    monkeypatch.setattr(loader, "available", lambda: processes)
    assert_only_the_bad_is_refused(load(tmp_path, landing), "breaks_the_loader")
    assert_only_the_bad_is_refused(load(tmp_path, landing), "breaks_the_loader")


#: Loads, in a process that imports no more than that, an archive of which one payload kills who parses it.
LOADER = """
import os, signal, sys
from pathlib import Path
from sources.daily_papers import formats
from tests.conftest import ROOT
from warehouse.raw import loader
from warehouse.raw.rebuild import rebuild
from warehouse.raw.store import RawStore
from warehouse.landing.folder import FolderLanding
folder, bad, what = Path(sys.argv[1]), int(sys.argv[2]), sys.argv[3]
parse = formats.parse
def parse_or_die(kind, pages, **options):
    if len(pages[0]) == bad:
        os.kill(os.getpid(), signal.SIGKILL)
    return parse(kind, pages, **options)
formats.parse, loader.MAX_CHUNK_LOADS, FolderLanding.can_fork = parse_or_die, 2, what != "here"
if what == "rebuild":
    rebuild(folder / "raw.duckdb", FolderLanding(folder / "landing"), "a rebuild")
else:
    with RawStore.open(folder / "raw.duckdb") as raw:
        loader.load_landed(raw, FolderLanding(folder / "landing"), "a run")
"""


def in_a_process(folder: Path, what: str = "load") -> int:
    """The exit code of a process that loads, and minus the signal that ended it."""
    command = [sys.executable, "-c", LOADER, str(folder), str(2 + BAD), what]
    return subprocess.run(command, cwd=ROOT, timeout=60, check=False).returncode


@pytest.mark.skipif(sys.platform != "linux", reason="processes are forked on Linux")
def test_a_load_that_kills_the_loader_is_rejected_by_the_next_run(tmp_path: Path, landing: Landing) -> None:
    assert in_a_process(tmp_path) == -signal.SIGKILL
    assert json.loads((tmp_path / "loading.json").read_text())["started"]
    assert in_a_process(tmp_path) == 0
    assert_only_the_bad_is_refused(load(tmp_path, landing), "breaks_the_loader")
    # A rebuild knows it from the start, and other loads go the ordinary way.
    assert in_a_process(tmp_path, "rebuild") == 0
    assert_only_the_bad_is_refused(load(tmp_path, landing), "breaks_the_loader")


@pytest.mark.skipif(sys.platform != "linux", reason="processes are forked on Linux")
def test_a_load_that_exhausts_memory_is_rejected(
    tmp_path: Path, landing: Landing, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept: list[bytearray] = []
    monkeypatch.setattr(loader, "MAX_ALONE_MEMORY_BYTES", 2**28)
    breaking(monkeypatch, lambda: kept.extend(bytearray(2**26) for _ in range(8)))
    attempts = Attempts(tmp_path)
    attempts.start(capture.load_id for capture in landing.captures())  # as a run leaves it that ran out of memory
    loads = load(tmp_path, landing)
    assert not kept, "it was read in another process"
    assert_only_the_bad_is_refused(loads, "parser_failed: the parser failed (MemoryError")


def test_a_load_that_ends_the_program_alone_too_is_tried_a_bounded_number_of_times(
    tmp_path: Path, landing: Landing
) -> None:
    assert [in_a_process(tmp_path, "here") for _ in range(4)] == [*[-signal.SIGKILL] * 3, 0]
    assert_only_the_bad_is_refused(load(tmp_path, landing), "breaks_the_loader: the program ended")


def test_a_full_disk_rejects_no_load(tmp_path: Path, landing: Landing, monkeypatch: pytest.MonkeyPatch) -> None:
    append = RawStore.append_part

    def fail(self: RawStore, part: Any) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(RawStore, "append_part", fail)
    with pytest.raises(OSError, match="No space"):
        load(tmp_path, landing)
    monkeypatch.setattr(RawStore, "append_part", append)
    assert {verdict for verdict, _ in load(tmp_path, landing).values()} == {"pending"}
    assert not (tmp_path / "loading.json").exists()


def test_a_load_that_broke_the_loader_can_be_parsed_again_after_an_upgrade(
    tmp_path: Path, landing: Landing, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patched:
        patched.setattr(loader, "read_alone", lambda *_: (_ for _ in ()).throw(RuntimeError("it died")))
        bad = next(capture.load_id for capture in landing.captures() if capture.source == f"listing {BAD}")
        Attempts(tmp_path).start([bad])
        assert_only_the_bad_is_refused(load(tmp_path, landing), "breaks_the_loader: it died")
    with RawStore.open(tmp_path / "raw.duckdb") as raw:
        assert parse_again(raw, landing, bad, "again").verdict == "pending"
    assert not Attempts(tmp_path).is_suspect(bad)


def test_a_capture_of_an_unknown_kind_is_a_rejected_load(tmp_path: Path, landing: Landing) -> None:
    with landing.writing() as batch:
        batch.land(
            [("https://example.org/monthly", b"[]")],
            source="monthly",
            listing_date=date(2026, 9, 1),
            observed_at=MOMENT,
            observed_at_basis="manifest",
            kind="monthly",
        )
    verdict, reason = load(tmp_path, landing)["monthly"]
    assert verdict == "rejected" and str(reason).startswith("unknown_kind")
