"""The settings of a warehouse: each field is one environment variable with its type, bounds, default and meaning.

`make dictionary` writes the tables of settings in ``docs/`` from these fields. Two things read the environment besides:
dbt's profile (``dbt_project/profiles.yml``), and libraries (proxies, ``AWS_*``).
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Annotated, Literal

from warehouse.errors import InputError
from warehouse.home import HomePaths, usable_home
from warehouse.variables import (
    LOOPBACK_HOSTS,
    is_local,
    parse_days,
    parse_endpoint,
    parse_home,
    parse_mail_addresses,
    parse_memory_limit,
    parse_path,
    parse_schedule,
    parse_sender,
    parse_site_url,
    parse_storage_root,
    parse_yes_or_no,
    read_variables,
    setting,
)

_PACKAGE = Path(__file__).resolve().parent
#: The folder of the packages: the checkout, or ``site-packages``, which may be read-only.
PROJECT_ROOT = _PACKAGE.parent
#: Whether this is an installed wheel, which holds the dbt project inside this package.
IS_INSTALLED = (_PACKAGE / "dbt_project").is_dir()
DBT_PROJECT = (_PACKAGE if IS_INSTALLED else PROJECT_ROOT) / "dbt_project"
PUBLIC_ENDPOINT = "https://huggingface.co"
#: Memory of one DuckDB process before it spills to disk: a run has one busy at a time, beside 2 GB of Python.
MEMORY_LIMIT = "3GB"
#: Ages in days at which a listing is observed again.
MILESTONES = (3, 4, 5, 6, 7, 10, 14, 21, 30, 45, 60, 90, 120, 180, 270, 365)
#: Every four hours (cron, UTC). The run of 02:45 follows the end of the site's day, 21:30 in New York; that of 22:45
#: comes before the digest.
SCHEDULE = "45 2-22/4 * * *"
#: Port by kind of security: submission with STARTTLS (RFC 6409), implicit TLS (RFC 8314), relay.
_SMTP_PORTS = {"starttls": 587, "ssl": 465, "none": 25}


@dataclass(frozen=True)
class Smtp:
    """The mail server for digests and alerts."""

    host: Annotated[str, setting("PAPERS_SMTP_HOST", "the mail server", default="none: nothing can be sent")]
    port: Annotated[int, setting("PAPERS_SMTP_PORT", "its port", default="587, 465 or 25", ge=1, le=65_535)]
    security: Annotated[
        Literal["starttls", "ssl", "none"],
        setting(
            "PAPERS_SMTP_SECURITY",
            "`starttls`, `ssl` (both with a verified certificate), or `none` for a relay on a trusted network",
        ),
    ] = "starttls"
    sender: Annotated[str, setting("PAPERS_SMTP_FROM", "the sender's address", parse=parse_sender)] = ""
    user: Annotated[
        str | None, setting("PAPERS_SMTP_USER", "login; never sent without TLS to another machine", default="no login")
    ] = None
    password: Annotated[str | None, setting("PAPERS_SMTP_PASSWORD", "goes with the login; logged nowhere")] = field(
        default=None, repr=False
    )
    ca_file: Annotated[
        str | None,
        setting("PAPERS_SMTP_CA_FILE", "certificates (PEM) to trust instead of the system's", default="the system's"),
    ] = None
    timeout: Annotated[float, setting("PAPERS_SMTP_TIMEOUT", "seconds for each step", ge=0.1, le=600)] = 30.0
    attempts: Annotated[int, setting("PAPERS_SMTP_ATTEMPTS", "tries for each recipient", ge=1, le=10)] = 3
    retry_wait: Annotated[
        float, setting("PAPERS_SMTP_RETRY_WAIT", "seconds before the second try, doubled each time", ge=0, le=600)
    ] = 5.0

    @classmethod
    def from_environment(cls, environ: Mapping[str, str]) -> Smtp | None:
        """The mail server, if one is named. Raises InputError for values that can't be used, alone or together."""
        values = read_variables(cls, environ)
        if "host" not in values:
            return None
        security = values.get("security", cls.security)
        if ("user" in values) != ("password" in values):
            raise InputError("PAPERS_SMTP_USER and PAPERS_SMTP_PASSWORD go together: set both or neither.")
        if "password" in values and security == "none" and values["host"] not in LOOPBACK_HOSTS:
            raise InputError(
                "PAPERS_SMTP_SECURITY is none, which would send the password in the clear: take starttls or ssl."
            )
        values["sender"] = parse_sender(values.get("sender", ""), "PAPERS_SMTP_FROM")
        return cls(**{"port": _SMTP_PORTS[security], **values})


