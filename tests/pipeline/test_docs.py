"""The documentation agrees with the code: dictionary, settings, links, examples; dbt's page needs no network."""

from __future__ import annotations

import re
import threading
import urllib.request
from pathlib import Path
from urllib.parse import unquote

import pytest
import yaml

from orchestration.transform.dictionary import DICTIONARY, LLMS, SKILL, dictionary, llms_text
from orchestration.transform.docs import server
from tests.conftest import ROOT, Papers
from warehouse.publication.contracts import primary_key, read_contracts

PAGES = sorted([ROOT / "README.md", *(ROOT / "docs").glob("*.md")])


def test_the_data_dictionary_equals_the_contracts() -> None:
    assert DICTIONARY.read_text(encoding="utf-8") == dictionary() + "\n", "run `make dictionary`"


def test_the_text_for_language_models_has_every_table_and_the_skill() -> None:
    text = LLMS.read_text(encoding="utf-8")
    assert text == llms_text() + "\n", "run `make dictionary`"
    assert text.startswith("# ") and "\n> " in text
    assert all(f"- `{table['name']}`: One row per " in text for table in read_contracts())
    for target in re.findall(r"\]\(([^)#\s]+)\)", text):
        assert (LLMS.parent / target).is_file(), target


def test_the_skill_has_ten_questions_whose_sql_answers(demo: Papers) -> None:
    text = SKILL.read_text(encoding="utf-8")
    _, head, body = text.split("---\n", 2)
    facts = yaml.safe_load(head)
    assert facts["name"] == SKILL.parent.name and 0 < len(facts["description"]) <= 1024
    questions = re.findall(r"^(\d+)\. (.+\?)", body, re.MULTILINE)
    assert [int(number) for number, _ in questions] == list(range(1, 11))
    statements = re.findall(r"```sql\n(.*?)```", body, re.DOTALL)
    assert len(statements) == 11, "one a question, and how to read the comments"
    with demo.published() as connection:
        for statement in statements:
            assert connection.execute(statement).fetchall(), statement
        macros = {f"marts.{name}" for (name,) in connection.execute(MACROS).fetchall()}
    assert macros - {"marts.file_id"} == set(re.findall(r"^\| `(marts\.\w+)\(", body, re.MULTILINE))
    assert "Two clocks" in body and "Null is not 0" in body
    names = {table["name"] for table in read_contracts()}
    assert set(re.findall(r"\b(?:dim|fct|rpt|bridge)_\w+", body)) <= names


MACROS = "select function_name from duckdb_functions() where schema_name = 'marts'"


def test_the_diagram_has_every_table_with_its_key_and_every_reference() -> None:
    (diagram,) = re.findall(r"```mermaid\n(erDiagram\n.*?)```", dictionary(), re.DOTALL)
    entities = dict(re.findall(r"^    (\w+) \{\n(.*?)^    \}", diagram, re.MULTILINE | re.DOTALL))
    tables = read_contracts()
    assert entities.keys() == {table["name"] for table in tables}
    for table in tables:
        columns = {line.split()[1]: line for line in entities[table["name"]].splitlines()}
        assert {c for c in primary_key(table) if c.isidentifier()} == {c for c in columns if " PK" in columns[c]}
    edges = re.findall(r"^    (\w+) \|o--o[{|] (\w+) : (\w+)$", diagram, re.MULTILINE)
    assert ("dim_authors", "bridge_paper_authors", "author_id") in edges
    assert ("dim_papers", "related_papers", "related_paper_id") in edges
    assert all("FK" in re.findall(rf" {column}(.*)", entities[name])[0] for _, name, column in edges)


def test_the_dictionary_has_every_column_that_is_published(demo: Papers) -> None:
    text = dictionary()
    with demo.published() as connection:
        columns = connection.execute(
            "select table_name, column_name, lower(data_type) from information_schema.columns "
            "where table_schema = 'marts'"
        ).fetchall()
    sections = {part.split("\n", 1)[0]: part for part in text.split("\n## ")[1:]}
    assert {table for table, *_ in columns} == sections.keys()
    assert all(f"| `{column}` | {kind} | " in sections[table] for table, column, kind in columns)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_between_pages_have_a_target(page: Path) -> None:
    for target in re.findall(r"\]\(([^)#\s]+)[^)]*\)", page.read_text(encoding="utf-8")):
        if "://" not in target and not target.startswith("mailto:"):
            assert (page.parent / unquote(target)).exists(), f"{page.name} links to {target}"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_setting_on_a_page_exists(page: Path) -> None:
    # The settings of the Spark cluster are read in the dbt profile.
    readers = (ROOT / "warehouse" / "settings.py", ROOT / "dbt_project" / "profiles.yml")
    known = set(re.findall(r"""["'](PAPERS_[A-Z_]+)["']""", "".join(map(Path.read_text, readers))))
    for name in re.findall(r"\bPAPERS_[A-Z_]+\b", page.read_text(encoding="utf-8")):
        assert name in known, f"{page.name} names {name}"


def test_every_setting_is_documented() -> None:
    documented = "".join(page.read_text(encoding="utf-8") for page in PAGES)
    settings = (ROOT / "warehouse" / "settings.py").read_text(encoding="utf-8")
    passed_on = {"PAPERS_RAW_DATABASE", "PAPERS_NEXT_DATABASE", "PAPERS_MEMORY_LIMIT"}  # for child processes
    for name in set(re.findall(r'"(PAPERS_[A-Z_]+)"', settings)) - passed_on:
        assert f"`{name}`" in documented, name


@pytest.mark.slow
def test_dbts_page_shows_every_table_and_needs_no_network(demo: Papers, tmp_path: Path) -> None:
    page = Path(demo.copy(tmp_path / "home")("docs", "--no-serve").out.strip())
    text = page.read_text(encoding="utf-8")
    assert all(table["name"] in text for table in read_contracts()) and '"send_anonymous_usage_stats": false' in text
    assert "doc.daily_papers.__overview__" in text and "**Two clocks.**" in text, (
        "it opens on the project's own overview"
    )
    assert not re.search(r"<(script|img|iframe)[^>]+src=[\"']?(https?:)?//", text)
    assert not re.search(r"<link[^>]+href=[\"']?(https?:)?//|@import", text)
    with server(page.parent, 0) as http:
        threading.Thread(target=http.serve_forever, daemon=True).start()
        host, port = http.server_address[:2]
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=10) as answer:
            assert answer.read() == page.read_bytes()
            policy = answer.headers["Content-Security-Policy"]
        http.shutdown()
    assert host == "127.0.0.1" and "default-src 'none'" in policy and "http" not in policy
