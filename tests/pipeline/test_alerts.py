"""Failure alerts: the first line says what to do, seldom enough to be read, and no channel can break anything."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import dagster as dg
import pytest
from smtp_server import PASSWORD, Mailbox, smtp_server

from orchestration.alerts import Alert, send_alert
from orchestration.sensors import failure_alert, failure_sensor
from warehouse.settings import Settings

NOW = datetime(2026, 11, 23, 22, 40, tzinfo=UTC)
ALERT = Alert("daily_papers", "daily_papers failed: run `papers status`.", "Why: the mart gate blocked it.")
SECRET = "T0SECRET"


class Hook:
    """A webhook on this machine that keeps what it is sent."""

    def __init__(self) -> None:
        self.posts: list[Any] = []
        self.status = 200
        hook = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                hook.posts.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
                self.send_response(hook.status)
                self.send_header("Location", "http://127.0.0.1:9/elsewhere")
                self.end_headers()

            def log_message(self, *_: object) -> None: ...

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        self.url = f"http://127.0.0.1:{self.server.server_port}/services/{SECRET}"


@pytest.fixture
def hook() -> Iterator[Hook]:
    hook = Hook()
    yield hook
    hook.server.shutdown()
    hook.server.server_close()


@pytest.fixture
def settings_of(tmp_path: Path) -> Callable[..., Settings]:
    return lambda **environment: Settings.from_environment({"PAPERS_HOME": str(tmp_path / "home"), **environment})


def log(settings: Settings) -> str:
    return (settings.home / "alerts.log").read_text()


def test_the_webhook_gets_a_text_whose_first_line_says_what_to_do(
    hook: Hook, settings_of: Callable[..., Settings]
) -> None:
    settings = settings_of(PAPERS_ALERT_WEBHOOK=hook.url)
    assert send_alert(settings, ALERT, now=NOW) == []
    assert hook.posts[0]["text"].splitlines()[0] == ALERT.first_line
    assert ALERT.first_line in log(settings) and SECRET not in log(settings)


def test_mail_goes_to_everybody_by_verified_tls(tmp_path: Path, settings_of: Callable[..., Settings]) -> None:
    mailbox = Mailbox()
    mailbox.rcpt_replies = {"ada@example.org": ["550 unknown"]}
    with smtp_server(mailbox, "starttls", tmp_path) as environment:
        settings = settings_of(PAPERS_ALERT_MAIL="ada@example.org, grace@example.org", **environment)
        assert send_alert(settings, ALERT, now=NOW) == []
    ((recipient, mail),) = mailbox.mails
    assert recipient == "grace@example.org" and mail["Subject"] == f"Daily Papers: {ALERT.first_line}"
    assert "mart gate" in mail.get_content() and PASSWORD not in log(settings)


def test_it_is_throttled_by_job_also_across_restarts(hook: Hook, settings_of: Callable[..., Settings]) -> None:
    settings = settings_of(PAPERS_ALERT_WEBHOOK=hook.url, PAPERS_ALERT_INTERVAL="3600")
    for minutes in (0, 10, 59):
        send_alert(settings_of(**{"PAPERS_ALERT_WEBHOOK": hook.url}), ALERT, now=NOW + timedelta(minutes=minutes))
    assert len(hook.posts) == 1
    send_alert(settings, Alert("digest", "digest failed: look."), now=NOW + timedelta(minutes=20))
    assert len(hook.posts) == 2
    send_alert(settings, ALERT, now=NOW + timedelta(minutes=61))
    assert len(hook.posts) == 3 and "2 earlier failure(s) of daily_papers were held back" in hook.posts[2]["text"]
    assert log(settings).count(ALERT.first_line) == 4
    (settings.home / "alerts.json").write_text("[damaged")
    assert send_alert(settings, ALERT, now=NOW + timedelta(minutes=62)) == [] and len(hook.posts) == 4


def test_listed_texts_in_a_reason_do_no_harm(hook: Hook, tmp_path: Path, settings_of: Callable[..., Settings]) -> None:
    hostile = Alert(
        "daily_papers", "failed: \x1b[31m<!channel>\r\nBcc: eve@example.org", "Why: \u202e<http://e.invalid|x>"
    )
    mailbox = Mailbox()
    with smtp_server(mailbox, "none", tmp_path) as environment:
        settings = settings_of(PAPERS_ALERT_WEBHOOK=hook.url, PAPERS_ALERT_MAIL="ada@example.org", **environment)
        assert send_alert(settings, hostile, now=NOW) == []
    ((_, mail),) = mailbox.mails
    assert mail["Bcc"] is None and "<" not in hook.posts[0]["text"]
    assert hook.posts[0]["text"].splitlines()[0] == "failed: [31m‹!channel› Bcc: eve@example.org"
    assert not {"\x1b", "\u202e"} & {*log(settings), *mail.get_content(), *mail["Subject"], *hook.posts[0]["text"]}


@pytest.mark.parametrize("status", [500, 302])
def test_a_broken_webhook_breaks_nothing_and_is_tried_again(
    hook: Hook, settings_of: Callable[..., Settings], status: int
) -> None:
    settings = settings_of(PAPERS_ALERT_WEBHOOK=hook.url)
    hook.status = status
    assert send_alert(settings, ALERT, now=NOW) == [f"webhook: answered {status}"]
    hook.status = 204
    assert send_alert(settings, ALERT, now=NOW + timedelta(minutes=1)) == [], "what did not arrive is not throttled"
    assert len(hook.posts) == 2 and SECRET not in log(settings) and f"answered {status}" in log(settings)


@pytest.mark.parametrize("url", [f"http://127.0.0.1:9/{SECRET}", f"nonsense://{SECRET}", f"http://[{SECRET}"])
def test_a_webhook_that_is_not_there_breaks_nothing(url: str, settings_of: Callable[..., Settings]) -> None:
    settings = settings_of(PAPERS_ALERT_WEBHOOK=url, PAPERS_ALERT_MAIL="ada@example.org")
    problems = send_alert(settings, ALERT, now=NOW)
    assert len(problems) == 2 and SECRET not in "".join(problems) + log(settings)


def test_a_home_that_can_not_be_written_still_alerts(hook: Hook, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    settings = Settings.from_environment({"PAPERS_HOME": str(tmp_path / "file"), "PAPERS_ALERT_WEBHOOK": hook.url})
    assert send_alert(settings, ALERT, now=NOW) and len(hook.posts) == 1


@dg.asset
def sound() -> None: ...


@dg.asset_check(asset=sound, blocking=True)
def gate() -> dg.AssetCheckResult:
    text = "The mart gate blocked publication: gains must add up (3 rows). What to do: report it with the rows."
    return dg.AssetCheckResult(passed=False, severity=dg.AssetCheckSeverity.ERROR, description=text)


@dg.asset
def unsound() -> None:
    raise dg.Failure(description="The source answered nothing: check the connection, then run again.")


@dg.asset
def odd() -> None:
    raise ZeroDivisionError("division by zero")


@pytest.mark.parametrize(
    ("assets", "first_line", "why"),
    [
        ([sound, gate], "report it with the rows.", "gains must add up"),
        ([unsound], "The source answered nothing: check the connection, then run again.", "readers have"),
        ([odd], "open the run in `papers ui` and read its log.", "odd"),
    ],
)
def test_the_alert_of_the_sensor_states_the_remedy(
    assets: list[Any], first_line: str, why: str, hook: Hook, settings_of: Callable[..., Settings]
) -> None:
    with dg.DagsterInstance.ephemeral() as instance:
        job = dg.Definitions(
            assets=[a for a in assets if not isinstance(a, dg.AssetChecksDefinition)],
            asset_checks=[a for a in assets if isinstance(a, dg.AssetChecksDefinition)],
            jobs=[dg.define_asset_job("nightly", selection=dg.AssetSelection.all())],
        ).resolve_job_def("nightly")
        result = job.execute_in_process(instance=instance, raise_on_error=False)
        context = dg.build_run_status_sensor_context(
            sensor_name="run_failure_alert",
            dagster_instance=instance,
            dagster_run=result.dagster_run,
            dagster_event=result.get_run_failure_event(),
        ).for_run_failure()
        alert = failure_alert(context)
        assert alert.subject == "nightly" and alert.first_line == f"nightly failed: {first_line}"
        assert why in alert.details and "Traceback" not in alert.details
        failure_sensor(settings_of(PAPERS_ALERT_WEBHOOK=hook.url))(context)
        failure_sensor(settings_of(PAPERS_ALERT_WEBHOOK="http://127.0.0.1:9/x", PAPERS_ALERT_INTERVAL="0"))(context)
    assert [post["text"].splitlines()[0] for post in hook.posts] == [alert.first_line]
