"""What readers read: the public schema `marts` and no other."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

from tests.conftest import ROOT
from warehouse.publication.table_macros import table_macros

#: Modules and folders whose queries answer readers.
READERS = ("report", "digest", "search", "publication/queries", "publication/explain.py", "publication/status.py")
FILES = sorted(
    path
    for reader in READERS
    for path in ([ROOT / "warehouse" / reader] if reader.endswith(".py") else (ROOT / "warehouse" / reader).rglob("*"))
    if path.suffix in (".py", ".sql")
)
#: A table of another schema, or a model of another layer by its name.
PRIVATE = re.compile(r"\b(?:staging|intermediate|seeds|raw|raw_db)\.[a-z_]+|\b(?:int|stg_raw_)_[a-z_]+")


def _queries(path: Path) -> str:
    """The SQL of a file: all of it, or the texts of a Python module."""
    text = path.read_text(encoding="utf-8")
    if path.suffix == ".sql":
        return text
    return "\n".join(
        node.value
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    )


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_readers_read_the_public_schema_only(path: Path) -> None:
    assert PRIVATE.findall(_queries(path)) == []


def test_queries_show_titles_as_people_read_them() -> None:
    queries = {path: path.read_text(encoding="utf-8") for path in FILES if path.suffix == ".sql"}
    assert [path.name for path, query in queries.items() if "dim_papers" in query and "papers.title" in query] == []
    assert not [path.name for path, query in queries.items() if re.search(r"select (?:\w+, )*title\b", query)]


def test_table_macros_read_the_public_schema_only() -> None:
    assert PRIVATE.findall(table_macros()) == []
    assert set(re.findall(r"\bmarts\.(\w+)", table_macros())) >= {"fct_upvote_observations", "fct_listings"}


def test_the_check_itself_finds_what_it_is_for() -> None:
    for query in ("from seeds.keyword_aliases", "from intermediate.built_with", "join int_paper_keywords"):
        assert PRIVATE.search(query), query
    assert not PRIVATE.search("select 'printed'.x from marts.dim_papers")
