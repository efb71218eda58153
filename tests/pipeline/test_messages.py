"""What a person reads after a run: sentences with dates and what to do, and the way out of each refusal."""

from __future__ import annotations

from pathlib import Path

import dagster as dg
import pytest
from gate_pieces import Warehouse, listing

from orchestration.commands.outcome import print_publication, without_code
from orchestration.gates.accept import accept_load
from orchestration.outcome import Outcome
from orchestration.runs.runner import _close_killed_runs
from tests.conftest import ROOT, Papers
from warehouse.errors import InputError


def _files(folder: Path) -> None:
    (folder / "2026-09-09@2026-09-09T220000Z.json").write_bytes(listing("2026-09-09", 3))
    (folder / "2026-09-10@2026-09-11T220000Z.json").write_bytes(b"[]")
    (folder / "2026-09-11@2026-09-11T220000Z.json").write_bytes(b'{"status": "no_data"}')
    lines = "2026-09-09@2026-09-09T220000Z.json\t\t\ngone.json\t\t\n"
    (folder / "manifest.tsv").write_text(f"file\tlisting_date\tobserved_at\n{lines}")


@pytest.mark.slow
def test_an_import_says_in_sentences_what_it_did_and_what_to_do(papers: Papers, tmp_path: Path) -> None:
    folder = tmp_path / "[lists]"
    folder.mkdir()
    _files(folder)
    text = papers("import", folder).out
    assert f"{folder}/2026-09-09@2026-09-09T220000Z.json was loaded: 3 entries." in text
    assert "The manifest names 1 file not among those imported now: gone.json." in text
    assert "The listing of 2026-09-10 was rejected by the gate: " in text and "What to do: " in text
    assert "weekday_not_empty" not in text and "=" not in text
    status = papers("status", "--json").facts
    (rejected,), (unreadable,) = status["rejected_loads"], status["unreadable_loads"]
    assert rejected["what_to_do"].startswith(f"papers accept {rejected['load_id']} ")
    assert "accept" not in unreadable["what_to_do"] and unreadable["load_id"] in unreadable["what_to_do"]

    refused = papers("accept", unreadable["load_id"], "--reason", "because", expect=2).err
    assert "nothing in it to accept" in refused and f"papers rebuild --load {unreadable['load_id']}" in refused
    again = papers("rebuild", "--load", unreadable["load_id"], "--json", expect=1)
    assert again.facts["read_again"]["verdict"] == "rejected" and "refused again" in again.err

    # As an `accept` that was killed after its decision leaves it.
    settings = Warehouse.at(papers.home).settings
    accept_load(settings, rejected["load_id"], "a holiday")
    verdict = f"select verdict from marts.ops_loads where load_id = '{rejected['load_id']}'"
    assert papers.value(verdict) == "rejected"
    papers("accept", rejected["load_id"], "--reason", "a holiday")
    assert papers.value(verdict) == "accepted"
    assert "accepted already" in papers("accept", rejected["load_id"], "--reason", "a holiday", expect=2).err


def test_a_load_is_accepted_twice_only_to_publish_what_a_kill_left(tmp_path: Path) -> None:
    home = Warehouse.at(tmp_path)
    (load_id,) = home.land(("2026-09-09", "2026-09-10T22:00:00", b"[]"))
    home.check()
    accept_load(home.settings, load_id, "a holiday")
    accept_load(home.settings, load_id, "a holiday", is_published=False)
    with pytest.raises(InputError, match="accepted already"):
        accept_load(home.settings, load_id, "a holiday")


def test_a_rejection_ends_with_a_command_to_copy(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    home = Warehouse.at(tmp_path)
    (load_id,) = home.land(("2026-09-10", "2026-09-11T22:00:00", b"[]"))
    gate = home.check()
    command = f"`papers accept {load_id} --reason"
    assert gate.problem and command in gate.problem and gate.problem.count(load_id) == 1
    print_publication(home.settings, Outcome(gates={"batch": gate}))
    text = capsys.readouterr().out
    assert command in text and text.count(load_id) == 1 and "LOAD" not in text and "weekday_not_empty" not in text


@pytest.mark.parametrize(
    ("reason", "text"),
    [
        ("not_a_list: The payload is an object.", "The payload is an object."),
        ("not_utf8: Byte 3 can't be decoded.", "Byte 3 can't be decoded."),
        ("weekday_not_empty: It is empty. upvotes_plausible: Too many.", "It is empty. Too many."),
        ("3 entries", "3 entries."),
        ("No such file or directory", "No such file or directory."),
        ("See this: it is no code.", "See this: it is no code."),
    ],
)
def test_a_reason_is_shown_without_the_names_that_open_it(reason: str, text: str) -> None:
    assert without_code(reason) == text


def test_a_run_that_was_killed_before_it_started_is_closed(tmp_path: Path) -> None:
    @dg.op
    def nothing() -> None: ...

    @dg.job
    def idle() -> None:
        nothing()

    gone = str(2**22 + 1)  # above the largest id of a process
    with dg.DagsterInstance.ephemeral() as instance:
        runs = {
            status: instance.create_run_for_job(idle, tags={"papers/process": gone}, status=status).run_id
            for status in (
                *(dg.DagsterRunStatus.NOT_STARTED, dg.DagsterRunStatus.STARTING, dg.DagsterRunStatus.STARTED),
                dg.DagsterRunStatus.CANCELING,
            )
        }
        others = [
            instance.create_run_for_job(idle, status=dg.DagsterRunStatus.NOT_STARTED).run_id,
            instance.create_run_for_job(
                idle,
                tags={"papers/process": gone},
                status=dg.DagsterRunStatus.NOT_STARTED,
                parent_run_id=next(iter(runs.values())),
                root_run_id=next(iter(runs.values())),
            ).run_id,
        ]
        _close_killed_runs(instance)
        for status, run_id in runs.items():
            run = instance.get_run_by_id(run_id)
            assert run and run.status is dg.DagsterRunStatus.FAILURE, status
        for run_id in others:  # of the UI
            run = instance.get_run_by_id(run_id)
            assert run and run.status is dg.DagsterRunStatus.NOT_STARTED


def test_the_report_offers_accept_for_what_the_gate_rejected_only() -> None:
    text = (ROOT / "warehouse" / "report" / "templates" / "health.html").read_text(encoding="utf-8")
    assert "accepts a load that the gate rejected" in text and "papers rebuild --load LOAD" in text
