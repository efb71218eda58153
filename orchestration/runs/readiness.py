"""What ``papers doctor`` shows: what of a warehouse is ready, what is not, and how to fix it.

Belongs here: one function a check, each of some seconds at most. Nothing is changed and one request is sent. Does not
belong here: the check of every payload (``warehouse/raw/archive_check.py``), and what is published
(``warehouse/publication/status.py``).
"""

from __future__ import annotations

import os
import platform
import shutil
import socket
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Literal

from sources.errors import SourceError
from sources.http import HttpClient, HttpLimits
from warehouse.backup import last_backup
from warehouse.clock import utc_now
from warehouse.disk import last_use_bytes
from warehouse.display import plural
from warehouse.errors import LockError, WarehouseError
from warehouse.home import DEMO_MARKER
from warehouse.landing.location import open_landing
from warehouse.lock import writer_lock
from warehouse.publication.publish import published_file, read_manifest
from warehouse.raw.archive_check import known_loads, lost_loads
from warehouse.settings import Settings

#: ``off``: not set up, and a warehouse works without it.
State = Literal["ok", "off", "not ready"]
_PACKAGES = {
    "papers": "daily-papers-warehouse",
    "Dagster": "dagster",
    "dbt": "dbt-core",
    "DuckDB": "duckdb",
    "Great Expectations": "great-expectations",
}
_SCHEDULE, _SCHEDULER = "daily_papers_schedule", "SCHEDULER"
#: A server that takes longer is not reached.
_TIMEOUT_SECONDS = 5.0
#: Room that any home needs, whatever the last run used: the demo takes 30 MB.
_MIN_FREE_BYTES = 200_000_000
#: A schedule that started nothing for so many of its longest pauses needs attention.
_LATE_PAUSES = 1.5


@dataclass(frozen=True)
class Check:
    """The result of one check. ``fix``: what to do, empty where nothing is."""

    name: str
    state: State
    detail: str
    fix: str = ""


def check_readiness(settings: Settings) -> list[Check]:
    """All checks, in the order in which one sets a warehouse up."""
    checks: dict[str, Callable[[Settings], Check]] = {
        "versions": _versions,
        "home": _home,
        "disk": _disk,
        "lock": _lock,
        "archive": _archive,
        "source": _source,
        "schedule": _schedule,
        "mail": _mail,
        "backup": _backup,
    }
    return [_checked(name, check, settings) for name, check in checks.items()]


def _checked(name: str, check: Callable[[Settings], Check], settings: Settings) -> Check:
    """The result of a check; an error that a user can act on is one too."""
    try:
        return check(settings)
    except WarehouseError as error:
        return Check(name, "not ready", str(error))
    except OSError as error:
        return Check(name, "not ready", f"{error.filename or settings.home} can't be read ({error.strerror or error}).")


def _versions(_: Settings) -> Check:
    found, lacking = [], []
    for name, package in _PACKAGES.items():
        try:
            found.append(f"{name} {version(package)}")
        except PackageNotFoundError:
            lacking.append(package)
    text = ", ".join([*found, f"Python {platform.python_version()}"])
    if lacking:
        return Check("versions", "not ready", text, f"Install what is missing: {', '.join(lacking)}.")
    return Check("versions", "ok", text)


def _home(settings: Settings) -> Check:
    home = settings.home
    if not home.exists():
        return Check("home", "not ready", f"{home} does not exist yet.", "`papers demo` or `papers run` makes it.")
    if not os.access(home, os.W_OK | os.X_OK):
        return Check("home", "not ready", f"{home} can't be written.", "Make it writable, or choose another: --home.")
    published_at = read_manifest(settings).get("published_at") if settings.published_database.exists() else None
    if published_at is None:
        return Check("home", "not ready", f"{home} has nothing published.", "`papers demo` or `papers run` publishes.")
    what = ", with the demo's invented papers" if (home / DEMO_MARKER).exists() else ""
    return Check("home", "ok", f"{home}, published {str(published_at)[:16].replace('T', ' ')} UTC{what}")


def _disk(settings: Settings) -> Check:
    existing = next(path for path in (settings.home, *settings.home.parents) if path.exists())
    free, needed = shutil.disk_usage(existing).free, max(_MIN_FREE_BYTES, last_use_bytes(settings))
    text = f"{free / 1e9:.1f} GB free, a run needs {needed / 1e9:.1f} GB"
    if free < needed:
        return Check("disk", "not ready", text, "Free space, or move the home to a larger disk.")
    return Check("disk", "ok", text)


def _lock(settings: Settings) -> Check:
    with _held_if_free(settings) as holder:
        return Check("lock", "ok", f"held by {holder}" if holder else "free")


@contextmanager
def _held_if_free(settings: Settings) -> Iterator[str | None]:
    """Hold the writer lock where no other process does; yields the holder, or None. Makes no home."""
    if not settings.home.exists():
        yield None
        return
    holders: list[str] = []
    lock = writer_lock(settings.lock_file, purpose="papers doctor", timeout=0, on_wait=holders.append)
    with ExitStack() as held:
        try:
            held.enter_context(lock)
        except LockError:
            yield holders[0]
            return
        yield None


