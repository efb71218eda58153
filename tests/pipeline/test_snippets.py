"""Every block of code in the README and in docs/ works as it stands there, and prints what the page shows below it.

A block names its language. `console` is commands after `$` with their output, on the demo. The commands of `bash`
blocks run on the demo too; those that would fetch, publish, serve or replace are parsed only, and those of other
programs are left out.
"""

from __future__ import annotations

import json
import re
import shlex
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import takewhile
from pathlib import Path

import duckdb
import pytest
import typer
import yaml

from orchestration.commands.cli import app
from tests.conftest import ROOT, Papers
from warehouse.publication.queries import load_queries

PAGES = sorted([ROOT / "README.md", *(ROOT / "docs").glob("*.md")])
TESTED = {"bash", "console", "sql", "python", "json", "yaml"}
#: Figures: `text` also after a `python` block, as what it prints.
FIGURES = {"text", "mermaid"}
#: Commands that fetch, publish, serve, replace, or read a file of the reader's.
PARSED = {"demo", "run", "backfill", "import", "rebuild", "accept", "restore", "docs", "ui", "handover", "evaluate"}
_BLOCK = re.compile(r"^```([^\n]*)\n(.*?)^```$", re.DOTALL | re.MULTILINE)
_SET = re.compile(r"[A-Z_]+=")


@dataclass(frozen=True)
class Block:
    """A block of code: its page, its first line there, its language and its text."""

    page: str
    line: int
    language: str
    text: str

    def __str__(self) -> str:
        return f"{self.page}:{self.line}"


def blocks() -> Iterator[Block]:
    for page in PAGES:
        text = page.read_text(encoding="utf-8")
        for found in _BLOCK.finditer(text):
            yield Block(page.name, text.count("\n", 0, found.start()) + 2, found[1], found[2])


def of(language: str) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("block", [block for block in blocks() if block.language == language], ids=str)


def commands(text: str) -> Iterator[list[str]]:
    """The commands of a block as words, without comments and settings of the environment."""
    rest = ""
    for line in text.splitlines():
        rest += line.removesuffix("\\") + ("" if line.endswith("\\") else "\n")
        try:
            words = [] if line.endswith("\\") else shlex.split(rest, comments=True)
        except ValueError:  # a quotation goes on in the next line
            continue
        if words:
            rest = ""
        for part in " ".join(map(shlex.quote, words)).split(" '&&' "):
            found = shlex.split(part)
            found = found[len(list(takewhile(_SET.match, found))) :]
            if found:
                yield found


@pytest.fixture(scope="module")
def home(demo: Papers, tmp_path_factory: pytest.TempPathFactory) -> Papers:
    """A copy of the demo, with the subscriptions of the example."""
    papers = demo.copy(tmp_path_factory.mktemp("snippets") / "home")
    shutil.copy(ROOT / "warehouse" / "digest" / "subscriptions.example.yml", papers.home / "subscriptions.yml")
    return papers


def test_every_block_names_its_language() -> None:
    languages = {block.language for block in blocks()}
    assert [str(block) for block in blocks() if block.language not in TESTED | FIGURES] == []
    assert languages >= TESTED


@of("console")
def test_a_command_prints_what_the_page_shows(block: Block, home: Papers) -> None:
    shown = re.split(r"^\$ ", block.text, flags=re.MULTILINE)
    assert shown[0] == "" and len(shown) > 1
    for part in shown[1:]:
        ((program, *words), text) = _command_and_output(part)
        assert Path(program).name == "papers"
        printed = [line for line in home(*words).out.splitlines() if line.strip()]
        expected = [line for line in text.splitlines() if line.strip()]
        assert expected, f"{block}: the page shows no output of {words}"
        for number, line in enumerate(expected):
            assert _is_part(line, printed[number]), f"{block}: the page shows\n{line}\nprinted is\n{printed[number]}"


def _command_and_output(part: str) -> tuple[list[str], str]:
    lines = part.splitlines()
    for count in range(1, len(lines) + 1):
        try:
            return shlex.split("\n".join(lines[:count]), comments=True), "\n".join(lines[count:])
        except ValueError:
            continue
    raise AssertionError(part)


def _is_part(shown: str, printed: str) -> bool:
    """Whether the cells of a line are cells of the printed one, in their order; `…` ends one that is cut."""
    cells = iter(re.split(r"\s{2,}", printed.strip()))
    return all(
        any(cell == value or (value.endswith("…") and cell.startswith(value[:-1].rstrip())) for cell in cells)
        for value in re.split(r"\s{2,}", shown.strip())
    )


@of("bash")
def test_the_commands_of_a_page_exist_and_print_something(
    block: Block, home: Papers, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    for program, *words in commands(block.text):
        if program == "make":
            assert {word for word in words if "=" not in word} <= targets, f"{block}: make {words}"
        if Path(program).name != "papers":
            continue
        words = [word.replace("/mnt/disk", str(tmp_path)) for word in words]
        if _is_only_parsed(words):
            _parse(words)
        else:
            assert home(*words).out.strip(), f"{block}: `papers {' '.join(words)}` prints nothing"


def _is_only_parsed(words: list[str]) -> bool:
    sends_mail = words[0] == "digest" and not any(word.startswith("--") for word in words)
    changes_archive = words[0] == "doctor" and len(words) > 2
    return words[0] in PARSED or sends_mail or changes_archive or any("s3://" in word for word in words)


def _parse(words: list[str]) -> None:
    """Fails where a command or an option does not exist."""
    group = typer.main.get_command(app)
    context = group.make_context("papers", list(words))
    name, command, rest = group.resolve_command(context, list(words))  # type: ignore[attr-defined]
    command.make_context(name, rest, parent=context)


@of("sql")
def test_the_sql_of_a_page_runs(block: Block, home: Papers, monkeypatch: pytest.MonkeyPatch) -> None:
    if block.page == "scale-out.md" or "https://" in block.text:
        return  # on Spark, and over HTTP: tests/spark, tests/slow/test_other_tools.py
    monkeypatch.chdir(home.home)
    with duckdb.connect() as connection:
        answer = connection.execute(block.text)
        if "attach" not in block.text:  # the text of a query goes on where the block says so
            connection.execute("attach 'papers.duckdb' as papers (read_only); use papers.marts")
            named = re.findall(r"queries/(\w+)\.sql", block.text)
            answer = connection.execute(load_queries()[named[0]].sql)
        assert answer.fetchall(), block


@of("python")
def test_python_prints_what_the_page_shows(block: Block, home: Papers, capsys: pytest.CaptureFixture[str]) -> None:
    exec(block.text.replace("warehouse/data", str(home.home)), {})
    page = next(page for page in PAGES if page.name == block.page).read_text(encoding="utf-8")
    shown = re.match(r"```\n+```text\n(.*?)```", page.partition(block.text)[2], re.DOTALL)
    assert shown, f"{block}: a block `text` below it shows what it prints"
    assert capsys.readouterr().out.splitlines() == shown[1].splitlines()


@of("json")
def test_json_of_a_page_can_be_read(block: Block) -> None:
    assert json.loads(block.text)


@of("yaml")
def test_yaml_of_a_page_can_be_read(block: Block) -> None:
    assert yaml.safe_load(block.text)
