"""Write docs/data-dictionary.md from the contracts of the marts: `make dictionary`. A test compares both."""

from __future__ import annotations

from typing import Any

from warehouse.report.definitions import read_contracts
from warehouse.settings import PROJECT_ROOT

DICTIONARY = PROJECT_ROOT / "docs" / "data-dictionary.md"
_HEAD = """# Data dictionary

Written by `make dictionary` from the contracts in `dbt_project/models/marts/`, which dbt enforces in every run: edit
those. All tables are in schema `marts` of `papers.duckdb` and, as Parquet, in `exports/`. Times are UTC without a zone.
A missing value is null and never 0; where a reason can be given, it is in the column that the description names.

Two table macros are as of an earlier moment: `from marts.upvotes_as_of(timestamp '2026-09-15 20:00')` has the last
observation of each paper up to then, `from marts.trends_as_of(…)` the columns of `rpt_paper_trends` as they were then
([trends.md](trends.md)). A third one searches: `from marts.search('prompt tuning')` ([query.md](query.md#search)).
They read the database in use: if the file is attached under a name, run `use NAME` first, else they fail.
"""


def dictionary() -> str:
    """The page as Markdown."""
    tables = read_contracts()
    names = ", ".join(f"[`{table['name']}`](#{table['name']})" for table in tables)
    return "\n".join([_HEAD, f"{len(tables)} tables: {names}.", *(_table(table) for table in tables)])


def _table(table: dict[str, Any]) -> str:
    key = ", ".join(f"`{column}`" for column in _key(table))
    lines = [f"\n## {table['name']}\n", _line(table["description"]), ""]
    lines += [f"Key: {key}.\n"] if key else []
    lines += ["| column | type | meaning |", "|---|---|---|"]
    lines += [
        f"| `{column['name']}` | {column['data_type']} | {_line(column['description']).replace('|', chr(92) + '|')} |"
        for column in table["columns"]
    ]
    return "\n".join(lines)


def _key(table: dict[str, Any]) -> list[str]:
    for test in table.get("data_tests", []):
        if isinstance(test, dict) and "primary_key" in test:
            return list(test["primary_key"]["arguments"]["columns"])
    return []


def _line(text: str) -> str:
    return " ".join(text.split())


if __name__ == "__main__":
    DICTIONARY.write_text(dictionary() + "\n", encoding="utf-8")
