"""Output on terminals and pipes, exit codes, and statements of users that fail, are slow or return odd values."""

from __future__ import annotations

import csv
import io
import json
import logging
import os
import pty
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import duckdb
import pyarrow.parquet as pq
import pytest
from typer.testing import CliRunner

from orchestration.commands import cli, console, signals
from tests.conftest import SAMPLE
from warehouse.errors import LockError
from warehouse.lock import writer_lock
from warehouse.publication.queries import load_queries, why_empty

ESCAPE = "\x1b[31mred\x9b2J\u202e"


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home with a published file of one invented paper."""
    home = tmp_path_factory.mktemp("answers")
    with duckdb.connect(str(home / "papers.duckdb")) as connection:
        connection.execute("create schema marts")
        connection.execute("create table marts.dim_papers as select '2609.00100' as paper_id, 7 as upvotes")
    return home


@pytest.fixture(autouse=True)
def default_log() -> Iterator[None]:
    yield
    console.show_log(False)


def invoke(home: Path, *arguments: str) -> Any:
    return CliRunner().invoke(cli.app, [*arguments, "--home", str(home)])


def papers(home: Path, *arguments: str, stdout: Any = subprocess.PIPE, **environment: str) -> Any:
    command = [str(Path(sys.executable).with_name("papers")), *arguments, "--home", str(home)]
    return subprocess.run(
        command, env={**os.environ, **environment}, stdout=stdout, stderr=subprocess.PIPE, text=True, check=False
    )


def test_two_columns_of_one_name_are_both_in_json_csv_and_parquet(home: Path, tmp_path: Path) -> None:
    statement = "select 1 as a, 2 as a, 3 as a_1, 4 as a"
    (row,) = json.loads(invoke(home, "sql", statement, "--json").stdout)
    assert sorted(row.values()) == [1, 2, 3, 4] and row["a"] == 1 and row["a_1"] == 3
    header = invoke(home, "sql", statement, "--format", "csv").stdout.splitlines()[0].split(",")
    assert len(set(header)) == 4
    invoke(home, "sql", statement, "--format", "parquet", "--output", str(tmp_path / "a.parquet"))
    assert pq.read_table(tmp_path / "a.parquet").column_names == header


@pytest.mark.parametrize(
    "value",
    [
        "interval 3 hours",
        "[interval 3 hours]",
        "{'a': interval 3 hours}",
        "union_value(a := 2)",
        "[union_value(a := 2)]",
        "1::hugeint",
        "uuid()",
        "map {1: 2}",
        "'101'::bit",
        "'a'::blob",
        "time '10:00'",
        "'inf'::double",
        "null",
    ],
)
def test_every_type_becomes_parquet_json_and_csv_without_a_warning(home: Path, tmp_path: Path, value: str) -> None:
    target = tmp_path / "x.parquet"
    done = invoke(home, "sql", f"select {value} as x", "--format", "parquet", "--output", str(target))
    assert done.exit_code == 0 and done.stderr == f"1 row is in {target}\n"
    assert pq.read_table(target).num_rows == 1
    json.loads(invoke(home, "sql", f"select {value} as x", "--json").stdout, parse_constant=pytest.fail)
    assert invoke(home, "sql", f"select {value} as x", "--format", "csv").exit_code == 0


@pytest.mark.parametrize(
    "value", ["'inf'::double", "'-inf'::double", "'nan'::double", "['nan'::float]", "{'a': 'inf'::real}"]
)
def test_numbers_that_json_lacks_are_written_as_text(home: Path, value: str) -> None:
    text = invoke(home, "sql", f"select {value} as x", "--json").stdout
    assert json.loads(text, parse_constant=pytest.fail)[0]["x"]


@pytest.mark.parametrize("statement", ["", " ", ";", "/* nothing */"])
def test_a_statement_without_an_answer_is_one_sentence(home: Path, statement: str) -> None:
    for more in ([], ["--format", "parquet", "--output", str(home / "x.parquet")]):
        done = invoke(home, "sql", statement, *more)
        assert done.exit_code == 2 and done.stderr.startswith("Error: The statement is no query")
        assert len(done.stderr.splitlines()) == 1


def test_arguments_that_are_not_utf8_are_one_sentence(home: Path) -> None:
    accept, rebuild = ("accept", "x", "--reason", "\udcff"), ("rebuild", "--load", "\udcff")
    for arguments in (("sql", "select '\udcff'"), ("search", "\udcff"), accept, rebuild):
        done = invoke(home, *arguments)
        assert done.exit_code == 2 and "is not UTF-8" in done.stderr and len(done.stderr.splitlines()) == 1


@pytest.mark.parametrize("form", ["table", "csv", "json"])
def test_a_value_that_python_can_not_hold_is_one_sentence(home: Path, form: str) -> None:
    done = invoke(home, "sql", "select interval '1000000000 days'", "--format", form)
    assert done.exit_code == 2 and "cast it to varchar" in done.stderr and len(done.stderr.splitlines()) == 1


def test_a_statement_that_leaves_no_memory_is_one_sentence(home: Path) -> None:
    done = invoke(home, "sql", "set memory_limit = '1KB'")
    assert done.exit_code == 2 and len(done.stderr.splitlines()) == 1


def test_a_query_ends_at_its_time_limit(home: Path) -> None:
    endless = "select count(*) from range(100000000) a, range(1000000) b where a.range * b.range = 3"
    done = invoke(home, "sql", endless, "--timeout", "0.2")
    assert done.exit_code == 2 and "longer than 0.2 s" in done.stderr and "--timeout" in done.stderr
    assert invoke(home, "sql", "select 1", "--timeout", "60").exit_code == 0


def test_a_spreadsheet_can_keep_ids_whole(home: Path) -> None:
    done = invoke(home, "sql", "select paper_id, upvotes, '=1+1' as formula from dim_papers", "--format", "spreadsheet")
    assert done.stdout.startswith("\ufeff")
    assert list(csv.reader(io.StringIO(done.stdout[1:])))[1] == ['="2609.00100"', "7", "'=1+1"]
    plain = invoke(home, "sql", "select paper_id from dim_papers", "--format", "csv")
    assert plain.stdout == "paper_id\n2609.00100\n" and "--format spreadsheet" in plain.stderr


def on_a_terminal(home: Path, *arguments: str, columns: int = 60) -> str:
    """What the command writes to a terminal of so many columns."""
    ours, theirs = pty.openpty()
    try:
        papers(home, *arguments, stdout=theirs, COLUMNS=str(columns), TERM="xterm")
        os.close(theirs)
        parts = []
        try:
            while part := os.read(ours, 65536):
                parts.append(part)
        except OSError:  # the other side is closed
            pass
        return b"".join(parts).decode().replace("\r\n", "\n")
    finally:
        os.close(ours)


@pytest.mark.parametrize("form", ["csv", "json", "table", "spreadsheet"])
def test_listed_texts_do_not_steer_a_terminal(home: Path, form: str) -> None:
    text = on_a_terminal(home, "sql", f"select '{ESCAPE}' as x", "--format", form)
    assert "red" in text and not any(c in text.replace("\x1b[1m", "").replace("\x1b[0m", "") for c in "\x1b\x9b\u202e")


def test_a_pipe_gets_plain_text_whatever_force_color_says(home: Path) -> None:
    arguments = ("sql", "select repeat('x', 300) as a, 2 as b")
    forced = papers(home, *arguments, FORCE_COLOR="1", COLUMNS="40")
    assert "\x1b" not in forced.stdout and forced.stdout == papers(home, *arguments).stdout
    assert len(forced.stdout.splitlines()) == 2


def test_a_narrow_terminal_shows_a_line_a_row(home: Path) -> None:
    wide = ", ".join(f"repeat('{c}', 40) as column_{c}" for c in "abcdefghij")
    lines = on_a_terminal(home, "sql", f"select {wide} from range(3)").splitlines()
    assert len(lines) == 4 and all(len(line.replace("\x1b[1m", "").replace("\x1b[0m", "")) <= 60 for line in lines)
    assert "…" in lines[1]
    expanded = on_a_terminal(home, "sql", f"select {wide} from range(3)", "--expand")
    assert expanded.count("j" * 40) == 3


def test_the_widest_columns_are_shortened_first_and_the_last_ones_are_left_out() -> None:
    assert console._fitting([10, 100], 40) == [10, 28]
    assert len(console._fitting([10] * 10, 40)) == 5


def test_square_brackets_in_a_path_are_shown(tmp_path: Path) -> None:
    done = papers(tmp_path / "[red]home[/]", "status")
    assert "[red]home[/]" in done.stderr and done.returncode == 2


@pytest.mark.parametrize("unbuffered", ["", "1"])
def test_a_full_output_is_one_sentence(home: Path, unbuffered: str) -> None:
    with open("/dev/full", "w") as full:
        for form in ("json", "csv", "table"):
            done = papers(home, "sql", "from dim_papers", "--format", form, stdout=full, PYTHONUNBUFFERED=unbuffered)
            assert done.returncode == 2 and len(done.stderr.splitlines()) == 1
            assert "disk is full" in done.stderr or "No space left" in done.stderr


def test_a_pipe_that_its_reader_closes_is_no_error(home: Path) -> None:
    read, write = os.pipe()
    os.close(read)
    done = papers(home, "sql", "from range(100000)", stdout=write)
    os.close(write)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize(("closed", "statement", "code"), [(1, "select 1", 0), (2, "selec", 2)])
def test_a_closed_output_causes_no_traceback(home: Path, closed: int, statement: str, code: int) -> None:
    command = f'exec "$0" sql "$1" --home "$2" {closed}>&-'
    script = str(Path(sys.executable).with_name("papers"))
    done = subprocess.run(["sh", "-c", command, script, statement, str(home)], capture_output=True, check=False)
    assert done.returncode == code and not done.stderr


def test_a_current_directory_that_is_gone_is_one_sentence(home: Path, tmp_path: Path) -> None:
    code = (
        "import os, sys; os.mkdir('gone'); os.chdir('gone'); os.rmdir('../gone'); os.execv(sys.argv[1], sys.argv[1:])"
    )
    command = [sys.executable, "-c", code, str(Path(sys.executable).with_name("papers")), "status"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 2 and "current directory is gone" in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_python_without_docstrings_is_started_again_with_them(home: Path) -> None:
    done = papers(home, "sql", "--help", PYTHONOPTIMIZE="2")
    assert done.returncode == 0 and "Ask the published file a question" in done.stdout


@pytest.mark.parametrize(
    "environment", [{"LC_ALL": "C"}, {"LC_ALL": "POSIX", "PYTHONUTF8": "0"}, {"PYTHONIOENCODING": "ascii"}]
)
@pytest.mark.parametrize("form", ["json", "csv", "table"])
def test_any_locale_gets_an_answer(home: Path, environment: dict[str, str], form: str) -> None:
    done = papers(home, "sql", "select 'Zoë Łąki 漢字' as x", "--format", form, **environment)
    assert done.returncode == 0 and done.stderr == ""


def test_a_file_name_that_is_not_utf8_is_named_in_the_error(home: Path) -> None:
    name = os.fsdecode(b"/no/such/\xff\xfe.json")
    done = papers(home, "import", name)
    assert done.returncode == 2 and "/no/such/" in done.stderr and len(done.stderr.splitlines()) == 1


@pytest.mark.parametrize("where", ["before", "after"])
def test_verbose_is_accepted_before_and_after_the_command(home: Path, where: str) -> None:
    arguments = ["--verbose", "sql", "select 1"] if where == "before" else ["sql", "select 1", "--verbose"]
    assert invoke(home, *arguments).exit_code == 0
    assert console.is_verbose()


def test_help_lists_the_commands_in_order_and_in_named_groups() -> None:
    from typer.main import get_command

    group: Any = get_command(cli.app)
    assert " ".join(group.commands) == (
        "demo run plan backfill import rebuild accept status doctor sql query search similar cite explain review "
        "evaluate report digest feeds release backup restore handover docs ui"
    )
    assert all(command.rich_help_panel for command in group.commands.values())


def test_a_shell_completes_commands(home: Path) -> None:
    done = papers(home, _PAPERS_COMPLETE="complete_bash", COMP_WORDS="papers ba", COMP_CWORD="1")
    assert (done.returncode, done.stderr) == (0, "") and done.stdout.split() == ["backfill", "backup"]


def test_every_command_takes_verbose() -> None:
    def commands(group: Any, name: str = "papers") -> Iterator[tuple[str, Any]]:
        for word, command in group.commands.items():
            if hasattr(command, "commands"):
                yield from commands(command, word)
            else:
                yield word, command

    from typer.main import get_command

    found = dict(commands(get_command(cli.app)))
    assert len(found) > 15
    lacking = [name for name, command in found.items() if not any("--verbose" in p.opts for p in command.params)]
    assert lacking == []


def test_logs_go_to_stderr_without_secrets(capsys: pytest.CaptureFixture[str]) -> None:
    console.hide("hf_a_secret_token")
    logger = logging.getLogger("warehouse.anything")
    console.show_log(False)
    logger.debug("a step")
    logger.info("Waiting 30 s")
    logger.warning("Bearer hf_a_secret_token at https://user:pass@word@example.org/x?y")
    shown = capsys.readouterr()
    assert shown.out == ""
    assert shown.err.splitlines() == ["Waiting 30 s", "Bearer … at https://…@example.org/x?y"]
    console.show_log(True)
    logger.debug("a step")
    assert "DEBUG warehouse.anything: a step" in capsys.readouterr().err


def test_waiting_for_the_lock_is_logged(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "writer.lock"
    code = (
        "import sys; from pathlib import Path; from warehouse.lock import writer_lock\n"
        f"with writer_lock(Path({str(path)!r}), purpose='a nightly run', timeout=1):\n"
        "    print('held', flush=True); sys.stdin.readline()"
    )
    monkeypatch.setattr("warehouse.lock._LOG_AFTER_SECONDS", 0.1)
    root = str(Path(cli.__file__).parent.parent)
    with subprocess.Popen(
        [sys.executable, "-c", code], cwd=root, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as holder:
        assert holder.stdout and holder.stdout.readline().strip() == "held"
        with pytest.raises(LockError), writer_lock(path, purpose="x", timeout=0.5):
            pass
        holder.kill()
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("Waiting for a nightly run")


def test_no_row_is_explained_in_one_line(home: Path) -> None:
    done = invoke(home, "sql", "from dim_papers where upvotes > 100")
    assert done.exit_code == 0 and done.stderr == "No rows meet the conditions of the query.\n"
    done = invoke(home, "sql", "from dim_papers where upvotes > 100", "--json")
    assert done.stdout == "[]\n" and done.stderr.startswith("No rows")


def test_a_query_without_rows_names_what_is_missing() -> None:
    query = load_queries()["rising_now"]
    with duckdb.connect() as connection:
        connection.execute("create schema marts; create table marts.dim_papers (paper_id varchar)")
        assert "no listing" in why_empty(connection, query)
        connection.execute("insert into marts.dim_papers values ('2609.00100')")
        connection.execute(
            """create table marts.rpt_paper_trends as
               select unnest(['one observation only', 'one observation only', null]) as velocity_missing_reason"""
        )
        assert why_empty(connection, query) == (
            "No rows: no paper has a known velocity: one observation only (2 papers)."
        )


def test_every_query_explains_an_empty_result() -> None:
    for query in load_queries().values():
        assert query.empty.endswith(".") and query.empty[0].islower(), query.name


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_stopped_query_prints_one_word(home: Path, number: signal.Signals, code: int) -> None:
    endless = "select count(*) from range(100000000) a, range(1000000) b where a.range * b.range = 3"
    output, ended = stopped(("sql", endless), home, number, 1.5)
    assert (output, ended) == ("Stopped.\n", code)


@pytest.mark.slow
@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
@pytest.mark.parametrize("seconds", [0.4, 2.0, 4.0, 6.0, 8.0])
def test_a_stopped_run_prints_that_it_was_stopped(
    tmp_path: Path, number: signal.Signals, code: int, seconds: float
) -> None:
    output, ended = stopped(("import", str(SAMPLE)), tmp_path / "home", number, seconds)
    if ended == 0:
        pytest.skip("this machine was done before it could be stopped")
    if ended == -number:
        assert seconds < 1 and output == "", "during the imports of a busy machine: no message"
        return
    assert ended == code and output.splitlines()[-1].startswith(("Stopped.", "The run was stopped."))
    assert "Traceback" not in output and "nanobind" not in output
    assert not (tmp_path / "home" / "papers.duckdb").exists() or "had published" in output


def stopped(arguments: tuple[str, ...], home: Path, number: signal.Signals, seconds: float) -> tuple[str, int]:
    """The output and exit code of a command whose process group gets a signal after so many seconds."""

    def receive_signals() -> None:
        """As a shell starts a command, whatever the process of this test blocks or ignores."""
        for stop in (signal.SIGINT, signal.SIGTERM):
            signal.signal(stop, signal.SIG_DFL)
        signal.pthread_sigmask(signal.SIG_SETMASK, ())

    command = [str(Path(sys.executable).with_name("papers")), *arguments, "--home", str(home)]
    with subprocess.Popen(
        command,
        **{"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "text": True, "start_new_session": True},
        preexec_fn=receive_signals,
    ) as process:
        time.sleep(seconds)
        with suppress(ProcessLookupError):
            os.killpg(process.pid, number)
        try:
            output, _ = process.communicate(timeout=20)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            raise
    return output, process.returncode


def test_a_forked_process_has_no_signal_handlers_of_its_parent() -> None:
    read, write = os.pipe()
    with signals.stop_on_signals():
        child = os.fork()
        if not child:
            os.write(write, bytes([signal.getsignal(signal.SIGTERM) == signal.SIG_DFL]))
            os._exit(0)
        os.waitpid(child, 0)
    assert os.read(read, 1) == b"\x01"
