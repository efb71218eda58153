"""Environment variables as typed values: the fields of a settings class declare name, type, bounds and meaning.

Belongs here: reading and checking values, and the sentence for one that can't be used. The settings are in
``settings.py``. Types and bounds are msgspec's: it is loaded in 4 ms, pydantic-settings in 600 ms (2026-11-28).
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Literal, get_args, get_origin, get_type_hints
from urllib.parse import urlsplit

import msgspec
from msgspec import Meta

from warehouse.errors import InputError
from warehouse.home import usable_home

#: Makes a value of a text. Gets the text and the name of the variable, raises InputError.
Parser = Callable[[str, str], Any]
LOOPBACK_HOSTS = ("127.0.0.1", "localhost", "::1")
#: Less memory does not hold the models' largest joins.
_MIN_MEMORY_BYTES = 256_000_000
_MAX_DAYS = 3650
#: Minute, hour, day of the month, month, weekday: https://man7.org/linux/man-pages/man5/crontab.5.html
_CRON_BOUNDS = ((0, 59), (0, 23), (1, 31), (1, 12), (0, 7))
_CRON_NAMES = ("@hourly", "@daily", "@midnight", "@weekly", "@monthly", "@yearly", "@annually")
_UNIT_BYTES = {
    **{"KB": 10**3, "MB": 10**6, "GB": 10**9, "TB": 10**12},
    **{"KIB": 2**10, "MIB": 2**20, "GIB": 2**30, "TIB": 2**40},
}


def setting(
    name: str,
    meaning: str,
    *,
    parse: Parser | None = None,
    allowed: str = "",
    default: str = "",
    ge: float | None = None,
    le: float | None = None,
) -> Meta:
    """Metadata for the annotation of a field: the environment variable ``name`` sets it.

    ``ge`` and ``le`` are the bounds of a number. ``parse`` reads a value that msgspec can't, and ``allowed`` describes
    what it accepts; ``default`` describes a default that is computed.
    """
    return Meta(
        description=meaning, extra={"name": name, "parse": parse, "allowed": allowed, "default": default}, ge=ge, le=le
    )


@dataclass(frozen=True)
class Variable:
    """One setting: the environment variable of a field."""

    name: str
    field: str
    type: Any
    meta: Meta
    default: Any

    def value(self, text: str) -> Any:
        """The typed value of a text. Raises InputError with one sentence: the variable, the text, what is allowed."""
        parse: Parser | None = (self.meta.extra or {})["parse"]
        if parse:
            return parse(text, self.name)
        try:
            return msgspec.convert(text.strip() if self.is_number else text, self.type, strict=False)
        except (msgspec.ValidationError, UnicodeEncodeError):
            advice = f"give a number from {self.allowed}" if self.is_number else f"it can be {self.allowed}"
            raise InputError(f"{self.name} is {text!r}: {advice}.") from None

    @property
    def is_number(self) -> bool:
        """Whether the field is an int or a float, with bounds."""
        return get_args(self.type)[0] in (int, float)

    @property
    def allowed(self) -> str:
        """The bounds or choices as text; empty if any text is allowed."""
        kind = get_args(self.type)[0]
        if self.is_number:
            low, high = (f"{bound:g}" if kind is float else f"{bound}" for bound in (self.meta.ge, self.meta.le))
            return f"{low} to {high}"
        if get_origin(kind) is Literal:
            *first, last = get_args(kind)
            return f"{', '.join(first)} or {last}"
        return str((self.meta.extra or {})["allowed"])


@cache
def variables(settings_class: type) -> tuple[Variable, ...]:
    """The variables that the annotated fields of a settings class declare, in their order."""
    hints = get_type_hints(settings_class, include_extras=True)
    found = []
    for field in dataclasses.fields(settings_class):
        kind = hints[field.name]
        meta = next((part for part in getattr(kind, "__metadata__", ()) if isinstance(part, Meta)), None)
        if meta is not None:
            found.append(Variable((meta.extra or {})["name"], field.name, kind, meta, field.default))
    return tuple(found)


def read_variables(settings_class: type, environ: Mapping[str, str]) -> dict[str, Any]:
    """The values of the variables that are set and not empty, by field. Raises InputError for the first bad one."""
    return {
        variable.field: variable.value(text)
        for variable in variables(settings_class)
        if (text := environ.get(variable.name))
    }


def parse_yes_or_no(text: str, name: str) -> bool:
    """A switch."""
    if text not in ("no", "yes"):
        raise InputError(f"{name} is {text!r}: it can be no or yes.")
    return text == "yes"


def parse_days(text: str, name: str) -> tuple[int, ...]:
    """Numbers of days with commas between, ascending, each once."""
    days = [part.strip() for part in text.split(",") if part.strip()]
    if not days or not all(re.fullmatch(r"[0-9]{1,4}", day) and 1 <= int(day) <= _MAX_DAYS for day in days):
        raise InputError(
            f"{name} is {text!r}: give numbers of days from 1 to {_MAX_DAYS} with commas between, like 3,7,30."
        )
    return tuple(sorted(set(map(int, days))))


def parse_schedule(text: str, name: str) -> str:
    """A cron expression. Dagster checks the rest, such as the 30th of February, when it reads the definitions."""
    fields = text.split()
    is_in_range = len(fields) == len(_CRON_BOUNDS) and all(
        re.fullmatch(r"[\w*/,#?-]+", field, re.ASCII) and all(low <= int(n) <= high for n in re.findall(r"\d+", field))
        for field, (low, high) in zip(fields, _CRON_BOUNDS, strict=True)
    )
    if not is_in_range and text.strip() not in _CRON_NAMES:
        raise InputError(
            f"{name} is {text!r}: give a cron expression of five fields (minute, hour, day, month, weekday), like "
            "45 2-22/4 * * *, or @daily."
        )
    return " ".join(fields)


def parse_path(text: str, name: str) -> Path:
    """The absolute path of a file or folder."""
    try:
        return Path(text).expanduser().resolve()
    except (RuntimeError, OSError) as error:  # a user without a home directory, a loop of links
        raise InputError(f"{name} is {text!r} ({error}): give the whole path.") from None


def parse_home(text: str, name: str) -> Path:
    """The folder of a warehouse."""
    return usable_home(Path(text))


def parse_storage_root(text: str, name: str) -> Path | str:
    """A folder, or the URL of a place on an object store. Raises InputError for a URL with credentials or options."""
    if "://" not in text:
        return parse_path(text, name)
    address = urlsplit(text)
    if not address.netloc or "@" in address.netloc or address.query or address.fragment:
        raise InputError(
            f"{name} is no address like s3://bucket/prefix: credentials and options belong into the environment."
        )
    return text.rstrip("/")


def parse_endpoint(text: str, name: str) -> str:
    """The address of the source, without a slash at its end."""
    return _web_address(text, name, "a token goes into HF_TOKEN")


def parse_site_url(text: str, name: str) -> str:
    """The address that readers of the feeds use, without a slash at its end."""
    return _web_address(text, name, "readers of the feeds would see it")


def _web_address(text: str, name: str, why: str) -> str:
    """Raises InputError for anything but a plain web address. Messages do not repeat what may be a secret."""
    url = text.rstrip("/")
    try:
        parts = urlsplit(url)
        is_address = parts.scheme in ("http", "https") and bool(parts.hostname) and (parts.port or 1) > 0
    except ValueError:
        is_address = False
    if any(mark in url for mark in "@?#"):
        raise InputError(f"{name} holds a user, a password or a query: give the address alone; {why}.")
    if not is_address:
        raise InputError(f"{name} is {url!r}: give an http:// or https:// address.")
    return url


def is_local(endpoint: str) -> bool:
    """Whether an address is of a server on this machine."""
    return urlsplit(endpoint).hostname in LOOPBACK_HOSTS


def parse_mail_addresses(text: str, name: str) -> tuple[str, ...]:
    """Mail addresses with commas between them."""
    addresses = tuple(part.strip() for part in text.split(",") if part.strip())
    for address in addresses:
        if not is_mail_address(address):
            raise InputError(f"{name}: {address!r} is no mail address like ada@example.org.")
    return addresses


def parse_sender(text: str, name: str) -> str:
    """The mail address of a sender."""
    if not is_mail_address(text):
        raise InputError(f"{name} is {text!r}: give the sender's address, like papers@example.org.")
    return text


def is_mail_address(text: str) -> bool:
    """Whether a text is one plain ASCII address, as SMTP without extensions accepts it."""
    local, _, domain = text.partition("@")
    return bool(
        re.fullmatch(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*", local)
        and re.fullmatch(r"(?!-)[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)*", domain)
        and len(local) <= 64
        and len(domain) <= 253
    )


def parse_memory_limit(text: str, name: str) -> str:
    """A size of memory that DuckDB reads, such as 3GB."""
    found = re.fullmatch(r"(\d+(?:\.\d+)?) ?([KMGT]i?B)", text.strip(), re.IGNORECASE)
    if not found or float(found[1]) * _UNIT_BYTES[found[2].upper()] < _MIN_MEMORY_BYTES:
        raise InputError(f"{name} is {text!r}: give a size of at least {_MIN_MEMORY_BYTES // 10**6}MB, such as 3GB.")
    return text.strip()
