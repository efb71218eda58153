"""Parse the dates of pages: ``Mar 12, 2023``, or ``Mar 11`` without the current year; a comment count may follow."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta

from sources.daily_papers.payload_types import MAX_COMMENTS, MAX_YEAR, MIN_YEAR

_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_PAGE_DATE = re.compile(
    r"(?:Published on )?(?P<month>Jan(?:uary)?|Feb(?:ruary)?|Mar(?:ch)?|Apr(?:il)?|May|June?|July?"
    r"|Aug(?:ust)?|Sept?(?:ember)?|Oct(?:ober)?|Nov(?:ember)?|Dec(?:ember)?)\.?\s+"
    r"(?P<day>\d{1,2})(?:,\s*(?P<year>\d{4}))?(?:\s+(?P<comments>\d[\d,]*(?:\.\d+)?k?))?",
    re.I,
)


@dataclass(frozen=True)
class PageDate:
    """A printed date. ``year`` is None if it is not printed, ``comments`` if it is not printed or too large."""

    month: int
    day: int
    year: int | None
    comments: int | None
    has_comments: bool = field(default=False, compare=False)

    def on(self, observed_at: datetime) -> date | None:
        """The date on a page captured at ``observed_at`` (aware; its UTC year counts).

        A missing year is the year of the capture, or an earlier one if the date would be more than a day in the
        future (time zones). None if there is no such date.
        """
        if self.year is not None:
            return _day(self.year, self.month, self.day) if MIN_YEAR <= self.year <= MAX_YEAR else None
        today = observed_at.astimezone(UTC).date()
        latest = today + timedelta(days=1)
        for year in (latest.year, latest.year - 1, latest.year - 2):
            day = _day(year, self.month, self.day)
            if day is not None and day <= latest:
                return day
        return None


def read_page_date(text: str) -> PageDate | None:
    """The date of a text that is a date alone, else None."""
    match = _PAGE_DATE.fullmatch(text.strip()) if len(text) <= 60 else None
    if match is None:
        return None
    month = _MONTHS.index(match["month"][:3].lower()) + 1
    year = int(match["year"]) if match["year"] else None
    # 2024 has a 29 February: without a year, a day is valid if it exists in a leap year.
    if _day(year or 2024, month, int(match["day"])) is None:
        return None
    comments = read_count(match["comments"], MAX_COMMENTS) if match["comments"] else None
    return PageDate(month, int(match["day"]), year, comments, has_comments=match["comments"] is not None)


def read_count(text: str, largest: int) -> int | None:
    """A printed number like ``1,360`` or ``1.36k`` (rounded by the page); None if it is more than ``largest``."""
    digits = text.lower().replace(",", "")
    if len(digits) > 12:
        return None
    count = round(float(digits[:-1]) * 1000) if digits.endswith("k") else int(float(digits))
    return count if count <= largest else None


def _day(year: int, month: int, day: int) -> date | None:
    try:
        return date(year, month, day)
    except ValueError:
        return None
