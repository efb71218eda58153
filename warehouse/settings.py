"""Environment → one typed object.

Settings are read here. Two things read the environment beside it: dbt's profile (``dbt_project/profiles.yml``, whose
Spark part ``warehouse/spark/session.py`` reads too), and libraries for what is theirs (proxies, ``AWS_*``,
``SPARK_CONF_DIR``).
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path
from typing import TypeVar
from urllib.parse import urlsplit

from warehouse.errors import InputError
from warehouse.home import HomePaths, usable_home

#: The first date with a daily list (https://huggingface.co/papers/date/2023-05-04).
FIRST_LISTING_DATE = date(2023, 5, 4)
_PACKAGE = Path(__file__).resolve().parent
#: The folder of the packages: the checkout, or ``site-packages``, which may be read-only.
PROJECT_ROOT = _PACKAGE.parent
#: Whether this is an installed wheel, which holds the dbt project inside this package.
IS_INSTALLED = (_PACKAGE / "dbt_project").is_dir()
DBT_PROJECT = (_PACKAGE if IS_INSTALLED else PROJECT_ROOT) / "dbt_project"
PUBLIC_ENDPOINT = "https://huggingface.co"
#: What one DuckDB process may hold before it spills to disk: a run has one busy at a time, beside 2 GB of Python.
MEMORY_LIMIT = "3GB"
#: What can build the models. The first is the default.
ENGINES = ("duckdb", "spark")


@dataclass(frozen=True)
class Smtp:
    """The mail server that digests and alerts go through. Durations are seconds."""

    host: str
    port: int
    #: ``starttls`` or ``ssl``, both with a verified certificate, or ``none`` for a relay on a trusted network.
    security: str
    sender: str
    user: str | None = None
    password: str | None = field(default=None, repr=False)
    #: Certificates to trust instead of the system's, as a PEM file.
    ca_file: str | None = None
    timeout: float = 30.0
    attempts: int = 3
    retry_wait: float = 5.0


def _default_home() -> Path:
    """The home that is used when none is named: in a checkout below it, else among the user's data."""
    if not IS_INSTALLED:
        return _PACKAGE / "data"
    # https://specifications.freedesktop.org/basedir-spec: a relative path is to be ignored.
    data = Path(os.environ.get("XDG_DATA_HOME") or "")
    if data.is_absolute():
        return data / "daily-papers"
    try:
        return Path.home() / ".local" / "share" / "daily-papers"
    except RuntimeError:  # neither HOME nor an entry in the user database
        return Path("daily-papers")


DEFAULT_HOME = _default_home()


