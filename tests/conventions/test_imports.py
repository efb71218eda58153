"""Which module may import which: packages, floors, no circles, and nothing heavy when a command starts."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import ROOT

FORBIDDEN = {
    "sources": {"dagster", "dagster_dbt", "duckdb", "polars", "pandas", "dbt", "warehouse", "orchestration"},
    "warehouse": {"dagster", "dagster_dbt", "dbt", "great_expectations", "orchestration"},
}

#: Modules and packages from top to bottom. One imports its own floor and those below it. Imports in functions and for
#: type checking count too.
FLOORS = (
    {"orchestration.commands"},
    {"orchestration.runs"},
    {f"orchestration.{noun}" for noun in ("definitions", "resources", "schedules", "sensors")},
    {"orchestration.assets"},
    {"orchestration.pipeline"},
    {"orchestration.outcome"},
    {"orchestration.transform"},  # its engines compute the violations that the mart gate's rules name
    {"orchestration.gates"},
    {"orchestration.alerts", "orchestration.history", "orchestration.partitions"},
    {"orchestration.compat"},
    {"orchestration.worker", "orchestration.loopback"},
    {"warehouse.report", "warehouse.digest", "warehouse.search"},
    {"warehouse.spark"},
    {"warehouse.publication"},
    {"warehouse.raw", "warehouse.backup"},
    {"warehouse.landing"},
    {"warehouse.resolution"},
    {
        *("warehouse.clock", "warehouse.database", "warehouse.disk", "warehouse.display", "warehouse.errors"),
        *("warehouse.files", "warehouse.home", "warehouse.keys", "warehouse.lock", "warehouse.processes"),
        *("warehouse.sample", "warehouse.settings", "warehouse.settings_table", "warehouse.user"),
        "warehouse.variables",
    },
    {"sources"},
)


def modules_of(package: str) -> list[Path]:
    """The files of a package, without what runs write to ``warehouse/data``: dbt compiles Python models there."""
    return sorted(
        path for path in (ROOT / package).rglob("*.py") if not path.is_relative_to(ROOT / "warehouse" / "data")
    )


def _graph() -> dict[str, set[str]]:
    """Module of the project → modules of the project that it imports, wherever in its text."""
    files = {
        ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__"): path
        for package in ("sources", "warehouse", "orchestration")
        for path in modules_of(package)
    }
    graph: dict[str, set[str]] = {}
    for name, path in files.items():
        imported: set[str] = set()
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                imported |= {alias.name for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                inner = {f"{node.module}.{alias.name}" for alias in node.names}
                imported |= inner & files.keys() or {node.module}
        graph[name] = (imported & files.keys()) - {name}
    return graph


def _floor(module: str) -> int:
    (floor,) = (
        number
        for number, floor in enumerate(FLOORS)
        if any(module == name or module.startswith(f"{name}.") for name in floor)
    )
    return floor


def _circles(graph: dict[str, set[str]]) -> set[frozenset[str]]:
    """Sets of modules that import each other, directly or by way of others."""
    reached = {module: set(imported) for module, imported in graph.items()}
    for through in graph:
        for targets in reached.values():
            if through in targets:
                targets |= reached[through]
    circles = {frozenset(other for other in reached[module] if module in reached[other]) for module in graph}
    return circles - {frozenset()}


def test_no_modules_import_each_other() -> None:
    assert _circles({"a": {"b"}, "b": {"c"}, "c": {"b"}, "d": {"a"}}) == {frozenset("bc")}
    assert _circles(_graph()) == set()


def test_a_module_imports_its_own_floor_and_those_below() -> None:
    packages = {"orchestration", "warehouse", "sources"}
    upward = {
        (module, imported)
        for module, all_imported in _graph().items()
        for imported in all_imported
        if module not in packages and imported not in packages and _floor(imported) < _floor(module)
    }
    assert upward == set()


def _imported(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name.split(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.module.split(".")[0]


@pytest.mark.parametrize("package", FORBIDDEN)
def test_a_package_imports_only_what_it_may(package: str) -> None:
    found = {
        (path.name, name) for path in modules_of(package) for name in _imported(path) if name in FORBIDDEN[package]
    }
    assert found == set()


@pytest.mark.parametrize("package", ["sources", "warehouse", "orchestration"])
def test_every_module_has_a_docstring(package: str) -> None:
    assert [str(path) for path in modules_of(package) if not ast.get_docstring(ast.parse(path.read_text()))] == []


def test_the_command_answers_help_without_loading_the_orchestrator() -> None:
    code = (
        "import sys, orchestration.commands.cli; "
        "print(sorted({'dagster', 'dbt', 'great_expectations', 'polars', 'duckdb'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, check=True)
    assert done.stdout.strip() == "[]"


def test_great_expectations_is_imported_in_functions_only() -> None:
    for path in modules_of("orchestration"):
        for node in ast.parse(path.read_text(encoding="utf-8")).body:
            if isinstance(node, ast.Import | ast.ImportFrom):
                names = [a.name for a in node.names] if isinstance(node, ast.Import) else [node.module or ""]
                assert not any(name.startswith("great_expectations") for name in names), path
