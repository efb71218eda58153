"""The files of docs/deploy: units that systemd reads, and a container without rights. tests/slow builds and runs it."""

from __future__ import annotations

import configparser
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from tests.conftest import ROOT
from warehouse.settings import SCHEDULE, Settings

DEPLOY = ROOT / "docs" / "deploy"
INSTALLED = "/opt/daily-papers/bin/papers"
UNITS = sorted(path.name for path in DEPLOY.glob("papers-*.*"))


def unit(name: str) -> configparser.ConfigParser:
    read = configparser.ConfigParser(strict=False, interpolation=None)
    read.optionxform = str  # type: ignore[assignment, method-assign]
    read.read(DEPLOY / name)
    return read


def test_systemd_finds_no_fault_in_the_units(tmp_path: Path) -> None:
    program = shutil.which("systemd-analyze")
    if program is None:
        pytest.skip("systemd-analyze is not installed: apt-get install systemd")
    for name in UNITS:
        text = (DEPLOY / name).read_text().replace(INSTALLED, str(Path(sys.executable).with_name("papers")))
        (tmp_path / name).write_text(text)
    done = subprocess.run(
        [program, "verify", *(str(tmp_path / name) for name in UNITS)], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")


def test_the_units_run_commands_that_exist_as_a_user_without_rights() -> None:
    from typer.main import get_command

    from orchestration.commands import cli

    commands = get_command(cli.app).commands  # type: ignore[attr-defined]
    services = [name for name in UNITS if name.endswith(".service")]
    assert services == ["papers-backup.service", "papers-run.service", "papers-ui.service"]
    for name in services:
        service = unit(name)["Service"]
        program, command, *_ = service["ExecStart"].split()
        assert program == INSTALLED and command in commands
        assert service["User"] == "papers" and service["NoNewPrivileges"] == "yes"
        assert service["Environment"] == f"PAPERS_HOME=/var/lib/{service['StateDirectory']}"


def test_the_timer_ticks_as_the_default_schedule_does() -> None:
    assert SCHEDULE == "45 2-22/4 * * *"
    assert unit("papers-run.timer")["Timer"]["OnCalendar"] == "*-*-* 02/4:45:00 UTC"


def test_the_example_of_settings_names_settings() -> None:
    lines = (DEPLOY / "papers.env").read_text().splitlines()
    names = [found[1] for line in lines if (found := re.match(r"#([A-Z_]+)=", line))]
    values = {"PAPERS_SMTP_FROM": "papers@example.org", "PAPERS_SITE_URL": "https://papers.example.org"}
    settings = Settings.from_environment({name: values.get(name, "value") for name in names if name != "BACKUP_TO"})
    assert settings.token and settings.smtp and settings.alert_webhook and settings.site_url
    assert "${BACKUP_TO}" in unit("papers-backup.service")["Service"]["ExecStart"] and "BACKUP_TO" in names


def test_hadolint_finds_no_fault_in_the_containerfile() -> None:
    program = Path(sys.executable).with_name("hadolint")
    done = subprocess.run([str(program), str(DEPLOY / "Containerfile")], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout + done.stderr) == (0, "")


def test_the_container_has_no_rights_a_read_only_root_and_a_volume_for_the_home() -> None:
    text = (DEPLOY / "Containerfile").read_text()
    assert re.findall(r"^USER (\S+)$", text, re.M) == ["10001"] and "VOLUME" in text and "HEALTHCHECK" in text
    (service,) = yaml.safe_load((DEPLOY / "compose.yaml").read_text())["services"].values()
    assert service["read_only"] is True and service["user"] == "10001" and service["cap_drop"] == ["ALL"]
    assert service["volumes"] == ["home:/var/lib/daily-papers"] and "PAPERS_HOME=/var/lib/daily-papers" in text
    context = (DEPLOY / service["build"]["context"]).resolve()
    assert context == ROOT and (context / service["build"]["dockerfile"]).is_file()
    healthy = next(line for line in text.splitlines() if line.startswith("HEALTHCHECK"))
    assert service["healthcheck"]["test"][-1] in healthy


def test_what_the_containerfile_copies_exists_and_is_not_ignored() -> None:
    copied = {
        name
        for line in (DEPLOY / "Containerfile").read_text().splitlines()
        if line.startswith("COPY ") and "--from" not in line
        for name in line.split()[1:-1]
    }
    kept = {line[1:] for line in (DEPLOY / "Containerfile.dockerignore").read_text().splitlines() if line[:1] == "!"}
    assert copied == kept and all((ROOT / name).exists() for name in copied)