@dataclass(frozen=True)
class Settings(HomePaths):
    """Where things are and how far the pipeline may go. Durations are seconds, sizes bytes."""

    home: Path = DEFAULT_HOME
    endpoint: str = PUBLIC_ENDPOINT
    token: str | None = field(default=None, repr=False)
    lookback: int = 7
    min_interval: float = 1.0
    lock_timeout: float = 600.0
    max_rejected_share: float = 0.5
    max_payload_bytes: int = 64 * 1024 * 1024
    alert_webhook: str | None = field(default=None, repr=False)
    alert_mail: tuple[str, ...] = ()
    alert_interval: float = 3600.0
    data_docs_port: int = 3001
    smtp: Smtp | None = None
    subscriptions_file: Path | None = None
    site_url: str | None = None
    #: ``duckdb`` or ``spark``: what builds the models.
    engine: str = "duckdb"
    #: Whether an engine that keeps its tables elsewhere writes the published file too.
    export_duckdb: bool = False
    #: A folder or a URL of an object store, in the place of the home's own.
    landing_root: Path | str | None = None
    #: A dagster.yaml in the place of the project's own: another storage, a launcher of runs.
    dagster_config: Path | None = None
    handover_root: Path | str | None = None
    #: How much is kept of what no reader needs: runs in Dagster's history, runs with pages in the Data Docs, bytes of
    #: one log file, and hours after which what a killed process left is removed.
    keep_runs: int = 20
    keep_data_docs: int = 30
    keep_log_bytes: int = 1_000_000
    keep_temporary_hours: float = 24.0

    @property
    def is_local_endpoint(self) -> bool:
        """Whether the source is a server on this machine, such as a replay."""
        return _is_local(self.endpoint)

    @property
    def writes_file(self) -> bool:
        """Whether a publication writes ``papers.duckdb``, of which report and feeds are made."""
        return self.engine == "duckdb" or self.export_duckdb

    @property
    def landing(self) -> Path | str:
        """The archive, a folder or a URL: the only thing here that can't be rebuilt."""
        return self.landing_root or self.home / "landing"

    @property
    def handover(self) -> Path | str | None:
        """Where accepted loads are handed over to another engine; None where nobody would read them."""
        return self.handover_root or (self.home / "handover" if self.engine != "duckdb" else None)

    @property
    def data_docs_url(self) -> str:
        """Where ``papers ui`` serves the Data Docs, on this machine only."""
        return f"http://127.0.0.1:{self.data_docs_port}"

    @property
    def subscriptions(self) -> Path:
        """Who gets which digest and feed."""
        return self.subscriptions_file or self.home / "subscriptions.yml"

    def at(self, home: Path | None) -> Settings:
        """The same settings with another home, if one is given."""
        return self if home is None else replace(self, home=usable_home(home))

    @classmethod
    def from_environment(cls, environ: Mapping[str, str] | None = None) -> Settings:
        """Read ``PAPERS_*`` and ``HF_TOKEN``. Raises InputError for a value that can't be used."""
        env = os.environ if environ is None else environ
        endpoint = env.get("PAPERS_ENDPOINT", PUBLIC_ENDPOINT).rstrip("/")
        _check_address(endpoint, "PAPERS_ENDPOINT", "a token goes into HF_TOKEN")
        return cls(
            home=usable_home(Path(env.get("PAPERS_HOME") or cls.home)),
            endpoint=endpoint,
            token=env.get("HF_TOKEN") or None,
            lookback=_number(env, "PAPERS_LOOKBACK", cls.lookback, int, 1, 366),
            # Politeness is for other people's servers; on this machine it would only slow the replay down.
            min_interval=_number(
                env, "PAPERS_MIN_INTERVAL", 0.0 if _is_local(endpoint) else cls.min_interval, float, 0, 3600
            ),
            lock_timeout=_number(env, "PAPERS_LOCK_TIMEOUT", cls.lock_timeout, float, 0, 86_400),
            max_rejected_share=_number(env, "PAPERS_MAX_REJECTED_SHARE", cls.max_rejected_share, float, 0, 1),
            max_payload_bytes=_number(env, "PAPERS_MAX_PAYLOAD_BYTES", cls.max_payload_bytes, int, 1024, 2**32),
            alert_webhook=env.get("PAPERS_ALERT_WEBHOOK") or None,
            alert_mail=_alert_mail(env),
            alert_interval=_number(env, "PAPERS_ALERT_INTERVAL", cls.alert_interval, float, 0, 604_800),
            data_docs_port=_number(env, "PAPERS_DATA_DOCS_PORT", cls.data_docs_port, int, 1, 65_535),
            smtp=_smtp(env),
            subscriptions_file=Path(named).expanduser().resolve()
            if (named := env.get("PAPERS_SUBSCRIPTIONS"))
            else None,
            site_url=_site_url(env),
            engine=_choice(env, "PAPERS_ENGINE", ENGINES),
            export_duckdb=_choice(env, "PAPERS_EXPORT_DUCKDB", ("no", "yes")) == "yes",
            dagster_config=Path(config).expanduser().resolve()
            if (config := env.get("PAPERS_DAGSTER_CONFIG"))
            else None,
            landing_root=storage_root(env.get("PAPERS_LANDING"), "PAPERS_LANDING"),
            handover_root=storage_root(env.get("PAPERS_HANDOVER"), "PAPERS_HANDOVER"),
            keep_runs=_number(env, "PAPERS_KEEP_RUNS", cls.keep_runs, int, 1, 100_000),
            keep_data_docs=_number(env, "PAPERS_KEEP_DATA_DOCS", cls.keep_data_docs, int, 1, 100_000),
            keep_log_bytes=_number(env, "PAPERS_KEEP_LOG_BYTES", cls.keep_log_bytes, int, 10_000, 2**40),
            keep_temporary_hours=_number(
                env, "PAPERS_KEEP_TEMPORARY_HOURS", cls.keep_temporary_hours, float, 1, 87_600
            ),
        )

    def environment(self) -> dict[str, str]:
        """What a child process (dbt, the Dagster web server) needs to see the same warehouse."""
        roots = {
            "PAPERS_LANDING": self.landing_root,
            "PAPERS_HANDOVER": self.handover_root,
            "PAPERS_DAGSTER_CONFIG": self.dagster_config,
        }
        return {
            **{name: str(root) for name, root in roots.items() if root},
            "PAPERS_ENGINE": self.engine,
            "PAPERS_EXPORT_DUCKDB": "yes" if self.export_duckdb else "no",
            "PAPERS_HOME": str(self.home),
            "PAPERS_ENDPOINT": self.endpoint,
            "PAPERS_DATA_DOCS_PORT": str(self.data_docs_port),
            "PAPERS_KEEP_RUNS": str(self.keep_runs),
            "PAPERS_KEEP_DATA_DOCS": str(self.keep_data_docs),
            "PAPERS_KEEP_LOG_BYTES": str(self.keep_log_bytes),
            "PAPERS_KEEP_TEMPORARY_HOURS": str(self.keep_temporary_hours),
            "PAPERS_RAW_DATABASE": str(self.raw_database),
            "PAPERS_NEXT_DATABASE": str(self.next_database),
            "PAPERS_MEMORY_LIMIT": MEMORY_LIMIT,
            "DAGSTER_HOME": str(self.dagster_home),
        }


