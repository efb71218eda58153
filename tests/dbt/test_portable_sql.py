"""Models are written in SQL that DuckDB and Spark both speak; what differs lives in macros/dialect.sql."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from warehouse.settings import PROJECT_ROOT

PROJECT = PROJECT_ROOT / "dbt_project"
FILES = sorted(
    path
    for folder in ("models", "macros", "tests")
    for path in (PROJECT / folder).rglob("*.sql")
    if path.name != "dialect.sql"
)

FORBIDDEN = {
    "QUALIFY": r"\bqualify\b",
    "a :: cast": r"::",
    "EXCLUDE": r"\bexclude\b",
    "GROUP BY ALL": r"\bgroup\s+by\s+all\b",
    "ORDER BY ALL": r"\border\s+by\s+all\b",
    "DISTINCT ON": r"\bdistinct\s+on\b",
    "a recursive CTE": r"\bwith\s+recursive\b",
    "FROM first": r"\A\s*from\b",
    "a function of one engine (use or add a macro of dialect.sql)": (
        r"\b(unnest|generate_series|generate_subscripts|explode|posexplode|epoch|epoch_us|epoch_ms|strftime|date_diff"
        r"|date_trunc|regexp_replace|regexp_extract|json_object|json_extract|json_extract_string|median|quantile_cont"
        r"|quantile|string_agg|list|list_\w+|array_\w+|arg_max|arg_min|interval)\s*[('\[]"
    ),
}


def _without_comments(text: str) -> str:
    text = re.sub(r"\{#.*?#\}", " ", text, flags=re.DOTALL)
    return re.sub(r"--(?!\s*\}).*", " ", text)


def _without_jinja(text: str) -> str:
    return re.sub(r"\{\{.*?\}\}|\{%.*?%\}", " ", text, flags=re.DOTALL)


def _windows(text: str) -> Iterator[str]:
    """What stands between the parentheses of each OVER ( … )."""
    for match in re.finditer(r"\bover\s*\(", text, flags=re.IGNORECASE):
        depth, end = 1, match.end()
        while depth and end < len(text):
            depth += {"(": 1, ")": -1}.get(text[end], 0)
            end += 1
        yield text[match.end() : end - 1]


def _order_terms(window: str) -> list[str]:
    """The terms of a window's ORDER BY, split at the commas outside parentheses."""
    found = re.search(r"\border\s+by\b(.*?)(?:\b(?:rows|range)\s+between\b|\Z)", window, re.IGNORECASE | re.DOTALL)
    if not found:
        return []
    terms, depth, start, text = [], 0, 0, found.group(1)
    for index, character in enumerate(text):
        depth += {"(": 1, ")": -1}.get(character, 0)
        if character == "," and depth == 0:
            terms.append(text[start:index])
            start = index + 1
    return [" ".join(term.split()) for term in [*terms, text[start:]]]


def _ids(path: Path) -> str:
    return str(path.relative_to(PROJECT))


@pytest.mark.parametrize("path", FILES, ids=_ids)
def test_sql_keeps_to_what_both_engines_speak(path: Path) -> None:
    text = _without_comments(path.read_text(encoding="utf-8"))
    found = [what for what, pattern in FORBIDDEN.items() if re.search(pattern, text, flags=re.IGNORECASE)]
    assert found == []


@pytest.mark.parametrize("path", FILES, ids=_ids)
def test_names_are_not_double_quoted(path: Path) -> None:
    assert '"' not in _without_jinja(_without_comments(path.read_text(encoding="utf-8")))


@pytest.mark.parametrize("path", FILES, ids=_ids)
def test_windows_say_where_nulls_go(path: Path) -> None:
    text = _without_comments(path.read_text(encoding="utf-8"))
    silent = [
        term
        for window in _windows(text)
        for term in _order_terms(window)
        if not re.search(r"\bnulls\s+(first|last)$", term, flags=re.IGNORECASE)
    ]
    assert silent == []


def test_the_checks_themselves_see_what_they_are_for() -> None:
    window = "row_number() over (partition by a order by coalesce(b, c) desc nulls last, d asc) as n"
    assert [_order_terms(w) for w in _windows(window)] == [["coalesce(b, c) desc nulls last", "d asc"]]
    assert _without_comments("select a -- the :: cast\n{# qualify #}").strip() == "select a"
    assert re.search(FORBIDDEN["a :: cast"], "select a::date")
    assert not re.search(FORBIDDEN["EXCLUDE"], "excluded")
