"""The steps of docs/deploy/Containerfile in fresh Debian folders, up to a demo as a user without rights.

There is no container engine here: each instruction is executed with chroot, as an engine would. Needs root, mmdebstrap,
Debian's mirrors and a package index, and is skipped without them.
"""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.conftest import ROOT

CONTAINERFILE = ROOT / "docs" / "deploy" / "Containerfile"
CERTIFICATES = "/etc/ssl/certs/ca-certificates.crt"
USER = 10001
_CHROOT = shutil.which("chroot") or "chroot"

pytestmark = [pytest.mark.slow, pytest.mark.timeout(2400)]


@dataclass
class Stage:
    """A folder that an image is made of, and what the instructions so far set."""

    root: Path
    workdir: str = "/"
    environment: dict[str, str] = field(default_factory=lambda: {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin"})

    def run(self, command: list[str], *, user: int = 0) -> subprocess.CompletedProcess[str]:
        # The machine's certificates: it may reach the package index through a proxy with its own.
        certificates = {"PIP_CERT": "/run/ca.crt", "SSL_CERT_FILE": "/run/ca.crt"}
        inside = ["sh", "-c", f"cd {shlex.quote(self.workdir)} && exec {shlex.join(command)}"]
        return subprocess.run(
            [_CHROOT, f"--userspec={user}:{user}", str(self.root), *inside],
            env={**self.environment, **certificates},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )


def instructions() -> Iterator[tuple[str, str]]:
    text = re.sub(r"^#.*\n", "", CONTAINERFILE.read_text(), flags=re.M).replace("\\\n", "")
    for line in text.splitlines():
        if line.strip():
            word, _, rest = line.partition(" ")
            yield word, rest.strip()


@pytest.fixture(scope="module")
def debian(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A minimal Debian of the release that the Containerfile names."""
    if os.geteuid() != 0 or not shutil.which("mmdebstrap"):
        pytest.skip("needs root and mmdebstrap: apt-get install mmdebstrap")
    images = {rest.split()[0] for word, rest in instructions() if word == "FROM"}
    (release,) = {image.partition(":")[2].removesuffix("-slim") for image in images}
    archive = tmp_path_factory.mktemp("debian") / "debian.tar"
    done = subprocess.run(
        ["mmdebstrap", "--variant=minbase", release, str(archive)], capture_output=True, text=True, check=False
    )
    if done.returncode:
        pytest.skip(f"Debian's mirrors are not reached: {done.stderr[-300:]}")
    return archive


def copy(stages: dict[str, Stage], stage: Stage, words: list[str]) -> None:
    source = ROOT
    if words[0].startswith("--from="):
        source = stages[words.pop(0).partition("=")[2]].root
    *names, to = words
    target = stage.root / os.path.join(stage.workdir, to).lstrip("/")
    for name in names:
        path = source / name.lstrip("/")
        if path.is_dir():
            ignored = shutil.ignore_patterns("__pycache__", "target", "data") if source == ROOT else None
            shutil.copytree(path, target, symlinks=True, ignore=ignored, dirs_exist_ok=True)
        else:
            target.mkdir(parents=True, exist_ok=True)
            shutil.copy(path, target)


def build(debian: Path, folder: Path) -> tuple[Stage, dict[str, str]]:
    """Execute all instructions; returns the last stage and its other settings by instruction."""
    stages: dict[str, Stage] = {}
    stage, settings = Stage(folder), {}
    for number, (word, rest) in enumerate(instructions()):
        if word == "FROM":
            stage = Stage(folder / f"stage-{number}")
            stage.root.mkdir()
            subprocess.run(["tar", "-xf", str(debian), "-C", str(stage.root)], check=True)
            shutil.copy(CERTIFICATES, stage.root / "run" / "ca.crt")
            shutil.copy("/etc/resolv.conf", stage.root / "etc" / "resolv.conf")
            stages[rest.rpartition(" ")[2]] = stage
        elif word == "RUN":
            done = stage.run(["sh", "-ec", rest])
            assert done.returncode == 0, f"{rest}\n{done.stdout[-2000:]}\n{done.stderr[-3000:]}"
        elif word == "COPY":
            copy(stages, stage, rest.split())
        elif word == "WORKDIR":
            stage.workdir = rest
            (stage.root / rest.lstrip("/")).mkdir(parents=True, exist_ok=True)
        elif word == "ENV":
            stage.environment |= dict(part.split("=", 1) for part in shlex.split(rest))
        else:
            settings[word] = rest
    return stage, settings


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder that is gone after the test: its images take a gigabyte."""
    with tempfile.TemporaryDirectory(prefix="papers-container-", ignore_cleanup_errors=True) as made:
        yield Path(made)


def test_the_image_builds_and_runs_the_demo_without_rights_and_without_a_writable_root(
    debian: Path, folder: Path, mount: Callable[..., None]
) -> None:
    stage, settings = build(debian, folder)
    (volume,) = json.loads(settings["VOLUME"])
    home = stage.root / volume.lstrip("/")
    assert settings["USER"] == str(USER) and home.stat().st_uid == USER
    data = folder / "volume"
    data.mkdir()
    os.chown(data, USER, USER)
    mount(stage.root, "-o", "bind,ro", str(stage.root))
    mount(stage.root / "proc", "-t", "proc", "proc")
    for place in ("tmp", "dev/shm"):
        mount(stage.root / place, "-t", "tmpfs", "-o", "mode=1777", "tmpfs")
    mount(home, "--bind", str(data))

    def papers(*arguments: str) -> str:
        done = stage.run([*json.loads(settings["ENTRYPOINT"]), *arguments], user=USER)
        assert done.returncode == 0, f"{arguments}\n{done.stdout}\n{done.stderr}"
        return done.stdout

    assert "Read-only" in stage.run(["touch", "/etc/x"]).stderr
    assert "What rose most in the last 24 hours observed" in papers("demo")
    facts = json.loads(papers("status", "--json"))
    assert facts["home"] == volume and any(row["table"] == "dim_papers" and row["rows"] for row in facts["tables"])
    assert (data / "report" / "index.html").stat().st_uid == USER
    assert json.loads(settings["CMD"]) == ["ui"]
