"""Write docs/data-dictionary.md and docs/llms.txt from the contracts of the marts: `make dictionary`. A test compares.

llms.txt also has the text of the agent skill (docs/skills), which is written by hand.
"""

from __future__ import annotations

from typing import Any

from warehouse.publication.contracts import primary_key, read_contracts, references
from warehouse.settings import PROJECT_ROOT

DOCS = PROJECT_ROOT / "docs"
DICTIONARY = DOCS / "data-dictionary.md"
LLMS = DOCS / "llms.txt"
SKILL = DOCS / "skills" / "daily-papers" / "SKILL.md"
_HEAD = """# Data dictionary

Written by `make dictionary` from the contracts in `dbt_project/models/marts/`, which dbt enforces in every run: edit
those. All tables are in schema `marts` of `papers.duckdb` and, as Parquet, in `exports/`. Times are UTC without a zone.
A missing value is null and never 0; where a reason can be given, it is in the column that the description names.

Two table macros are as of an earlier moment: `from marts.upvotes_as_of(timestamp '2026-09-15 20:00')` has the last
observation of each paper up to then, `from marts.trends_as_of(…)` the columns of `rpt_paper_trends` as they were then
([trends.md](trends.md)). A third one searches: `from marts.search('prompt tuning')` ([query.md](query.md#search)).
They read the database in use: if the file is attached under a name, run `use NAME` first, else they fail.
`marts.folded(name)` is a name as search and `papers explain` compare it: lower case, without accents, `ø` as `o`.
"""
_LLMS_HEAD = """# Daily Papers Warehouse

> The history that Hugging Face Daily Papers does not keep, as one DuckDB file, `papers.duckdb`: papers, every
> observation of their upvotes, resolved authors and organizations, trends with their formulas.

- [Data dictionary](data-dictionary.md): every public table and column with type, unit and the meaning of null
- [Queries](query.md): search, related papers, Python, BI tools, an MCP server
- [Trends](trends.md): the formula and source of each metric
- [Resolution](resolution.md): how authors and organizations are resolved, and how well
- [Releases](release.md): a dated folder of the tables to download or to upload

## Tables
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


def llms_text() -> str:
    """docs/llms.txt (https://llmstxt.org): where to read more, the tables, and the text of the agent skill."""
    tables = [f"- `{table['name']}`: {_line(table['description'])}" for table in read_contracts()]
    _, _, skill = SKILL.read_text(encoding="utf-8").split("---\n", 2)
    return "\n".join([_LLMS_HEAD, *tables, "", skill.strip().replace("# Daily Papers in SQL", "## In SQL", 1)])


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
    LLMS.write_text(llms_text() + "\n", encoding="utf-8")