def _default_home() -> Path:
    """The home without PAPERS_HOME: in a checkout, or in the user's data directory."""
    if not IS_INSTALLED:
        return _PACKAGE / "data"
    # A relative path must be ignored: https://specifications.freedesktop.org/basedir-spec
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
    """Where a warehouse is and the limits of its pipeline. Durations are seconds, sizes bytes."""

    home: Annotated[
        Path,
        setting(
            "PAPERS_HOME",
            "the folder of the warehouse",
            parse=parse_home,
            default="`warehouse/data` in a checkout; installed, `~/.local/share/daily-papers` (below `XDG_DATA_HOME` "
            "where that is set)",
        ),
    ] = DEFAULT_HOME
    endpoint: Annotated[str, setting("PAPERS_ENDPOINT", "the source", parse=parse_endpoint)] = PUBLIC_ENDPOINT
    token: Annotated[
        str | None,
        setting(
            "HF_TOKEN",
            "raises the source's rate limits; sent to the endpoint only, logged nowhere; one that can't be sent or is "
            "refused (401) is left out, and the run says so",
        ),
    ] = field(default=None, repr=False)
    schedule: Annotated[
        str,
        setting(
            "PAPERS_SCHEDULE",
            "when Dagster's schedule starts runs, a cron expression in UTC",
            parse=parse_schedule,
            allowed="five fields, or `@hourly`, `@daily`, …",
        ),
    ] = SCHEDULE
    milestones: Annotated[
        tuple[int, ...],
        setting(
            "PAPERS_MILESTONES",
            "ages in days at which a listing is observed again, after two days in which every run observes it; after "
            "the last age once a year",
            parse=parse_days,
            allowed="numbers from 1 to 3650 with commas between",
            default=f"`{','.join(map(str, MILESTONES))}`",
        ),
    ] = MILESTONES
    lookback: Annotated[
        int,
        setting(
            "PAPERS_LOOKBACK",
            "listing dates that the first run of a home observes, and a run with `--date`",
            ge=1,
            le=366,
        ),
    ] = 7
    max_requests: Annotated[
        int,
        setting(
            "PAPERS_MAX_REQUESTS",
            "HTTP requests that a run sends at most, retries included; those for the dates of `--date`, `--lookback`, "
            "`backfill` and chosen partitions do not count",
            ge=10,
            le=100_000,
        ),
    ] = 60
    trending: Annotated[
        bool,
        setting(
            "PAPERS_TRENDING",
            "`no`: a run does not observe the site's trending list, which takes one request",
            parse=parse_yes_or_no,
            allowed="no or yes",
        ),
    ] = True
    adoption: Annotated[
        bool,
        setting(
            "PAPERS_ADOPTION",
            "`yes`: a run observes how many models, datasets and Spaces refer to a paper, with the requests that the "
            "listings leave, one for each paper at the ages of PAPERS_MILESTONES",
            parse=parse_yes_or_no,
            allowed="no or yes",
        ),
    ] = False
    min_interval: Annotated[
        float,
        setting(
            "PAPERS_MIN_INTERVAL",
            "seconds between two requests",
            default="1 (0 for a source on this machine)",
            ge=0,
            le=3600,
        ),
    ] = 1.0
    lock_timeout: Annotated[
        float, setting("PAPERS_LOCK_TIMEOUT", "seconds to wait for another run", ge=0, le=86_400)
    ] = 600.0
    max_rejected_share: Annotated[
        float,
        setting("PAPERS_MAX_REJECTED_SHARE", "a run with a larger share of rejected loads is blocked", ge=0, le=1),
    ] = 0.5
    max_payload_bytes: Annotated[
        int, setting("PAPERS_MAX_PAYLOAD_BYTES", "the largest payload or file that is read", ge=1024, le=2**32)
    ] = 64 * 1024 * 1024
    memory_limit: Annotated[
        str,
        setting(
            "PAPERS_MEMORY_LIMIT",
            "memory of DuckDB while it builds the models; more is spilled to disk",
            parse=parse_memory_limit,
            allowed="a size of at least 256MB",
        ),
    ] = MEMORY_LIMIT
    alert_webhook: Annotated[
        str | None,
        setting("PAPERS_ALERT_WEBHOOK", 'gets a JSON post, `{"text": …}`, when a run of Dagster fails; logged nowhere'),
    ] = field(default=None, repr=False)
    alert_mail: Annotated[
        tuple[str, ...],
        setting(
            "PAPERS_ALERT_MAIL",
            "addresses, with commas between, that get a mail then; needs the mail server",
            parse=parse_mail_addresses,
        ),
    ] = ()
    alert_interval: Annotated[
        float, setting("PAPERS_ALERT_INTERVAL", "seconds in which at most one alert of a job is sent", ge=0, le=604_800)
    ] = 3600.0
    smtp: Smtp | None = None
    subscriptions_file: Annotated[
        Path | None,
        setting(
            "PAPERS_SUBSCRIPTIONS",
            "the file of subscriptions",
            parse=parse_path,
            default="`subscriptions.yml` in the home",
        ),
    ] = None
    site_url: Annotated[
        str | None,
        setting(
            "PAPERS_SITE_URL", "the address that serves the report, for links in feeds and mails", parse=parse_site_url
        ),
    ] = None
    engine: Annotated[Literal["duckdb", "spark"], setting("PAPERS_ENGINE", "what builds the models")] = "duckdb"
    export_duckdb: Annotated[
        bool,
        setting(
            "PAPERS_EXPORT_DUCKDB",
            "`yes`: another engine than DuckDB writes `papers.duckdb`, its Parquet, report and feeds too",
            parse=parse_yes_or_no,
            allowed="no or yes",
        ),
    ] = False
    landing_root: Annotated[
        Path | str | None,
        setting(
            "PAPERS_LANDING",
            "the landing archive, a folder or `s3://bucket/prefix`",
            parse=parse_storage_root,
            default="`landing/` in the home",
        ),
    ] = None
    dagster_config: Annotated[
        Path | None,
        setting("PAPERS_DAGSTER_CONFIG", "a `dagster.yaml` of your own", parse=parse_path, default="the project's"),
    ] = None
    handover_root: Annotated[
        Path | str | None,
        setting(
            "PAPERS_HANDOVER",
            "a folder or `s3://bucket/prefix` that the loader and the cluster both reach",
            parse=parse_storage_root,
            default="none; `handover/` in the home with another engine than DuckDB",
        ),
    ] = None
    backup_days: Annotated[
        int,
        setting(
            "PAPERS_BACKUP_DAYS",
            "age at which `papers doctor` calls the last backup too old; 0: something else than `papers backup` backs "
            "the home up",
            ge=0,
            le=3650,
        ),
    ] = 7
    keep_runs: Annotated[
        int, setting("PAPERS_KEEP_RUNS", "runs that Dagster's history keeps, with their logs", ge=1, le=100_000)
    ] = 20
    keep_data_docs: Annotated[
        int,
        setting(
            "PAPERS_KEEP_DATA_DOCS",
            "runs whose gates keep their pages in the Data Docs; `ops_gate_results` keeps all",
            ge=1,
            le=100_000,
        ),
    ] = 30
    keep_log_bytes: Annotated[
        int,
        setting(
            "PAPERS_KEEP_LOG_BYTES",
            "size at which a new log file (dbt's, the alerts') replaces the old one",
            ge=10_000,
            le=2**40,
        ),
    ] = 1_000_000
    keep_temporary_hours: Annotated[
        float,
        setting(
            "PAPERS_KEEP_TEMPORARY_HOURS", "age at which files that a killed process left are removed", ge=1, le=87_600
        ),
    ] = 24.0

    @property
    def is_local_endpoint(self) -> bool:
        """Whether the source is a server on this machine, such as a replay."""
        return is_local(self.endpoint)

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
        """Place of the accepted loads for another engine; None where no engine reads them."""
        return self.handover_root or (self.home / "handover" if self.engine != "duckdb" else None)

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
        environ = os.environ if environ is None else environ
        values = read_variables(cls, environ)
        # The interval is politeness to other people's servers: a replay on this machine needs none.
        if is_local(values.get("endpoint", cls.endpoint)):
            values.setdefault("min_interval", 0.0)
        if "home" not in values:
            values["home"] = usable_home(cls.home)
        return cls(**values, smtp=Smtp.from_environment(environ))

    def environment(self) -> dict[str, str]:
        """Variables for a child process (dbt, the Dagster web server), so that it uses the same warehouse."""
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
            "PAPERS_KEEP_RUNS": str(self.keep_runs),
            "PAPERS_KEEP_DATA_DOCS": str(self.keep_data_docs),
            "PAPERS_KEEP_LOG_BYTES": str(self.keep_log_bytes),
            "PAPERS_KEEP_TEMPORARY_HOURS": str(self.keep_temporary_hours),
            "PAPERS_RAW_DATABASE": str(self.raw_database),
            "PAPERS_NEXT_DATABASE": str(self.next_database),
            "PAPERS_MEMORY_LIMIT": self.memory_limit,
            "DAGSTER_HOME": str(self.dagster_home),
        }
