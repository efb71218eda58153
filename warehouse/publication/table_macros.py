"""The table macros of the published file, as DuckDB's SQL, rendered from the models' own macros without dbt.

dbt makes them in the files that it builds. A file whose tables come from another engine gets them from here; a test
holds the two to the same definitions.
"""

from __future__ import annotations

import re
import uuid
from typing import Any

import jinja2

from warehouse.settings import DBT_PROJECT

_MACROS = DBT_PROJECT / "macros"
#: Tables of ``marts`` that the macros read.
TABLES_READ = ("fct_upvote_observations", "fct_listings", "rpt_paper_trends")


def table_macros() -> str:
    """The statements that make the table macros of one file, which get an id of their own."""
    return re.sub(r"\n{2,}", "\n", str(models_macros().table_macros(uuid.uuid4())))


def models_macros(**variables: Any) -> Any:
    """The models' own macros, each a method that renders DuckDB's SQL. ``variables`` are those of dbt_project.yml."""
    source = "\n".join(path.read_text(encoding="utf-8") for path in sorted(_MACROS.glob("*.sql")))
    templates = jinja2.Environment(extensions=["jinja2.ext.do"], undefined=jinja2.StrictUndefined)
    adapter = _Adapter()
    given = {"adapter": adapter, "dbt": _Dbt(), "return": lambda text: text, "var": variables.__getitem__}
    adapter.module = templates.from_string(source, given).module
    return adapter.module


class _Adapter:
    """dbt's ``adapter`` as far as the macros use it: DuckDB's variant of a macro, else the default one."""

    module: Any = None

    def dispatch(self, name: str) -> Any:
        return getattr(self.module, f"duckdb__{name}", None) or getattr(self.module, f"default__{name}")


class _Dbt:
    """dbt's own macros that differ by engine, as dbt-duckdb has them."""

    def type_bigint(self) -> str:
        return "bigint"

    def type_int(self) -> str:
        return "integer"

    def type_string(self) -> str:
        return "varchar"

    def datediff(self, first: str, second: str, part: str) -> str:
        return f"date_diff('{part}', {first}::timestamp, {second}::timestamp)"
