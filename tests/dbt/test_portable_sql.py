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
    if path.name != "dialect.sql" and "search" not in path.name  # table macros, and what only they read, are DuckDB's
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
    "a join of one engine": r"\b(asof|positional|semi|anti)\s+join\b",
    "BY NAME": r"\bunion\s+(all\s+)?by\s+name\b",
    "PIVOT": r"\b(un)?pivot\b",
    "a star that replaces or COLUMNS": r"\*\s*(replace|rename)\b|\bcolumns\s*\(\s*['*]",
    "// for whole division": r"[\w)]\s*//",
    "a bracket of DuckDB's lists and structs": r"[\w)]\[|\[\s*\]|\{\s*'\w+'\s*:(?![^}]*\}\))",
    "VARCHAR, which Spark wants a length of (use dbt.type_string())": r"\bas\s+varchar\b",
    "a function of one engine (use or add a macro of dialect.sql)": (
        r"\b(unnest|generate_series|generate_subscripts|explode|posexplode|epoch|epoch_us|epoch_ms|strftime|date_diff"
        r"|date_trunc|regexp_replace|regexp_extract|json_object|json_extract|json_extract_string|median|quantile_cont"
        r"|quantile|string_agg|list|list_\w+|array_\w+|arg_max|arg_min|string_split|str_split|flatten"
        r"|hash|xxhash64|bit_xor|bit_count|isodow|weekday|dayofweek|regexp_matches|to_json|strip_accents|len)\s*\("
        r"|\binterval\s*['(]|\blist\s*\["
    ),
    "a function that the engines have differently (use a macro of dialect.sql)": (
        r"(?<!_)\b(lower|upper|initcap|levenshtein|editdist3|unicode|ascii|chr|reverse)\s*\("
    ),
}


def _without_comments(text: str) -> str:
    text = re.sub(r"\{#.*?#\}", " ", text, flags=re.DOTALL)
    return re.sub(r"--(?!\s*\}).*", " ", text)


def _without_jinja(text: str) -> str:
    return re.sub(r"\{\{.*?\}\}|\{%.*?%\}", " ", text, flags=re.DOTALL)


def _orders(text: str) -> Iterator[str]:
    """What each ORDER BY orders by: of windows, of aggregates, of queries. A text of its own is a macro's affair."""
    for match in re.finditer(r"(?<!['\"])\border\s+by\b", text, flags=re.IGNORECASE):
        depth, end = 0, match.end()
        while end < len(text) and depth >= 0:
            depth += {"(": 1, ")": -1}.get(text[end], 0)
            end += 1
        found = text[match.end() : end - (depth < 0)]
        yield re.split(r"\b(?:rows|range)\s+between\b|\blimit\b|\{%", found, flags=re.IGNORECASE)[0]


def _order_terms(order: str) -> list[str]:
    """The terms of an ORDER BY, split at the commas outside parentheses."""
    terms, depth, start = [], 0, 0
    for index, character in enumerate(order):
        depth += {"(": 1, ")": -1}.get(character, 0)
        if character == "," and depth == 0:
            terms.append(order[start:index])
            start = index + 1
    return [" ".join(term.split()) for term in [*terms, order[start:]]]


def _ids(path: Path) -> str:
    return str(path.relative_to(PROJECT))


@pytest.mark.parametrize("path", FILES, ids=_ids)
def test_sql_keeps_to_what_both_engines_speak(path: Path) -> None:
    text = _without_comments(path.read_text(encoding="utf-8"))
    bare = _without_jinja(text)
    found = [
        what
        for what, pattern in FORBIDDEN.items()
        if re.search(pattern, bare if "bracket" in what else text, flags=re.IGNORECASE)
    ]
    assert found == []


@pytest.mark.parametrize("path", FILES, ids=_ids)
def test_names_are_not_double_quoted(path: Path) -> None:
    assert '"' not in _without_jinja(_without_comments(path.read_text(encoding="utf-8")))


@pytest.mark.parametrize("path", FILES, ids=_ids)
def test_every_order_says_where_nulls_go(path: Path) -> None:
    text = _without_comments(path.read_text(encoding="utf-8"))
    silent = [
        term
        for order in _orders(text)
        for term in _order_terms(order)
        if not re.search(r"\bnulls\s+(first|last)$", term, flags=re.IGNORECASE)
    ]
    assert silent == []


def test_the_checks_themselves_see_what_they_are_for() -> None:
    window = "row_number() over (partition by a order by coalesce(b, c) desc nulls last, d asc) as n"
    assert [_order_terms(o) for o in _orders(window)] == [["coalesce(b, c) desc nulls last", "d asc"]]
    assert [_order_terms(o) for o in _orders("select a from b order by a, lower(c)\n")] == [["a", "lower(c)"]]
    assert _without_comments("select a -- the :: cast\n{# qualify #}").strip() == "select a"
    assert re.search(FORBIDDEN["a :: cast"], "select a::date")
    assert not re.search(FORBIDDEN["EXCLUDE"], "excluded")
    examples = {
        "select a.b[1]": "a bracket of DuckDB's lists and structs",
        "select a // b": "// for whole division",
        "from a semi join b": "a join of one engine",
        "select cast(a as varchar)": "VARCHAR, which Spark wants a length of (use dbt.type_string())",
        "select lower(a)": "a function that the engines have differently (use a macro of dialect.sql)",
    }
    for text, what in examples.items():
        assert re.search(FORBIDDEN[what], text), what
