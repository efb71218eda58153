"""Alerts of failed runs: always in a log of the home, by mail and webhook where they are set, at most one an interval.

Nothing here may break the run or the next alert: a channel that fails is written to the log, without its address.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import requests

from warehouse.clock import utc_now
from warehouse.digest.mail import Mailer, MaybeDelivered, NotDelivered
from warehouse.digest.message import as_bytes, build_mail
from warehouse.display import one_line
from warehouse.errors import WarehouseError
from warehouse.files import write_atomically
from warehouse.settings import Settings

#: A sensor of Dagster has a minute for all channels.
_TIMEOUT_SECONDS = 10.0


@dataclass(frozen=True)
class Alert:
    """What went wrong. ``first_line`` says what to do; alerts of one ``subject`` (a job) are throttled together."""

    subject: str
    first_line: str
    details: str = ""


def send_alert(settings: Settings, alert: Alert, *, now: datetime | None = None) -> list[str]:
    """Log an alert and send it, unless one of its subject was sent within ``alert_interval``.

    Returns what went wrong with the channels, in words that hold no address and no password. Never raises.
    """
    now = now or utc_now()
    # A reason may quote a listing: its control characters and line breaks are removed.
    lines = [one_line(line, 2000) for line in (alert.first_line, *alert.details.splitlines())]
    text = "\n".join(line for line in lines if line)
    problems = _attempt("alerts.log", _log, settings, now, text)
    channels: dict[str, Callable[[str], None]] = {}
    if settings.alert_webhook:
        channels["webhook"] = partial(_post, settings)
    if settings.alert_mail:
        channels["mail"] = partial(_mail, settings, alert)
    if not channels:
        return problems
    state = _Throttle(settings.home / "alerts.json")
    held_back = state.held_back(alert.subject)
    if not state.is_due(alert.subject, now, settings.alert_interval):
        problems += _attempt("alerts.json", state.hold_back, alert.subject)
        return problems
    if held_back:
        text += f"\n{held_back} earlier failure(s) of {alert.subject} were held back; alerts.log has them."
    failed = [problem for name, channel in channels.items() for problem in _attempt(name, channel, text)]
    problems += failed
    for problem in failed:
        problems += _attempt("alerts.log", _log, settings, now, f"not sent: {problem}")
    if len(failed) < len(channels):
        problems += _attempt("alerts.json", state.sent, alert.subject, now)
    return problems


def _attempt(what: str, act: Callable[..., None], *arguments: Any) -> list[str]:
    """Call ``act``; returns what went wrong: of unknown errors the class alone, as their text may hold a secret."""
    try:
        act(*arguments)
    except (WarehouseError, NotDelivered, MaybeDelivered) as error:
        return [f"{what}: {error}"]
    except Exception as error:
        return [f"{what}: {type(error).__name__}"]
    return []


def _log(settings: Settings, now: datetime, text: str) -> None:
    settings.home.mkdir(parents=True, exist_ok=True)
    with open(settings.home / "alerts.log", "a", encoding="utf-8") as log:
        log.write(f"{now:%Y-%m-%dT%H:%M:%SZ} " + text.replace("\n", "\n  ") + "\n")


def _post(settings: Settings, text: str) -> None:
    """Post a JSON object with ``text``, as Slack, Mattermost and many others accept it.

    < and > are replaced: with them a title could mention everybody of a channel or hide an address behind a word.
    """
    text = text.replace("<", "‹").replace(">", "›")
    answer = requests.post(
        str(settings.alert_webhook), json={"text": text}, timeout=_TIMEOUT_SECONDS, allow_redirects=False, stream=True
    )
    answer.close()
    if not 200 <= answer.status_code < 300:
        raise NotDelivered(f"answered {answer.status_code}")


def _mail(settings: Settings, alert: Alert, text: str) -> None:
    if settings.smtp is None:
        raise NotDelivered("no mail server is set (PAPERS_SMTP_HOST)")
    smtp = replace(settings.smtp, attempts=1, timeout=min(settings.smtp.timeout, _TIMEOUT_SECONDS))
    failed = []
    with Mailer(smtp) as mailer:
        for recipient in settings.alert_mail:
            headers = {
                "From": smtp.sender,
                "To": recipient,
                "Subject": f"Daily Papers: {alert.first_line}",
                "Auto-Submitted": "auto-generated",
            }
            failed += _attempt(recipient, _deliver, mailer, headers, text)
    if len(failed) == len(settings.alert_mail):
        raise NotDelivered(failed[0])


def _deliver(mailer: Mailer, headers: dict[str, str], text: str) -> None:
    mailer.deliver(headers["To"], as_bytes(build_mail(headers, text)), lambda: None)


class _Throttle:
    """When an alert of each subject was last sent, and how many were held back since; kept in a file."""

    def __init__(self, path: Path):
        self._path = path
        self._known: dict[str, dict[str, str | int]] = {}
        try:
            known = json.loads(path.read_bytes())
            self._known = {k: dict(v) for k, v in known.items()}
        except (OSError, ValueError, AttributeError, TypeError):
            pass  # none yet, or damaged: then the alert is sent

    def is_due(self, subject: str, now: datetime, interval: float) -> bool:
        try:
            last = datetime.fromisoformat(str(self._known[subject]["sent_at"]))
            return not timedelta(0) <= now - last < timedelta(seconds=interval)
        except (KeyError, ValueError, TypeError):
            return True

    def held_back(self, subject: str) -> int:
        count = self._known.get(subject, {}).get("held_back", 0)
        return count if isinstance(count, int) else 0

    def hold_back(self, subject: str) -> None:
        self._known[subject] = {**self._known.get(subject, {}), "held_back": self.held_back(subject) + 1}
        self._write()

    def sent(self, subject: str, now: datetime) -> None:
        self._known[subject] = {"sent_at": now.isoformat(), "held_back": 0}
        self._write()

    def _write(self) -> None:
        write_atomically(self._path, json.dumps(self._known, indent=1))
