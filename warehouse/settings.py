"""Environment → one typed object. Nothing else in the project reads the environment."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path
from typing import TypeVar
from urllib.parse import urlsplit

from warehouse.errors import InputError

#: The first date with a daily list (https://huggingface.co/papers/date/2023-05-04).
FIRST_LISTING_DATE = date(2023, 5, 4)
PROJECT_ROOT = Path(__file__).resolve().parent.parent
PUBLIC_ENDPOINT = "https://huggingface.co"
#: Lies in a home whose papers are the demo's, so that invented and real ones never mix.
DEMO_MARKER = "demo.json"


@dataclass(frozen=True)
class Settings:
    """Where things are and how far the pipeline may go. Durations are seconds, sizes bytes."""

    home: Path = PROJECT_ROOT / "warehouse" / "data"
    endpoint: str = PUBLIC_ENDPOINT
    token: str | None = field(default=None, repr=False)
    lookback: int = 7
    min_interval: float = 1.0
    lock_timeout: float = 600.0
    max_rejected_share: float = 0.5
    max_payload_bytes: int = 64 * 1024 * 1024
    alert_webhook: str | None = field(default=None, repr=False)
    data_docs_port: int = 3001

    @property
    def is_local_endpoint(self) -> bool:
        """Whether the source is a server on this machine, such as a replay."""
        return _is_local(self.endpoint)

    @property
    def landing(self) -> Path:
        """The archive: the only folder here that can't be rebuilt."""
        return self.home / "landing"

    @property
    def raw_database(self) -> Path:
        return self.home / "raw.duckdb"

    @property
    def next_database(self) -> Path:
        return self.home / "next.duckdb"

    @property
    def published_database(self) -> Path:
        return self.home / "papers.duckdb"

    @property
    def overrides(self) -> Path:
        """Where people say which authors and organizations are the same, or are not."""
        return self.home / "overrides"

    @property
    def exports(self) -> Path:
        return self.home / "exports"

    @property
    def data_docs(self) -> Path:
        return self.home / "data_docs"

    @property
    def data_docs_url(self) -> str:
        """Where ``papers ui`` serves the Data Docs, on this machine only."""
        return f"http://127.0.0.1:{self.data_docs_port}"

    @property
    def dagster_home(self) -> Path:
        return self.home / "dagster"

    @property
    def dbt_target(self) -> Path:
        return self.home / "dbt"

    @property
    def lock_file(self) -> Path:
        return self.home / "writer.lock"

    def at(self, home: Path | None) -> Settings:
        """The same settings with another home, if one is given."""
        return self if home is None else replace(self, home=home.expanduser().resolve())

    @classmethod
    def from_environment(cls, environ: Mapping[str, str] | None = None) -> Settings:
        """Read ``PAPERS_*`` and ``HF_TOKEN``. Raises InputError for a value that isn't one."""
        env = os.environ if environ is None else environ
        endpoint = env.get("PAPERS_ENDPOINT", PUBLIC_ENDPOINT).rstrip("/")
        if not endpoint.startswith(("http://", "https://")):
            raise InputError(f"PAPERS_ENDPOINT is {endpoint!r}: give an http:// or https:// address.")
        return cls(
            home=Path(env.get("PAPERS_HOME") or cls.home).expanduser().resolve(),
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
            data_docs_port=_number(env, "PAPERS_DATA_DOCS_PORT", cls.data_docs_port, int, 1, 65_535),
        )

    def environment(self) -> dict[str, str]:
        """What a child process (dbt, the Dagster web server) needs to see the same warehouse."""
        return {
            "PAPERS_HOME": str(self.home),
            "PAPERS_ENDPOINT": self.endpoint,
            "PAPERS_DATA_DOCS_PORT": str(self.data_docs_port),
            "PAPERS_RAW_DATABASE": str(self.raw_database),
            "PAPERS_NEXT_DATABASE": str(self.next_database),
            "DAGSTER_HOME": str(self.dagster_home),
        }


def _is_local(endpoint: str) -> bool:
    return urlsplit(endpoint).hostname in ("127.0.0.1", "localhost", "::1")


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
