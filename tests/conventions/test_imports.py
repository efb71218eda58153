"""Who may import whom: the source knows no engine, the warehouse no orchestrator, nothing heavy loads early."""

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


def _modules(package: str) -> list[Path]:
    return sorted((ROOT / package).rglob("*.py"))


def _imported(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name.split(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.module.split(".")[0]


@pytest.mark.parametrize("package", FORBIDDEN)
def test_a_package_imports_only_what_it_may(package: str) -> None:
    found = {(path.name, name) for path in _modules(package) for name in _imported(path) if name in FORBIDDEN[package]}
    assert found == set()


@pytest.mark.parametrize("package", ["sources", "warehouse", "orchestration"])
def test_every_module_has_a_docstring(package: str) -> None:
    assert [str(path) for path in _modules(package) if not ast.get_docstring(ast.parse(path.read_text()))] == []


def test_the_command_answers_help_without_loading_the_orchestrator() -> None:
    code = (
        "import sys, orchestration.commands.cli; "
        "print(sorted({'dagster', 'dbt', 'great_expectations', 'polars', 'duckdb'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, check=True)
    assert done.stdout.strip() == "[]"


def test_great_expectations_is_imported_in_functions_only() -> None:
    for path in _modules("orchestration"):
        for node in ast.parse(path.read_text(encoding="utf-8")).body:
            if isinstance(node, ast.Import | ast.ImportFrom):
                names = [a.name for a in node.names] if isinstance(node, ast.Import) else [node.module or ""]
                assert not any(name.startswith("great_expectations") for name in names), path
