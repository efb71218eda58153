"""The macros of dialect.sql give the same values on both engines, whatever the letters."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import duckdb
import jinja2
import pytest

from warehouse.settings import PROJECT_ROOT

DIALECT = PROJECT_ROOT / "dbt_project" / "macros" / "dialect.sql"
#: Characters that both engines' tables of Unicode know (Java 17's are of version 13, Python's newer); of the many
#: letters without case only the first.
KNOWN = [
    chr(code)
    for code in range(1, 0x20000)
    if unicodedata.ucd_3_2_0.category(chr(code)) not in ("Cn", "Cs", "Co")
    and (code < 0x3400 or unicodedata.category(chr(code)) != "Lo")
]
TEXTS = [
    *(text for c in KNOWN for text in (f"A{c}b", f"{c} x{c}", f"lab{c}")),
    *(
        "",
        " ",
        "ΟΔΥΣΣΕΥΣ ΣΑΣ",
        "İSTANBUL",
        "École Normale",
        "the École",
        "Univ of X",
        "大学 lab大学",
        "lab_s lab-s labs",
    ),
    *(
        "a\u00a0 \u3000b \t",
        "line\nof lab\n",
        "\u2028lab\u2028",
        "tab\there",
        "x\x0by",
        "\x1fz\x7f",
        'quo"te \\ back/slash',
    ),
]
EXPRESSIONS: dict[str, tuple[str, tuple[Any, ...]]] = {
    "single spaces": ("normalize_space", ("t",)),
    "no accents": ("without_accents", ("t",)),
    "lower case": ("lower_case", ("t",)),
    "a word replaced": ("replace_all", ("t", r"\b(lab|the|of)\b", "<$1>")),
    "what is no letter or digit": ("replace_all", ("t", r"[^\p{L}\p{N}]+", " ")),
    "lower case meets upper": ("replace_all", ("t", "([a-z])([A-Z])", "$1 $2")),
    "any character before the end": ("has_match", ("t", "^.*b$")),
    "a word found": ("has_match", ("t", r"\b(école|lab)\b")),
    "bytes that differ": ("edit_distance", ("t", "'lab é'")),
    "JSON": ("json_object_text", ({"text": "t", "none": "nullif(t, t)", "number": "length(t)"},)),
    "a hash": ("short_hash", ("t",)),
    "each word": ("each_word", ("t", "concat(word, '/', length(word))")),
}


@pytest.fixture(scope="module")
def macro() -> Callable[[str, str], Callable[..., str]]:
    """``macro(engine, name)``: a macro of dialect.sql as dbt would dispatch it."""
    environment = jinja2.Environment(extensions=["jinja2.ext.do"])
    module = environment.from_string(DIALECT.read_text(encoding="utf-8")).make_module({"return": lambda value: value})
    return lambda engine, name: getattr(module, f"{engine}__{name}", None) or getattr(module, name)


@pytest.fixture(scope="module")
def on_duckdb() -> Iterator[duckdb.DuckDBPyConnection]:
    import polars as pl

    with duckdb.connect() as connection:
        frame = pl.DataFrame({"n": range(len(TEXTS)), "t": TEXTS}).to_arrow()  # noqa: F841 (read by name)
        connection.execute("create table texts as select * from frame")
        yield connection


@pytest.fixture(scope="module")
def on_spark(on_duckdb: duckdb.DuckDBPyConnection, session: Any, tmp_path_factory: pytest.TempPathFactory) -> Any:
    file: Path = tmp_path_factory.mktemp("texts") / "texts.parquet"
    on_duckdb.execute(f"copy texts to '{file}'")
    session.read.parquet(str(file)).createOrReplaceTempView("texts")
    return session


@pytest.mark.parametrize("what", EXPRESSIONS)
def test_macro_gives_the_same_on_both_engines(
    what: str,
    macro: Callable[[str, str], Callable[..., str]],
    on_duckdb: duckdb.DuckDBPyConnection,
    on_spark: Any,
) -> None:
    name, arguments = EXPRESSIONS[what]
    query = "select n, {} as value from texts order by n asc nulls last"
    expected = on_duckdb.execute(query.format(macro("duckdb", name)(*arguments))).fetchall()
    found = [tuple(row) for row in on_spark.sql(query.format(macro("spark", name)(*arguments))).collect()]
    assert len(found) == len(TEXTS)
    unlike = [
        (TEXTS[n], ours, theirs) for (n, ours), (_, theirs) in zip(found, expected, strict=True) if ours != theirs
    ]
    assert unlike == []
