"""Typed records of Daily Papers, the same for all three formats.

A field is ``None`` when the payload lacks it. Zero, an empty text and an empty list are
values and stay as received. Times are UTC.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import Any, Literal

import msgspec

Format = Literal["api_json", "page_html", "page_text"]
#: ``daily``: the list of one date. ``search``: hits of a search page, which are listed on no date by it. ``trending``:
#: the site's trending list, which is of no date; an entry's position is its rank. ``paper``: the details of one paper.
ListingKind = Literal["daily", "search", "trending", "paper"]


class Author(msgspec.Struct, frozen=True, gc=False):
    """One author row of one paper, as listed. ``author_row_id`` never identifies a person."""

    name: str
    author_row_id: str | None = None
    account_id: str | None = None
    account_handle: str | None = None
    account_name: str | None = None
    status: str | None = None
    status_changed_at: datetime | None = None
    is_hidden: bool | None = None


class Organization(msgspec.Struct, frozen=True, gc=False):
    """An organization as listed, untrimmed. A text page knows no id."""

    slug: str
    name: str
    organization_id: str | None = None


class Submitter(msgspec.Struct, frozen=True, gc=False):
    """The account that submitted the paper to the daily list."""

    account_id: str | None = None
    handle: str | None = None
    name: str | None = None


class Entry(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One paper on one listing, as it was at one moment.

    ``title`` is empty where the record has none.
    ``position`` counts from 1 in the order received (over all pages of a fetch) and keeps its number
    when entries before it were refused. ``published_at`` is the paper's own time, ``published_on`` its UTC
    day (a text page knows only the day). ``submitted_at`` is the submission to the list.
    ``code_url`` is ``githubRepo`` as sent, or on a text page the first repository URL of the abstract;
    ``code_added_by`` is ``githubRepoAddedBy`` as sent, such as ``user``.
    ``extra`` is a JSON object of the unknown and unusable fields, path to value as received.
    """

    position: int
    title: str
    paper_id: str | None = None
    abstract: str | None = None
    published_at: datetime | None = None
    published_on: date | None = None
    submitted_at: datetime | None = None
    upvotes: int | None = None
    comments: int | None = None
    author_count: int | None = None
    authors: tuple[Author, ...] = ()
    organization: Organization | None = None
    submitter: Submitter | None = None
    code_url: str | None = None
    code_added_by: str | None = None
    github_stars: int | None = None
    project_url: str | None = None
    ai_summary: str | None = None
    ai_summary_model: str | None = None
    ai_keywords: tuple[str, ...] = ()
    discussion_id: str | None = None
    thumbnail_url: str | None = None
    is_author_participating: bool | None = None
    extra: str | None = None


class Observation(msgspec.Struct, frozen=True, gc=False):
    """One entry of a listing that was parsed with an ``EntryCache``: its counts, and ``content``, which the cache's
    ``content_of`` computed from the rest when the entry was first parsed.
    """

    position: int
    paper_id: str | None
    submitted_at: datetime | None
    upvotes: int | None
    comments: int | None
    github_stars: int | None
    content: Any


class Refusal(msgspec.Struct, frozen=True, kw_only=True):
    """One record of a listing that can't be used, and why. ``record`` is what was received."""

    position: int
    reason_code: str
    field_path: str | None
    detail: str
    record: bytes


class FieldSeen(msgspec.Struct, frozen=True, gc=False):
    """How often a field path occurred in one listing: the raw material of schema drift.

    ``path`` as in ``paper.authors[].user._id``; ``parents`` counts the objects that could have held it;
    ``present`` those that did; ``types`` the JSON types met, sorted and joined by ``|``; ``is_known``
    whether the parser knows the field.
    """

    path: str
    types: str
    present: int
    parents: int
    is_known: bool


class PaperTotals(msgspec.Struct, frozen=True):
    """How many models, datasets and Spaces of the site refer to a paper; None where the site does not say.

    ``is_found`` is False where the site answered that it has no such paper (404).
    """

    paper_id: str
    is_found: bool
    models: int | None = None
    datasets: int | None = None
    spaces: int | None = None


class Listing(msgspec.Struct, frozen=True, kw_only=True):
    """One capture, parsed: its entries, its refused records, its fields.

    Every record received is in exactly one of ``entries`` and ``refusals``, or counted in ``unlisted_refusals``; when
    it was parsed with an ``EntryCache``, ``observations`` replaces ``entries``.
    ``served_date`` is the date the payload itself claims to be for, if it says one. ``totals`` are those of the paper
    of a ``paper`` capture; one that can't be used is a refusal besides the entry, which is used.
    """

    format: Format
    kind: ListingKind
    served_date: date | None
    entries: tuple[Entry, ...]
    refusals: tuple[Refusal, ...]
    fields: tuple[FieldSeen, ...]
    observations: tuple[Observation, ...] = ()
    #: Refused records beyond those in ``refusals``, which holds the first hundred.
    unlisted_refusals: int = 0
    totals: PaperTotals | None = None

    @property
    def refused(self) -> int:
        """Records that can't be used."""
        return len(self.refusals) + self.unlisted_refusals

    @property
    def received(self) -> int:
        """Records received, used or not."""
        return len(self.entries) + len(self.observations) + self.refused
