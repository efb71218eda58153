"""The settings choose the engine, and each part of a build gets the one that fits."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any, get_args, get_type_hints

import pytest

from orchestration.transform.duckdb_engine import DuckDBEngine
from orchestration.transform.engines import engine_of, engine_process
from orchestration.transform.spark_engine import SparkEngine
from tests.conftest import ROOT
from warehouse.errors import InputError
from warehouse.resolution.incremental.engine import DuckDB
from warehouse.resolution.incremental.engine import engine_of as engine_of_session
from warehouse.settings import Settings


@pytest.mark.parametrize(("name", "expected"), [("duckdb", DuckDBEngine), ("spark", SparkEngine)])
def test_the_setting_names_the_engine(name: Any, expected: type, tmp_path: Path) -> None:
    settings = replace(Settings(home=tmp_path), engine=name)
    worker: Any = object()
    engine: Any = engine_of(settings, worker)
    assert (type(engine), engine.settings, engine.worker) == (expected, settings, worker)


def test_every_engine_of_the_setting_has_its_module() -> None:
    names = get_args(get_type_hints(Settings)["engine"])
    assert "duckdb" in names
    for name in names:
        module = importlib.import_module(f"orchestration.transform.{name}_engine")
        assert callable(module.engine) and callable(module.process), name


def test_an_engine_that_is_not_installed_is_one_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(InputError, match=r"Spark is not installed: install the extra `spark`"):
        engine_process(replace(Settings(home=tmp_path), engine="spark"))


def test_duckdb_imports_no_other_engine() -> None:
    code = (
        "import sys, orchestration.pipeline, warehouse.resolution.incremental.resolve; "
        "from warehouse.settings import Settings; from orchestration.transform.engines import engine_of; "
        "engine_of(Settings(), None); print([name for name in sys.modules if 'spark' in name])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, check=True)
    assert done.stdout.strip() == "[]"


def test_a_session_of_a_registered_type_gets_its_engine() -> None:
    class Session:
        pass

    class Other(DuckDB):
        pass

    assert type(engine_of_session(Session())) is DuckDB
    engine_of_session.register(Session, Other)
    assert type(engine_of_session(Session())) is Other
