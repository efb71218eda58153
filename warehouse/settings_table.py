"""Writes the tables of settings in ``docs/`` from the fields of ``settings.py``: `make dictionary`. A test compares."""

from __future__ import annotations

import dataclasses
from pathlib import Path

from warehouse.settings import PROJECT_ROOT, Settings, Smtp
from warehouse.variables import Variable, variables

_START = "<!-- Settings: written by `make dictionary` from warehouse/settings.py -->\n"
_END = "<!-- End of the settings -->\n"
#: Settings of the page about a cluster.
_CLUSTER_FIELDS = ("engine", "export_duckdb", "landing_root", "dagster_config", "handover_root")
#: Page → the variables of its table.
_PAGES = {
    "operations.md": variables(Settings),
    "digest.md": variables(Smtp),
    "scale-out.md": tuple(one for one in variables(Settings) if one.field in _CLUSTER_FIELDS),
}


def main() -> None:
    """Write the table of each page between its two comments."""
    for path, text in pages().items():
        path.write_text(text, encoding="utf-8")


def pages() -> dict[Path, str]:
    """Each page with its table as it should be."""
    found = {}
    for name, shown in _PAGES.items():
        path = PROJECT_ROOT / "docs" / name
        before, rest = path.read_text(encoding="utf-8").split(_START)
        after = rest.split(_END)[1]
        found[path] = f"{before}{_START}{settings_table(shown)}{_END}{after}"
    return found


def settings_table(shown: tuple[Variable, ...]) -> str:
    """Settings as a table in Markdown."""
    rows = [f"| `{one.name}` | {one.meta.description} | {one.allowed} | {_default(one)} |" for one in shown]
    return "\n".join(["| variable | meaning | allowed | default |", "|---|---|---|---|", *rows, ""])


def _default(variable: Variable) -> str:
    described = str((variable.meta.extra or {})["default"])
    value = variable.default
    if described or value in (None, (), "", dataclasses.MISSING):
        return described or "none"
    if isinstance(value, bool):
        return "`yes`" if value else "`no`"
    if isinstance(value, str):
        return f"`{value}`"
    return f"{value:g}" if isinstance(value, float) else str(value)


if __name__ == "__main__":
    main()