#: Port by kind of security: submission with STARTTLS (RFC 6409), with TLS from the start (RFC 8314), relay.
_SMTP_PORTS = {"starttls": 587, "ssl": 465, "none": 25}
_LOOPBACK = ("127.0.0.1", "localhost", "::1")


def _smtp(env: Mapping[str, str]) -> Smtp | None:
    """The mail server that the environment names, if it names one."""
    host = env.get("PAPERS_SMTP_HOST")
    if not host:
        return None
    security = env.get("PAPERS_SMTP_SECURITY") or "starttls"
    if security not in _SMTP_PORTS:
        raise InputError(f"PAPERS_SMTP_SECURITY is {security!r}: it can be {', '.join(_SMTP_PORTS)}.")
    user, password = env.get("PAPERS_SMTP_USER") or None, env.get("PAPERS_SMTP_PASSWORD") or None
    if bool(user) != bool(password):
        raise InputError("PAPERS_SMTP_USER and PAPERS_SMTP_PASSWORD go together: set both or neither.")
    if password and security == "none" and host not in _LOOPBACK:
        raise InputError(
            "PAPERS_SMTP_SECURITY is none, which would send the password in the clear: take starttls or ssl."
        )
    sender = env.get("PAPERS_SMTP_FROM") or ""
    if not is_mail_address(sender):
        raise InputError(f"PAPERS_SMTP_FROM is {sender!r}: give the sender's address, like papers@example.org.")
    return Smtp(
        host=host,
        port=_number(env, "PAPERS_SMTP_PORT", _SMTP_PORTS[security], int, 1, 65_535),
        security=security,
        sender=sender,
        user=user,
        password=password,
        ca_file=env.get("PAPERS_SMTP_CA_FILE") or None,
        timeout=_number(env, "PAPERS_SMTP_TIMEOUT", Smtp.timeout, float, 0.1, 600),
        attempts=_number(env, "PAPERS_SMTP_ATTEMPTS", Smtp.attempts, int, 1, 10),
        retry_wait=_number(env, "PAPERS_SMTP_RETRY_WAIT", Smtp.retry_wait, float, 0, 600),
    )


def _alert_mail(env: Mapping[str, str]) -> tuple[str, ...]:
    addresses = tuple(text.strip() for text in env.get("PAPERS_ALERT_MAIL", "").split(",") if text.strip())
    for address in addresses:
        if not is_mail_address(address):
            raise InputError(f"PAPERS_ALERT_MAIL: {address!r} is no mail address like ada@example.org.")
    return addresses


def _site_url(env: Mapping[str, str]) -> str | None:
    url = env.get("PAPERS_SITE_URL") or None
    if url:
        _check_address(url, "PAPERS_SITE_URL", "readers of the feeds would see it")
    return url.rstrip("/") if url else None


def _check_address(url: str, what: str, why: str) -> None:
    """Raises InputError for what is no plain web address. What may be a secret is not repeated: it would be stored."""
    try:
        parts = urlsplit(url)
        is_address = parts.scheme in ("http", "https") and bool(parts.hostname) and (parts.port or 1) > 0
    except ValueError:
        is_address = False
    if any(mark in url for mark in "@?#"):
        raise InputError(f"{what} holds a user, a password or a query: give the address alone; {why}.")
    if not is_address:
        raise InputError(f"{what} is {url!r}: give an http:// or https:// address.")


def is_mail_address(text: str) -> bool:
    """Whether a text is one plain ASCII address, as SMTP without extensions takes it."""
    local, _, domain = text.partition("@")
    return bool(
        re.fullmatch(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*", local)
        and re.fullmatch(r"(?!-)[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)*", domain)
        and len(local) <= 64
        and len(domain) <= 253
    )


def _is_local(endpoint: str) -> bool:
    return urlsplit(endpoint).hostname in ("127.0.0.1", "localhost", "::1")


def _choice(env: Mapping[str, str], name: str, choices: tuple[str, ...]) -> str:
    """One of the choices, the first if nothing is said."""
    text = env.get(name) or choices[0]
    if text not in choices:
        raise InputError(f"{name} is {text!r}: it can be {' or '.join(choices)}.")
    return text


def storage_root(text: str | None, what: str) -> Path | str | None:
    """A folder, or the URL of a place on an object store. Raises InputError for a URL with more than its place."""
    if not text:
        return None
    if "://" not in text:
        return Path(text).expanduser().resolve()
    address = urlsplit(text)
    if not address.netloc or "@" in address.netloc or address.query or address.fragment:
        raise InputError(
            f"{what} is no address like s3://bucket/prefix: credentials and options belong into the environment."
        )
    return text.rstrip("/")


T = TypeVar("T", int, float)


def _number(env: Mapping[str, str], name: str, default: T, kind: type[T], low: float, high: float) -> T:
    text = env.get(name)
    if not text:
        return default
    try:
        value = kind(text)
    except ValueError:
        value = None
    if value is None or not low <= value <= high:
        raise InputError(f"{name} is {text!r}: give a number from {low:g} to {high:g}.")
    return value
