"""No module uses the private parts of a dependency, except the patches in ``orchestration/compat`` and Spark's code.

A patch has a file of its own there, which says why it exists, for which versions, and which test fails first on an
upgrade.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import ROOT
from tests.conventions.test_imports import modules_of

OWN = {"sources", "warehouse", "orchestration", "tests"}
EXEMPT = ("orchestration/compat/", "warehouse/spark/")
#: dbt's public Python interface: programmatic invocations and their result. Its other modules change in any release.
PUBLIC_OF_DBT = ("dbt.cli.main", "dbt.artifacts.")
PRIVATE = re.compile(r"[a-z]\w*(\.\w+)*?\._(?!_)\w+(\.\w+)*")


def product_files() -> list[Path]:
    files = [path for folder in ("sources", "warehouse", "orchestration") for path in modules_of(folder)]
    files += (ROOT / "dbt_project" / "models").rglob("*.py")
    return sorted(path for path in files if not path.relative_to(ROOT).as_posix().startswith(EXEMPT))


def private_uses(code: str) -> Iterator[str]:
    """What some code uses of a dependency that is private: imports, attributes of modules, modules named in texts."""
    tree = ast.parse(code)
    modules: dict[str, str] = {}  # name in the code → module of a dependency
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                if alias.name.split(".")[0] not in OWN:
                    modules[alias.asname or alias.name.split(".")[0]] = alias.name
                    yield from filter(is_private, [alias.name])
        elif isinstance(node, ast.ImportFrom) and node.module and node.module.split(".")[0] not in OWN:
            yield from (name for alias in node.names if is_private(name := f"{node.module}.{alias.name}"))
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and PRIVATE.fullmatch(node.value):
            yield from {node.value} if node.value.split(".")[0] not in OWN else ()
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and is_private_part(node.attr):
            root: ast.expr = node.value
            while isinstance(root, ast.Attribute):
                root = root.value
            if isinstance(root, ast.Name) and root.id in modules:
                yield ast.unparse(node)


def is_private(name: str) -> bool:
    if name.startswith("dbt.") and not name.startswith(PUBLIC_OF_DBT):
        return True
    return any(is_private_part(part) for part in name.split("."))


def is_private_part(part: str) -> bool:
    return part.startswith("_") and not part.startswith("__")


def test_only_the_patches_use_private_parts_of_dependencies() -> None:
    found = {
        (path.relative_to(ROOT).as_posix(), use) for path in product_files() for use in private_uses(path.read_text())
    }
    assert {(path, use) for path, use in found if use != "os._exit"} == set(), "os._exit is public"


def test_the_configuration_of_dagster_names_no_private_module() -> None:
    text = (ROOT / "orchestration" / "dagster.yaml").read_text()
    modules = re.findall(r"module: (\S+)", text)
    assert modules and not [name for name in modules if is_private(name)]


@pytest.mark.parametrize(
    ("code", "use"),
    [
        ("from dagster._core.instance import DagsterInstance", "dagster._core.instance.DagsterInstance"),
        ("def f():\n    import dagster._cli", "dagster._cli"),
        ("import importlib\nimportlib.import_module('dagster._cli.dev')", "dagster._cli.dev"),
        ("import dagster as dg\ndg._core.storage.x()", "dg._core"),
        ("from polars import _plr", "polars._plr"),
        ("from dbt.task.build import BuildTask", "dbt.task.build.BuildTask"),
    ],
)
def test_private_uses_are_found_in_every_form(code: str, use: str) -> None:
    assert use in set(private_uses(code))


def test_each_patch_says_why_for_which_versions_and_which_test_fails_first() -> None:
    for path in (ROOT / "orchestration" / "compat").glob("[!_]*.py"):
        text = ast.get_docstring(ast.parse(path.read_text())) or ""
        for part in ("Why: ", "Without it: ", "Versions: "):
            assert part in text, f"{path.name} lacks {part}"
        tests = re.findall(r"tests/[\w/]+\.py", text)
        assert tests and all((ROOT / test).exists() for test in tests), path.name
