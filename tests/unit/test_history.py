"""Dagster's run history: what our event log writes, Dagster's own reads, and the other way round."""

from __future__ import annotations

import threading
import time
from pathlib import Path

import pytest
from dagster import EventLogEntry
from dagster._core.storage.event_log.sqlite.sqlite_event_log import SqliteEventLogStorage

from orchestration.history import EventLog


def entry(run: str, text: str) -> EventLogEntry:
    return EventLogEntry(
        error_info=None, level="info", user_message=text, run_id=run, timestamp=time.time(), dagster_event=None
    )


def texts(log: SqliteEventLogStorage, run: str) -> list[str]:
    return [record.user_message for record in log.get_logs_for_run(run)]


@pytest.mark.parametrize(("first", "second"), [(EventLog, SqliteEventLogStorage), (SqliteEventLogStorage, EventLog)])
def test_either_log_reads_what_the_other_wrote(
    tmp_path: Path, first: type[SqliteEventLogStorage], second: type[SqliteEventLogStorage]
) -> None:
    one, other = first(str(tmp_path)), second(str(tmp_path))
    one.store_event(entry("a", "one"))
    other.store_event(entry("a", "two"))
    one.store_event(entry("a", "three"))
    assert texts(one, "a") == texts(other, "a") == ["one", "two", "three"]


def test_more_runs_than_connections_are_kept_and_all_are_told(tmp_path: Path) -> None:
    log = EventLog(str(tmp_path))
    for number in range(12):
        log.store_event(entry(f"run{number}", "began"))
    for number in range(12):
        log.store_event(entry(f"run{number}", "ended"))
    assert [texts(log, f"run{number}") for number in range(12)] == [["began", "ended"]] * 12
    assert len(log._engines) <= 8


def test_threads_share_a_log(tmp_path: Path) -> None:
    log = EventLog(str(tmp_path))
    threads = [threading.Thread(target=lambda: [log.store_event(entry("a", "x")) for _ in range(20)]) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert texts(log, "a") == ["x"] * 80


def test_an_event_that_cannot_be_stored_leaves_the_log_usable(tmp_path: Path) -> None:
    log = EventLog(str(tmp_path))
    log.store_event(entry("a", "one"))
    with pytest.raises(RuntimeError, match="interrupted"), log.run_connection("a") as connection:
        connection.exec_driver_sql("delete from event_logs")
        raise RuntimeError("interrupted")
    log.store_event(entry("a", "two"))
    assert texts(log, "a") == ["one", "two"]
