"""Compute when an old entry was submitted, from a field whose meaning changed twice.

The top-level ``publishedAt`` of the API held, by the time of the fetch (measured on 5,841 entries):

    until 2024-11-28   the time of submission, UTC
    until 2025-03-10   the time of submission in New York, marked ``Z`` (UTC) by mistake: 336 entries fall on their
                       listing date only after the conversion to UTC, none only without it
    since then         ``paper.publishedAt`` in New York time, marked ``Z``; it says nothing about the submission

``submittedOnDailyAt`` exists since 2025-03-17. Where an entry has it, this module is not used.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

#: The last listing in UTC was observed on 2024-11-28 at 17:08, the first one in New York time a day later.
WALL_TIME_SINCE = datetime(2024, 11, 28, 18, tzinfo=UTC)
#: Listings of 2025-03-10 still have the submission, those of 2025-03-11 do not.
SUBMISSION_UNTIL = datetime(2025, 3, 10, 20, tzinfo=UTC)


def submission_from_top_level(
    stamped: datetime, paper_published_at: datetime, listing_date: date | None
) -> datetime | None:
    """The submission (UTC) by a top-level ``publishedAt``, or None if that is not the submission.

    The meaning depends on the day of the fetch, not of the paper: an older listing that is fetched later has New York
    time. ``listing_date`` is the UTC day of the submission. Where only one of the two meanings falls on it, that one is
    returned, else the meaning usual at that time; the batch gate checks the day.
    """
    if paper_published_at - stamped in (timedelta(0), timedelta(hours=4), timedelta(hours=5)):
        return None
    if stamped > SUBMISSION_UNTIL:
        return None
    converted = from_new_york(stamped)
    likely, other = (converted, stamped) if stamped >= WALL_TIME_SINCE else (stamped, converted)
    if listing_date is not None and likely.date() != listing_date and other.date() == listing_date:
        return other
    return likely


def from_new_york(wall: datetime) -> datetime:
    """UTC of a time in New York that is marked as UTC. Daylight saving by the rules since 2007.

    Computed here, because a machine may lack a time zone database.
    """
    starts = _sunday(wall.year, 3, 2).replace(hour=2)
    ends = _sunday(wall.year, 11, 1).replace(hour=2)
    return wall + timedelta(hours=4 if starts <= wall < ends else 5)


def _sunday(year: int, month: int, nth: int) -> datetime:
    first = datetime(year, month, 1, tzinfo=UTC)
    return first + timedelta(days=(6 - first.weekday()) % 7 + 7 * (nth - 1))
