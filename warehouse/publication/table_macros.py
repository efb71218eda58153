"""The table macros of the published file, as DuckDB's SQL, rendered from the dbt project without dbt.

dbt creates them in the files that it builds. A file whose tables come from another engine gets them from here; a test
compares the two.
"""

from __future__ import annotations

import re
import uuid
from functools import cache
from typing import Any

import jinja2

from warehouse.settings import DBT_PROJECT

#: Tables of ``marts`` that the macros read.
TABLES_READ = ("fct_upvote_observations", "fct_listings", "rpt_paper_trends")


def table_macros() -> str:
    """The statements that create the table macros of one file, with a new file id."""
    return re.sub(r"\n{2,}", "\n", str(models_macros().table_macros(uuid.uuid4())))


def models_macros(*files: str, **variables: Any) -> Any:
    """The dbt project's macros, each a method that renders DuckDB's SQL. ``variables`` are those of dbt_project.yml.

    ``files`` names some of the macros' files: compiling all of them takes 0.2 s (2026-11).
    """
    macros = [path for path in sorted((DBT_PROJECT / "macros").glob("*.sql")) if not files or path.stem in files]
    models = {path.stem: path.read_text("utf-8") for path in (DBT_PROJECT / "models").rglob("*.sql")}
    templates = jinja2.Environment(extensions=["jinja2.ext.do"], undefined=jinja2.StrictUndefined)
    adapter = _Adapter()
    context: dict[str, Any] = {
        "adapter": adapter,
        "dbt": _Dbt(),
        "return": lambda text: text,
        "var": variables.__getitem__,
        "graph": {"nodes": {f"model.daily_papers.{name}": {"raw_code": code} for name, code in models.items()}},
        "render": lambda code: templates.from_string(code).render(context | vars(adapter.module)),
    }
    adapter.module = templates.from_string("\n".join(path.read_text("utf-8") for path in macros), context).module
    return adapter.module


@cache
def search_macros() -> Any:
    """The macros of words and terms (``search.sql``), with the variables of dbt_project.yml."""
    import yaml  # only here: the macros of a file need none of them

    project = (DBT_PROJECT / "dbt_project.yml").read_text("utf-8")
    return models_macros("dialect", "search", **yaml.safe_load(project)["vars"])


@cache
def singular_word() -> str:
    """SQL of the variable ``word``, lower case, in the singular as keywords are folded (``keywords.sql``)."""
    return str(models_macros("dialect", "keywords").singular_word("word"))


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
