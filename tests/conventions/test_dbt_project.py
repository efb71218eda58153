"""The dbt project keeps the habits of dbt-project-evaluator, checked on its files: no dbt process is started."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.conftest import ROOT
from tests.conventions.test_public_schema import _queries
from warehouse.raw.schema import TABLES

PROJECT = ROOT / "dbt_project"
MODELS = PROJECT / "models"
#: Exposure → what reads the public tables for it. Exports write every public table.
READERS = {
    "report": ("report", "publication/risers.py"),
    "feeds": ("digest", "publication/risers.py"),
    "digest": ("digest", "publication/risers.py"),
    "analytics_queries": ("publication/queries",),
}


def _read(path: Path) -> dict[str, Any]:
    return dict(yaml.safe_load(path.read_text(encoding="utf-8")))


def _described(kind: str, folder: Path = MODELS) -> Iterator[tuple[Path, dict[str, Any]]]:
    """File and properties of each model, source, seed or exposure."""
    for path in sorted(folder.rglob("*.yml")):
        for properties in _read(path).get(kind, []):
            yield path, properties


PROPERTIES = {model["name"]: (path, model) for path, model in _described("models")}
MODEL_FILES = sorted(path for path in MODELS.rglob("*") if path.suffix in (".sql", ".py"))
PUBLIC = {name for name, (path, _) in PROPERTIES.items() if path.is_relative_to(MODELS / "marts")}


def _tests_of(properties: dict[str, Any]) -> list[str]:
    tests = [*properties.get("data_tests", [])]
    tests += [test for column in properties.get("columns", []) for test in column.get("data_tests", [])]
    return [test if isinstance(test, str) else next(iter(test)) for test in tests]


@pytest.mark.parametrize("path", MODEL_FILES, ids=lambda path: path.stem)
def test_every_model_is_described_in_the_yaml_of_its_subject(path: Path) -> None:
    described, model = PROPERTIES[path.stem]
    assert described == path.with_name(f"_{path.parent.name}.yml")
    assert path.parent.parent.parent == MODELS, "models/<layer>/<subject>/<model>"
    assert model["description"].startswith("One row per ")
    assert model["columns"] and all(column["description"] for column in model["columns"])
    assert _tests_of(model).count("primary_key") == 1


def test_marts_are_public_and_the_rest_is_private_to_the_group() -> None:
    config = _read(PROJECT / "dbt_project.yml")["models"]["daily_papers"]
    assert config["+group"] in [group["name"] for _, group in _described("groups")]
    assert (config["+access"], config["marts"]["+access"]) == ("private", "public")
    layers = ("staging", "intermediate")
    assert not any(key in config[layer] for layer in layers for key in ("+access", "+group"))
    overriding = [name for name, (_, model) in PROPERTIES.items() if {"access", "group"} & set(model.get("config", {}))]
    assert overriding == []


def test_every_raw_table_and_column_is_described() -> None:
    ((_, source),) = _described("sources")
    tables = {table["name"]: table for table in source["tables"]}
    assert set(tables) == set(TABLES)
    for name, table in tables.items():
        assert table["description"].startswith("One row per "), name
        assert {column["name"] for column in table["columns"]} == {column.name for column in TABLES[name]}
        assert all(column["description"].endswith(".") for column in table["columns"]), name


def test_the_loads_have_a_freshness() -> None:
    ((_, source),) = _described("sources")
    (loads,) = [table for table in source["tables"] if table["name"] == "loads"]
    assert loads["config"]["loaded_at_field"] == "landed_at"
    assert set(loads["config"]["freshness"]) == {"warn_after", "error_after"}


def test_every_seed_is_described_and_tested() -> None:
    seeds = {seed["name"]: seed for _, seed in _described("seeds", PROJECT / "seeds")}
    files = {path.stem: path for path in (PROJECT / "seeds").rglob("*.csv")}
    assert set(seeds) == set(files)
    for name, seed in seeds.items():
        assert seed["description"].startswith("One row per "), name
        header = files[name].read_text(encoding="utf-8").splitlines()[0].split(",")
        assert [column["name"] for column in seed["columns"]] == header, name
        assert all(column["description"] for column in seed["columns"]), name
        assert {"unique", "primary_key"} & set(_tests_of(seed)), f"{name} has no test of its key"


@pytest.mark.parametrize("exposure", [exposure["name"] for _, exposure in _described("exposures")])
def test_an_exposure_names_the_tables_that_its_code_reads(exposure: str) -> None:
    (declared,) = [found for _, found in _described("exposures") if found["name"] == exposure]
    assert declared["owner"]["name"] and declared["maturity"] and declared["description"]
    tables = [re.fullmatch(r"ref\('(\w+)'\)", reference) for reference in declared["depends_on"]]
    assert {table[1] for table in tables if table} == (_named_by(exposure) if exposure in READERS else PUBLIC)


def _named_by(exposure: str) -> set[str]:
    """Public tables that the queries of the exposure's code name."""
    places = [ROOT / "warehouse" / place for place in READERS[exposure]]
    files = [file for place in places for file in ([place] if place.is_file() else place.rglob("*"))]
    queries = [_queries(file) for file in files if file.suffix in (".py", ".sql")]
    return {word for query in queries for word in re.findall(r"\w+", query)} & PUBLIC


@pytest.mark.parametrize("path", MODEL_FILES, ids=lambda path: path.stem)
def test_models_name_tables_by_ref_and_source(path: Path) -> None:
    text = re.sub(r"--.*", "", path.read_text(encoding="utf-8"))
    assert re.findall(r"\b(?:from|join)\s+(?:raw|raw_db|staging|intermediate|marts|seeds)\.\w+", text) == []
