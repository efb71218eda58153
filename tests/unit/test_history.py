"""Dagster's run history: read and written by Dagster's own log too, pruned, and started again when damaged."""

from __future__ import annotations

import os
import shutil
import sqlite3
import threading
import time
import uuid
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import dagster as dg
import pytest
from dagster import EventLogEntry
from dagster._core.instance.types import _EventListenerLogHandler
from dagster._core.storage.event_log.sqlite.sqlite_event_log import SqliteEventLogStorage

from orchestration import history
from orchestration.compat.event_log import EventLog
from orchestration.compat.event_log_errors import silence_event_log_errors
from orchestration.runs.runner import open_instance, prepare_environment
from tests.conftest import Papers
from warehouse.disk import remove_leftovers, size_of
from warehouse.settings import Settings


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


def test_more_runs_than_connections_keep_all_their_events(tmp_path: Path) -> None:
    log = EventLog(str(tmp_path))
    for number in range(12):
        log.store_event(entry(f"run{number}", "started"))
    for number in range(12):
        log.store_event(entry(f"run{number}", "ended"))
    assert [texts(log, f"run{number}") for number in range(12)] == [["started", "ended"]] * 12
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


@pytest.fixture
def settings(tmp_path: Path) -> Iterator[Settings]:
    """A home whose history keeps three runs, at a path that is hard on addresses of files."""
    settings = Settings(home=tmp_path / "a%20b#c 'd' *{e} \U0001f600", keep_runs=3)
    before = dict(os.environ)
    prepare_environment(settings)
    yield settings
    os.environ.clear()
    os.environ.update(before)


@dg.asset
def thing() -> dg.MaterializeResult:  # type: ignore[type-arg]
    return dg.MaterializeResult(metadata={"text": "x" * 5000})


@dg.asset_check(asset=thing)
def thing_is_right() -> dg.AssetCheckResult:
    return dg.AssetCheckResult(passed=True)


def run_once(instance: dg.DagsterInstance) -> str:
    job = dg.Definitions(
        assets=[thing], asset_checks=[thing_is_right], jobs=[dg.define_asset_job("job")]
    ).resolve_job_def("job")
    done = job.execute_in_process(
        instance=instance, run_config={"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}
    )
    assert done.success
    return done.run_id


def test_only_the_newest_runs_are_kept_with_their_events_and_logs(settings: Settings) -> None:
    with dg.DagsterInstance.get() as instance:
        runs = [run_once(instance) for _ in range(5)]
        history.prune(settings, instance)
        kept = runs[-2:]
        assert {run.run_id for run in instance.get_runs()} == set(kept)
        assert [bool(instance.all_logs(run)) for run in runs] == [run in kept for run in runs]
        assert instance.get_latest_materialization_event(thing.key)
    folder = settings.dagster_home
    assert {path.stem for path in (folder / "history" / "runs").glob("*.db")} - {"index"} <= set(runs)
    assert not [run for run in runs if run not in kept and (folder / "storage" / run).exists()]
    with sqlite3.connect(folder / "history" / "runs" / "index.db") as index:
        for table in ("event_logs", "asset_check_executions"):
            assert {run for (run,) in index.execute(f"select distinct run_id from {table}")} == set(kept), table


def test_pruning_leaves_the_home_as_it_is_while_there_are_few_runs(settings: Settings) -> None:
    with dg.DagsterInstance.get() as instance:
        runs = [run_once(instance) for _ in range(2)]
        history.prune(settings, instance)
        assert {run.run_id for run in instance.get_runs()} == set(runs)


def test_the_logs_of_sqlite_are_written_back_when_dagster_is_closed(settings: Settings) -> None:
    with dg.DagsterInstance.get() as instance:
        run_once(instance)
        assert any(log.stat().st_size for log in settings.dagster_home.rglob("*.db-wal"))
    assert not any(log.stat().st_size for log in settings.dagster_home.rglob("*.db-wal"))


def damage(path: Path, how: str) -> None:
    content = path.read_bytes()
    if how == "text":
        path.write_text("no database " * 1000)
    elif how == "cut":
        path.write_bytes(content[: len(content) // 2])
    else:
        path.write_bytes(content[:5000] + bytes(b ^ 0x55 for b in content[5000:9000]) + content[9000:])


@pytest.mark.parametrize(
    ("name", "how"),
    [("history/runs.db", "flip"), ("history/runs/index.db", "cut"), ("schedules/schedules.db", "text")],
)
def test_a_damaged_history_is_set_aside_and_started_again(
    settings: Settings, caplog: pytest.LogCaptureFixture, name: str, how: str
) -> None:
    with dg.DagsterInstance.get() as instance:
        run_once(instance)
    damage(settings.dagster_home / name, how)
    history.set_damaged_aside(settings)
    (aside,) = settings.dagster_home.glob("damaged-*")
    assert str(aside) in caplog.text and (aside / Path(name).relative_to(Path(name).parts[0])).exists()
    with dg.DagsterInstance.get() as instance:
        run_once(instance)
    caplog.clear()
    history.set_damaged_aside(settings)
    assert not caplog.text


def test_a_damaged_record_of_a_run_that_was_killed_does_not_stop_the_next(settings: Settings) -> None:
    with dg.DagsterInstance.get() as instance:
        run_once(instance)
    with sqlite3.connect(settings.dagster_home / "history" / "runs.db") as runs:
        runs.execute("update runs set status = 'STARTED', run_body = substr(run_body, 1, 40)")
    with open_instance(settings) as instance:
        run_once(instance)
        assert len(instance.get_runs()) == 1


@pytest.mark.slow
def test_sixty_runs_stay_under_sixty_megabytes(demo: Papers, settings: Settings) -> None:
    """The events of a real run, stored sixty times as the events of sixty runs, beside a real run's other records."""
    settings = replace(settings, keep_runs=Settings.keep_runs)
    home = settings.home
    for name in ("dbt", "data_docs"):
        shutil.copytree(demo.home / name, home / name)
    with dg.DagsterInstance.from_config(str(demo.home / "dagster")) as instance:
        (run,) = instance.get_runs(limit=1)
        events = instance.all_logs(run.run_id)
        page = next((demo.home / "data_docs").glob("*/"))
    with dg.DagsterInstance.get() as instance:
        for number in range(60):
            run_id = str(uuid.uuid4())
            instance.add_run(
                dg.DagsterRun(job_name=run.job_name, run_id=run_id, status=dg.DagsterRunStatus.SUCCESS, tags=run.tags)
            )
            for event in events:
                instance.event_log_storage.store_event(event._replace(run_id=run_id))
            shutil.copytree(page, settings.data_docs / f"run{number}")
            history.prune(settings, instance)
            remove_leftovers(settings)
    assert size_of(home) < 60_000_000, {path.name: size_of(path) for path in home.iterdir()}


def test_a_log_message_that_cannot_be_stored_is_raised_and_not_written_to_stderr(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    @dg.op
    def chatty(context) -> None:  # type: ignore[no-untyped-def]
        context.log.info("one message")

    @dg.job
    def talking() -> None:
        chatty()

    def refuse(self: EventLog, event: Any) -> None:
        raise sqlite3.OperationalError("database or disk is full")

    monkeypatch.setattr(_EventListenerLogHandler, "emit", _EventListenerLogHandler.emit)
    silence_event_log_errors()
    with dg.DagsterInstance.get() as instance:
        monkeypatch.setattr(EventLog, "store_event", refuse)
        with pytest.raises(sqlite3.OperationalError, match="full"):
            talking.execute_in_process(
                instance=instance, run_config={"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}
            )
    assert "event log" not in capfd.readouterr().err