def _archive(settings: Settings) -> Check:
    landing = open_landing(settings.landing)
    if not landing.exists():
        return Check(
            "archive",
            "not ready",
            f"Nothing was landed in {settings.landing} yet.",
            "`papers run` fetches and archives listings.",
        )
    damages: list[object] = []
    captures = {capture.load_id: capture for capture in landing.captures(on_damage=damages.append)}
    with _held_if_free(settings) as holder, published_file(settings) as published:
        # While a run writes the tables no other process can read them.
        known = {} if holder else known_loads(settings.raw_database, published)
    lost = lost_loads(known, captures)
    text = f"{len(captures)} {plural(len(captures), 'capture')}, {len(damages)} damaged lines, {len(lost)} lost loads"
    if damages or lost:
        fix = "`papers doctor --archive` names them and says what can be restored."
        return Check("archive", "not ready", text, fix)
    return Check("archive", "ok", f"{text}; --archive also reads each payload")


def _source(settings: Settings) -> Check:
    limits = HttpLimits(connect_timeout=_TIMEOUT_SECONDS, read_timeout=_TIMEOUT_SECONDS, attempts=1, min_interval=0)
    try:
        with HttpClient(limits=limits, token=settings.token, token_endpoint=settings.endpoint) as client:
            client.get(f"{settings.endpoint}/api/daily_papers", {"limit": 1})
    except SourceError as error:
        fix = "Check the network, the proxy (HTTPS_PROXY) and PAPERS_ENDPOINT."
        return Check("source", "not ready", f"{settings.endpoint} gives no listing: {error.message}", fix)
    return Check("source", "ok", f"{settings.endpoint} answers")


def _schedule(settings: Settings) -> Check:
    from orchestration.history import is_daemon_alive, is_schedule_on
    from orchestration.partitions import longest_pause, ticks

    now = utc_now()
    pause = longest_pause(settings)
    if is_schedule_on(settings, _SCHEDULE):
        if not is_daemon_alive(settings, _SCHEDULER):
            fix = "Start `papers ui`, or papers-ui.service (docs/operations.md)."
            return Check("schedule", "not ready", "It is on, and Dagster's daemon does not run.", fix)
        (tick,) = ticks(settings, now, 1)
        return Check("schedule", "ok", f"on in Dagster, next run {tick:%Y-%m-%d %H:%M} UTC")
    last = _last_observation(settings, (now - _LATE_PAUSES * pause).date())
    if last and now - last <= _LATE_PAUSES * pause:
        return Check("schedule", "ok", f"off in Dagster; the last observation was at {last:%Y-%m-%d %H:%M} UTC")
    fix = f"Switch {_SCHEDULE} on in `papers ui`, or enable papers-run.timer (docs/operations.md)."
    return Check("schedule", "off", "Nothing observes the listings regularly.", fix)


def _last_observation(settings: Settings, since: date) -> datetime | None:
    captures = open_landing(settings.landing).captures(since, on_damage=lambda _: None)
    return max((c.observed_at for c in captures if c.observed_at_basis == "clock"), default=None)


def _mail(settings: Settings) -> Check:
    from warehouse.digest.subscriptions import read_subscriptions

    smtp = settings.smtp
    count = len(read_subscriptions(settings)) if settings.subscriptions.exists() else 0
    subscriptions = f"{count} {plural(count, 'subscription')}"
    if smtp is None:
        fix = "Set PAPERS_SMTP_HOST and PAPERS_SMTP_FROM (docs/digest.md)."
        state: State = "not ready" if count or settings.alert_mail else "off"
        return Check("mail", state, f"There is no mail server; {subscriptions}.", fix)
    try:
        with socket.create_connection((smtp.host, smtp.port), timeout=_TIMEOUT_SECONDS):
            pass
    except OSError as error:
        fix = "Check PAPERS_SMTP_HOST, PAPERS_SMTP_PORT and the network."
        return Check("mail", "not ready", f"{smtp.host}:{smtp.port} does not answer ({error}).", fix)
    return Check("mail", "ok", f"{smtp.host}:{smtp.port} answers; {subscriptions}")


def _backup(settings: Settings) -> Check:
    if settings.backup_days == 0:
        return Check("backup", "ok", "not made by `papers backup` (PAPERS_BACKUP_DAYS=0)")
    if not open_landing(settings.landing).exists():
        return Check("backup", "ok", "nothing to back up yet")
    if (settings.home / DEMO_MARKER).exists():
        return Check("backup", "ok", "not needed: the papers are invented")
    known = last_backup(settings)
    fix = "`papers backup DIR`; PAPERS_BACKUP_DAYS=0 where something else backs the home up."
    if known is None:
        return Check("backup", "not ready", "There is none.", fix)
    made = f"{known.created_at:%Y-%m-%d %H:%M} UTC in {known.place}"
    if utc_now() - known.created_at > timedelta(days=settings.backup_days):
        return Check("backup", "not ready", f"The last one is of {made}, older than {settings.backup_days} days.", fix)
    if "://" not in known.place and not Path(known.place, "backup.json").exists():
        return Check("backup", "not ready", f"The last one, of {made}, is not there now.", f"Mount the disk, or {fix}")
    return Check("backup", "ok", made)
