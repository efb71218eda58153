"""Write docs/data-dictionary.md from the contracts of the marts: `make dictionary`. A test compares both."""

from __future__ import annotations

from typing import Any

from warehouse.publication.contracts import primary_key, read_contracts, references
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
_DIAGRAM_HEAD = """
The diagram has the columns of keys (PK) and those that refer to a dimension (FK), by their names. A dimension need not
have what `ops_loads` and `dim_keyword_aliases` refer to.
"""


def dictionary() -> str:
    """The page as Markdown."""
    tables = read_contracts()
    names = ", ".join(f"[`{table['name']}`](#{table['name']})" for table in tables)
    listed = f"{len(tables)} tables: {names}."
    return "\n".join([_HEAD, listed, _DIAGRAM_HEAD, _diagram(tables), *(_table(table) for table in tables)])


def _diagram(tables: list[dict[str, Any]]) -> str:
    """A Mermaid diagram: the columns of each table that are of its key or refer to a dimension, and the references."""
    edges = references(tables)
    keys = {table["name"]: primary_key(table) for table in tables}
    lines = ["```mermaid", "erDiagram"]
    for table in tables:
        foreign = [column for name, column, _ in edges if name == table["name"]]
        lines.append(f"    {table['name']} {{")
        for column in table["columns"]:
            marks = [mark for mark, of in (("PK", keys[table["name"]]), ("FK", foreign)) if column["name"] in of]
            if marks:
                lines.append(f"        {column['data_type']} {column['name']} {', '.join(marks)}")
        lines.append("    }")
    for name, column, dimension in edges:
        many = "o|" if keys[name] == [column] else "o{"
        lines.append(f"    {dimension} |o--{many} {name} : {column}")
    return "\n".join([*lines, "```"])


def _table(table: dict[str, Any]) -> str:
    key = ", ".join(f"`{column}`" for column in primary_key(table))
    lines = [f"\n## {table['name']}\n", _line(table["description"]), ""]
    lines += [f"Key: {key}.\n"] if key else []
    lines += ["| column | type | meaning |", "|---|---|---|"]
    lines += [
        f"| `{column['name']}` | {column['data_type']} | {_line(column['description']).replace('|', chr(92) + '|')} |"
        for column in table["columns"]
    ]
    return "\n".join(lines)


def _line(text: str) -> str:
    return " ".join(text.split())


if __name__ == "__main__":
    DICTIONARY.write_text(dictionary() + "\n", encoding="utf-8")
