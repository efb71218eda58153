"""Names of dbt's Jinja that sqlfluff lacks (`library_path` in pyproject.toml), as DuckDB has them. Not read by dbt."""

from types import SimpleNamespace

from jinja2 import pass_context


@pass_context
def _dispatch(context, macro):
    """The macro's DuckDB variant, else a call that parses as SQL."""
    return context.resolve_or_missing(f"duckdb__{macro}") or context.resolve_or_missing(f"default__{macro}")


def _type(name):
    return lambda *_: name


adapter = SimpleNamespace(dispatch=_dispatch, get_relation=lambda *_: None)
dbt = SimpleNamespace(
    type_bigint=_type("bigint"),
    type_int=_type("integer"),
    type_string=_type("varchar"),
    type_float=_type("double"),
    type_timestamp=_type("timestamp"),
    dateadd=lambda part, interval, moment: f"{moment} + {interval} * interval '1 {part}'",
    datediff=lambda first, second, part: f"date_diff('{part}', {first}, {second})",
    listagg=lambda measure, delimiter, order="": f"string_agg({measure}, {delimiter} {order})",
)
target = SimpleNamespace(type="duckdb", database="next", schema="staging")
execute = False


def var(name, default=None):
    """Variables of dbt_project.yml are lists of rules that macros turn into nested calls; none are applied here."""
    return []
