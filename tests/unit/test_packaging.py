"""The files of an installed package, and the folders that it writes to."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from hatchling.builders.wheel import WheelBuilder

from orchestration.transform import dbt_runner
from tests.conftest import ROOT
from warehouse import settings

#: Folders that the program runs and reads.
PACKAGED = ("dbt_project", "orchestration", "sources", "warehouse")


def test_the_wheel_holds_every_file_of_the_product_and_no_other() -> None:
    tracked = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", *PACKAGED],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout.splitlines()
    existing = [name for name in tracked if (ROOT / name).is_file()]
    wheel = {file.distribution_path for file in WheelBuilder(str(ROOT)).recurse_included_files()}
    assert wheel == {f"warehouse/{name}" if name.startswith("dbt_project/") else name for name in existing}


def test_an_installed_package_keeps_its_data_and_dbt_s_files_out_of_its_own_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in (settings, dbt_runner):
        monkeypatch.setattr(module, "IS_INSTALLED", True)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("XDG_DATA_HOME", "not/absolute")
    assert settings._default_home() == tmp_path / ".local" / "share" / "daily-papers"
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    assert settings._default_home() == tmp_path / "data" / "daily-papers"
    assert dbt_runner.parse_folder(tmp_path / "dbt") == tmp_path / "dbt" / "parsed"


def test_a_checkout_that_cannot_be_written_leaves_dbt_s_files_to_the_home(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert dbt_runner.parse_folder(tmp_path) == settings.DBT_PROJECT / "target"
    monkeypatch.setattr("os.access", lambda *_: False)
    assert dbt_runner.parse_folder(tmp_path) == tmp_path / "parsed"
