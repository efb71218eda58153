"""What exists in the sample: papers, author rows, accounts, organizations, and which day lists which paper.

Plain records, filled by ``month`` (the ordinary month) and ``traps`` (the oddities), read by ``shapes``.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta

from tests.worlds.timeline import Growth, Timeline

FIRST_DATE, LAST_DATE = date(2026, 9, 1), date(2026, 9, 30)
#: No ordinary paper of these last days draws a crowd, so that the late riser stands out.
CALM_FROM = date(2026, 9, 21)


@dataclass(frozen=True)
class Account:
    """A claimed or submitting account. ``id_key`` is the key its id is sent under, None: no id is sent."""

    account_id: str
    handle: str
    fullname: str
    is_pro: bool = False
    sends_name: bool = False
    id_key: str | None = "_id"


@dataclass(frozen=True)
class Claim:
    """An account on an author row, with the status the site gives it."""

    account: Account
    status: str
    changed_at: datetime


@dataclass
class AuthorRow:
    """One author row of one paper."""

    row_id: str
    name: str
    claim: Timeline[Claim] = field(default_factory=Timeline)


@dataclass(frozen=True)
class Organization:
    """An organization id with the slug and full name it had at each time."""

    organization_id: str
    forms: Timeline[tuple[str, str]]
    has_avatar: bool = True


@dataclass(frozen=True)
class Person:
    """An invented person with the forms their name is listed under (the first is the usual one)."""

    forms: tuple[str, ...]
    account: Account | None


@dataclass
class Paper:
    """One invented paper. Every ``Timeline`` and ``growth`` is evaluated at the moment of an observation."""

    paper_id: str
    title: str
    abstract: Timeline[str]
    published_on: date
    authors: list[AuthorRow]
    growth: Growth
    submitter: Account
    discussion_id: str
    organization: Timeline[Organization]
    repository: Timeline[str]
    repository_by: str
    project_url: str | None
    ai_summary: Timeline[str]
    keywords: tuple[str, ...]
    media_url: str | None
    has_thumbnail: bool
    comments_per_vote: float
    stars_per_vote: float


@dataclass(frozen=True)
class Placement:
    """A paper on the list of one date, visible from ``submitted_at``."""

    paper: Paper
    submitted_at: datetime


@dataclass
class World:
    """Everything there is: what each date lists, in order of submission. Weekends list nothing."""

    listings: dict[date, list[Placement]]
    organizations: dict[str, Organization]
    #: Where each oddity is: its name → (listing date, paper id), one for each paper that shows it.
    traps: dict[str, list[tuple[date, str]]] = field(default_factory=dict)

    @property
    def papers(self) -> list[Paper]:
        """Every paper once, in order of first listing."""
        unique = {p.paper.paper_id: p.paper for day in self.listings.values() for p in day}
        return list(unique.values())


def at(day: date, hour: int, minute: int = 0) -> datetime:
    """A UTC moment."""
    return datetime.combine(day, time(hour, minute), tzinfo=UTC)


def days() -> list[date]:
    """The listing dates of the demo."""
    return [FIRST_DATE + timedelta(days=n) for n in range((LAST_DATE - FIRST_DATE).days + 1)]
