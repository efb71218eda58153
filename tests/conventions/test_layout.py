"""The top level is fixed, and what describes the project agrees with it."""

from __future__ import annotations

import re
import subprocess
import tomllib

import yaml

from tests.conftest import ROOT
from tests.conventions.test_imports import modules_of
from warehouse.publication.queries import load_queries


def test_the_top_level_holds_what_it_should() -> None:
    done = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    top = {line.split("/")[0] for line in done.stdout.splitlines()}
    assert top == {
        *(
            ".ci",
            ".gitignore",
            ".pre-commit-config.yaml",
            "CHANGELOG.md",
            "CITATION.cff",
            "LICENSE",
            "Makefile",
            "README.md",
            "docs",
        ),
        *("pyproject.toml", "uv.lock"),
        *("dbt_project", "orchestration", "sources", "tests", "warehouse"),
    }


def test_the_citation_names_this_version() -> None:
    cited = yaml.safe_load((ROOT / "CITATION.cff").read_text())
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert (cited["version"], cited["license"]) == (project["version"], project["license"])


def test_every_dependency_has_a_comment_with_its_purpose() -> None:
    text = (ROOT / "pyproject.toml").read_text()
    block = text.split("dependencies = [", 1)[1].split("\n]", 1)[0]
    first = next(line for line in block.splitlines() if line.strip())
    assert first.strip().startswith("#"), "each group of dependencies is opened by a comment"
    assert len(tomllib.loads(text)["project"]["dependencies"]) > 10


def test_every_make_target_is_explained() -> None:
    text = (ROOT / "Makefile").read_text()
    phony = re.search(r"^\.PHONY: (.*)$", text, re.MULTILINE)
    assert phony
    for target in phony.group(1).split():
        assert re.search(rf"^{target}:.*## \S", text, re.MULTILINE), target


def test_every_analytics_query_has_its_header() -> None:
    for query in load_queries().values():
        assert query.question.endswith("?") and query.grain.startswith("one row per") and query.columns, query.name


def test_three_whole_runs_of_the_tests_are_processes_of_their_own() -> None:
    """The demo, a run and a kill import everything as a user does; all others fork (tests/warm_process.py)."""
    calls = re.compile(r"(?<!self)\.(?:in|start)_subprocess\(")
    files = (ROOT / "tests").rglob("*.py")
    found = {path.relative_to(ROOT).as_posix(): len(calls.findall(path.read_text())) for path in files}
    assert {name: count for name, count in found.items() if count} == {
        "tests/conftest.py": 1,
        "tests/pipeline/test_run.py": 2,
    }


#: Python files outside Spark's own that name it: its setting, and queries of Python models that both engines run.
NAMES_SPARK = {"warehouse/settings.py", "warehouse/resolution/incremental/engine.py"}


def test_a_reader_who_ignores_the_files_of_spark_meets_no_spark() -> None:
    spark = ("orchestration/transform/spark_", "orchestration/compat/dbt_spark.py", "warehouse/spark/")
    found = {
        str(path.relative_to(ROOT))
        for package in ("orchestration", "warehouse", "sources")
        for path in modules_of(package)
        if re.search(r"spark(?!line)", path.read_text(encoding="utf-8"), re.IGNORECASE)
    }
    assert {path for path in found if not path.startswith(spark)} == NAMES_SPARK
