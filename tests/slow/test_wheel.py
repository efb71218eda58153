"""The wheel, installed into an environment of its own far from the checkout, runs the demo and answers."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import ROOT

UV = ROOT / ".tools" / "bin" / "uv"

pytestmark = pytest.mark.slow


def uv(*arguments: str | Path, text: str | None = None) -> str:
    """Run uv with the index that it is configured for; the second try trusts the system's authorities (Makefile).

    ``text`` is its standard input.
    """
    command, *rest = arguments
    for more in ([], ["--system-certs"]):
        done = subprocess.run(
            [UV, command, *more, *rest], cwd=ROOT, input=text, capture_output=True, text=True, check=False
        )
        if not done.returncode:
            break
    assert not done.returncode, done.stderr
    return done.stdout


def files(folder: Path) -> set[Path]:
    return {path for path in folder.rglob("*") if path.is_file() and path.suffix != ".pyc"}


@pytest.mark.skipif(not UV.exists(), reason="`make setup` installs uv")
def test_an_installed_wheel_runs_the_demo_and_writes_nothing_beside_itself(tmp_path: Path) -> None:
    uv("build", "--quiet", "--out-dir", tmp_path / "dist")  # the wheel is made from the source archive
    (wheel,) = (tmp_path / "dist").glob("*.whl")
    # The locked versions, which `make setup` has fetched.
    (tmp_path / "locked.txt").write_text(uv("export", "--quiet", "--no-hashes", "--no-dev", "--no-emit-project"))
    environment = tmp_path / "environment"
    uv("venv", "--quiet", "--python", sys.executable, environment)
    uv("pip", "install", "--quiet", "--python", environment, "--constraints", tmp_path / "locked.txt", wheel)
    (package,) = environment.glob("lib/*/site-packages/warehouse")
    installed = files(package.parent)
    user = tmp_path / "user"
    user.mkdir()

    def papers(*arguments: str) -> str:
        done = subprocess.run(
            [environment / "bin" / "papers", *arguments],
            cwd=user,
            env={
                **{k: v for k, v in os.environ.items() if not k.startswith(("PAPERS_", "XDG_", "PYTHON"))},
                "HOME": str(user),
                "PYTHONDONTWRITEBYTECODE": "1",
            },
            capture_output=True,
            text=True,
            check=False,
        )
        assert not done.returncode, done.stderr
        return done.stdout

    home = user / ".local" / "share" / "daily-papers"
    assert json.loads(papers("demo", "--json"))["home"] == str(home)
    assert (home / "report" / "index.html").is_file()
    assert int(papers("sql", "select count(*) as n from dim_papers", "--format", "csv").split()[1]) > 100
    assert "rising_now" in papers("query")
    assert json.loads(papers("status", "--json"))["home"] == str(home)
    assert files(package.parent) == installed
