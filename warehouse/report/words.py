"""Numbers, dates, listed texts and links as the pages show them: the filters of the templates."""

from __future__ import annotations

import math
import re
from datetime import date, datetime
from urllib.parse import quote

from markupsafe import Markup, escape

from warehouse.display import code_link, one_line, plural, readable_title

MISSING = "–"
#: No real title or name comes near; a hostile one must not fill a page.
MAX_TEXT_LENGTH = 300


def clean(text: str | None, longest: int = MAX_TEXT_LENGTH) -> str:
    """A listed text as one line of bounded length, with U+FFFD for control characters and marks of direction."""
    return one_line(text[: 4 * longest], longest, hidden="\ufffd") if text else ""


def title(text: str | None, longest: int = MAX_TEXT_LENGTH) -> str:
    """A paper's title as one readable line, its length bounded."""
    return clean(readable_title(text[: 4 * MAX_TEXT_LENGTH]) if text else text, longest)


def count(value: int | None) -> str:
    """A whole number with thousands apart: ``12,345``."""
    return MISSING if value is None else f"{value:,}".replace("-", "−")


def signed(value: int | None) -> str:
    """A change with its sign: ``+12``, ``−3``, ``0``."""
    return MISSING if value is None else f"{value:+,}".replace("-", "−") if value else "0"


def times(value: float | None) -> str:
    """A ratio: ``2.4×``."""
    return MISSING if value is None else f"{value:.1f}×"


def decimal(value: float | None, digits: int = 1) -> str:
    """A number with a fixed number of decimals."""
    return MISSING if value is None else f"{value:,.{digits}f}".replace("-", "−")


def share(value: float | None, digits: int = 0) -> str:
    """A share of 0 to 1 as ``96 %``."""
    return MISSING if value is None else f"{100 * value:.{digits}f} %".replace("-", "−")


def percentile(value: float | None) -> str:
    """A share of 0 to 1 as percent, rounded down: 100 % means ahead of all others."""
    return MISSING if value is None else f"{whole_percent(value)} %"


def whole_percent(value: float) -> int:
    """A share of 0 to 1 in whole percent, rounded down."""
    return math.floor(100 * value + 1e-9)


def day(value: date | None) -> str:
    """A date: ``9 Mar 2026``."""
    return MISSING if value is None else f"{value.day} {value:%b} {value.year}"


def moment(value: datetime | None) -> str:
    """A moment (UTC) to the minute: ``9 Mar 2026, 10:31``."""
    return MISSING if value is None else f"{day(value)}, {value:%H:%M}"


def with_code(text: str) -> Markup:
    """A description of the contract: text between backticks becomes code, the rest is escaped."""
    parts = text.split("`")
    return Markup("").join(
        Markup("<code>{}</code>").format(part) if index % 2 else escape(part) for index, part in enumerate(parts)
    )


def breakable(name: str) -> Markup:
    """A long identifier that a browser may break after ``_``, ``.``, ``]`` and ``/``."""
    return Markup("<wbr>").join(escape(part) for part in re.split(r"(?<=[_.\]/])", clean(name, 160)))


def listing_link(listed_on: date | None) -> str | None:
    """The page of the listing of a date."""
    return f"https://huggingface.co/papers/date/{listed_on:%Y-%m-%d}" if listed_on else None


def search_link(text: str | None) -> str:
    """The search page with this text as query, relative to the report's folder."""
    return f"search.html?q={quote(clean(text, 80))}"


FILTERS = {
    f.__name__: f
    for f in (
        clean,
        title,
        count,
        plural,
        signed,
        times,
        decimal,
        share,
        percentile,
        day,
        moment,
        with_code,
        breakable,
    )
}
LINKS = {f.__name__: f for f in (code_link, listing_link)}
