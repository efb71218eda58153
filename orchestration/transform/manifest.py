"""dbt's manifest, which Dagster reads the models from: written when the project changed, kept otherwise.

dagster-dbt's ``DbtProject`` parses whenever it prepares (``prepare_if_dev`` for each process of `dg dev`, nothing
for other commands): 13 s on two busy cores, 6–10 s on idle ones (2026-11-28), half of a day of 14 s on 6,000 papers.
Comparing a digest of the project's files takes 20 ms.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from orchestration.transform.dbt_runner import DATABASE_PATHS, arguments_for, clear_dbt_settings, parse_folder
from warehouse.errors import HomeError
from warehouse.files import write_atomically
from warehouse.settings import DBT_PROJECT, Settings

_READ_BY_DBT = ("dbt_project.yml", "profiles.yml", "models/**/*", "macros/**/*", "seeds/**/*", "tests/**/*")


def ensure_manifest(settings: Settings) -> Path:
    """The path of an up-to-date manifest.json; runs ``dbt parse`` (some 8 s) if a file of the project changed.

    Raises HomeError with dbt's own words if the project does not parse.
    """
    folder = parse_folder(settings.dbt_target)
    stamp = folder / "papers.stamp"
    wanted = models_version()
    if (folder / "manifest.json").exists() and stamp.exists() and stamp.read_text() == wanted:
        return folder / "manifest.json"
    clear_dbt_settings()
    with tempfile.TemporaryDirectory(prefix="papers-parse-") as scratch:
        done = subprocess.run(
            [dbt_executable(), "parse", *arguments_for(Path(scratch))],
            env={k: v for k, v in {**os.environ, **settings.environment()}.items() if k not in DATABASE_PATHS},
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            raise HomeError(f"The dbt project does not parse: {(done.stdout or done.stderr).strip()}")
        folder.mkdir(parents=True, exist_ok=True)
        for name in ("partial_parse.msgpack", "manifest.json"):
            write_atomically(folder / name, (Path(scratch) / name).read_bytes())
        stamp.write_text(wanted)
    return folder / "manifest.json"


def dbt_executable() -> str:
    """The dbt of this environment, not of the PATH."""
    beside = Path(sys.executable).with_name("dbt")
    return str(beside) if beside.exists() else shutil.which("dbt") or "dbt"


def models_version() -> str:
    """A digest of every file that dbt builds from: what was built with another one is not built upon."""
    digest = hashlib.sha256()
    for pattern in _READ_BY_DBT:
        for path in sorted(DBT_PROJECT.glob(pattern)):
            if path.is_file():
                digest.update(str(path.relative_to(DBT_PROJECT)).encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()


if __name__ == "__main__":
    ensure_manifest(Settings.from_environment())
