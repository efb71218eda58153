"""The top level is fixed, and what describes the project agrees with it."""

from __future__ import annotations

import re
import subprocess
import tomllib

import yaml

from tests.conftest import ROOT
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


#: Files that may name Spark besides `warehouse/spark/` and `orchestration/transform/spark*`, and why.
NAMES_SPARK = {
    "dbt_project/dbt_project.yml",  # the format of its tables
    "dbt_project/macros/dialect.sql",  # what differs by engine in SQL
    "dbt_project/profiles.yml",  # its connection
    "orchestration/compat/dbt_spark.py",  # private parts of its adapter
    "warehouse/settings.py",  # the value of PAPERS_ENGINE
}


def test_spark_is_named_behind_its_door_only() -> None:
    packages = ("dbt_project", "orchestration", "sources", "warehouse")
    behind = (":!warehouse/spark", ":!orchestration/transform/spark*")
    data = (":!*.csv", ":!*.json", ":!warehouse/sample")
    found = subprocess.run(
        ["git", "grep", "--untracked", "-iIP", r"\b(py)?spark(?!line)|iceberg", "--", *packages, *behind, *data],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    lines = [line.split(":")[0] for line in found.stdout.splitlines()]
    assert set(lines) == NAMES_SPARK
    assert lines.count("warehouse/settings.py") == 1


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


def test_few_runs_of_the_tests_are_processes_of_their_own() -> None:
    """The demo, a run, a kill, and each command with warnings as errors import everything as a user does; all others
    fork (tests/warm_process.py)."""
    calls = re.compile(r"(?<!self)\.(?:in|start)_subprocess\(")
    files = (ROOT / "tests").rglob("*.py")
    found = {path.relative_to(ROOT).as_posix(): len(calls.findall(path.read_text())) for path in files}
    assert {name: count for name, count in found.items() if count} == {
        "tests/conftest.py": 1,
        "tests/pipeline/test_run.py": 2,
        "tests/slow/test_warnings.py": 1,
    }
