"""The entry of Daily Papers as received: every known field of the payload, strictly typed.

Belongs here: names and types of the payload's fields. Does not belong here: what a field means (``entries.py``).
A record that decodes into ``PayloadEntry`` has no unknown field, no odd type and nothing required missing;
any other record is read field by field by ``field_parser.py``, which reads its rules from these classes.
Only the id of a paper and its upvotes are required: without them a record observes nothing.
``decode_entries`` decodes a page whose records are all strict.
"""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, TypeAlias

import msgspec
from msgspec import UNSET, Meta, Struct, UnsetType

from sources.daily_papers.ids import PAPER_ID

#: Counts are stored in 32 bits; a larger number is no count of stars.
MAX_COUNT = 2**31 - 1
#: All of 19,961 real entries are far below these; a larger number is another field or another site.
MAX_UPVOTES, MAX_COMMENTS = 20_000, 5_000
#: Authors of one paper; the largest real paper has 3,303.
MAX_AUTHORS = 20_000
#: Years of plausible times of papers and accounts.
MIN_YEAR, MAX_YEAR = 1990, 2100

#: The canonical spelling; ``ids.py`` parses others.
PaperId: TypeAlias = Annotated[str, Meta(pattern=rf"\A(?:{PAPER_ID})\Z")]
#: Never blank. ``is_odd`` checks that: a pattern here takes as long as decoding all the rest.
Text: TypeAlias = Annotated[str, Meta(min_length=1)]
Count: TypeAlias = Annotated[int, Meta(ge=0, le=MAX_COUNT)]
Upvotes: TypeAlias = Annotated[int, Meta(ge=0, le=MAX_UPVOTES)]
Comments: TypeAlias = Annotated[int, Meta(ge=0, le=MAX_COMMENTS)]


class PayloadObject(Struct, forbid_unknown_fields=True, gc=False, rename={"row_id": "_id", "old_id": "id"}):
    """Base of the payload classes: a field that is absent is ``UNSET``. Fields are declared in the order of
    the payload: the decoder tries the next one first."""


class PayloadUser(PayloadObject, kw_only=True):
    """An account, in any of the places where one is embedded."""

    row_id: str | UnsetType = UNSET
    old_id: str | UnsetType = UNSET
    avatarUrl: str | UnsetType = UNSET
    isPro: bool | UnsetType = UNSET
    fullname: str | UnsetType = UNSET
    user: str | UnsetType = UNSET
    name: str | UnsetType = UNSET
    type: str | UnsetType = UNSET
    isHf: bool | UnsetType = UNSET
    isHfAdmin: bool | UnsetType = UNSET
    isMod: bool | UnsetType = UNSET
    followerCount: int | UnsetType = UNSET
    isUserFollowing: bool | UnsetType = UNSET


class PayloadOrganization(PayloadObject, kw_only=True):
    """An organization; ``name`` is its slug."""

    row_id: str | UnsetType = UNSET
    name: Text
    fullname: str | UnsetType = UNSET
    avatar: str | UnsetType = UNSET


class PayloadAuthor(PayloadObject, kw_only=True):
    """One author row of one paper."""

    row_id: str | UnsetType = UNSET
    user: PayloadUser | UnsetType = UNSET
    name: Text
    status: str | UnsetType = UNSET
    statusLastChangedAt: datetime | UnsetType = UNSET
    hidden: bool | UnsetType = UNSET


class PayloadPaper(PayloadObject, kw_only=True):
    """The ``paper`` object of an entry."""

    id: PaperId
    authors: list[PayloadAuthor] | UnsetType = UNSET
    mediaUrls: list[str] | UnsetType = UNSET
    publishedAt: datetime | UnsetType = UNSET
    submittedOnDailyAt: datetime | UnsetType = UNSET
    title: Text | UnsetType = UNSET
    submittedOnDailyBy: PayloadUser | UnsetType = UNSET
    summary: str | UnsetType = UNSET
    upvotes: Upvotes
    discussionId: str | UnsetType = UNSET
    projectPage: str | UnsetType = UNSET
    githubRepo: str | UnsetType = UNSET
    githubRepoAddedBy: str | UnsetType = UNSET
    ai_summary: str | UnsetType = UNSET
    ai_summary_model: str | UnsetType = UNSET
    ai_keywords: list[str] | UnsetType = UNSET
    githubStars: Count | UnsetType = UNSET
    organization: PayloadOrganization | UnsetType = UNSET


class PayloadEntry(PayloadObject, kw_only=True):
    """One record of a listing."""

    paper: PayloadPaper
    publishedAt: datetime | UnsetType = UNSET
    title: str | UnsetType = UNSET
    summary: str | UnsetType = UNSET
    mediaUrl: str | UnsetType = UNSET
    mediaUrls: list[str] | UnsetType = UNSET
    thumbnail: str | UnsetType = UNSET
    numComments: Comments | UnsetType = UNSET
    submittedBy: PayloadUser | UnsetType = UNSET
    organization: PayloadOrganization | UnsetType = UNSET
    submitterOrganization: PayloadOrganization | UnsetType = UNSET
    isAuthorParticipating: bool | UnsetType = UNSET
    upvoted: bool | UnsetType = UNSET


_decode_page = msgspec.json.Decoder(list[PayloadEntry]).decode


def decode_entries(page: bytes) -> list[PayloadEntry]:
    """The records of one page (a JSON array, UTF-8, without byte order mark), strictly typed.

    Raises ``msgspec.DecodeError`` or ``UnicodeDecodeError`` when the page is anything else, or has a record with an
    unknown field, an odd type or something required missing.
    """
    entries = _decode_page(page)
    if any(map(is_odd, entries)):
        raise msgspec.ValidationError("a title or a name is blank, a time is impossible, or the authors are too many")
    return entries


def is_odd(entry: PayloadEntry) -> bool:
    """Whether a title or a name is blank, a time is impossible, or the authors are too many."""
    paper = entry.paper
    if paper.title is UNSET or paper.title.isspace():
        return True
    for moment in (paper.publishedAt, paper.submittedOnDailyAt, entry.publishedAt):
        if moment is not UNSET and not MIN_YEAR <= moment.year <= MAX_YEAR:
            return True
    if paper.authors is not UNSET:
        if len(paper.authors) > MAX_AUTHORS:
            return True
        for author in paper.authors:
            changed = author.statusLastChangedAt
            if author.name.isspace() or (changed is not UNSET and not MIN_YEAR <= changed.year <= MAX_YEAR):
                return True
    organizations = (paper.organization, entry.organization, entry.submitterOrganization)
    return any(one is not UNSET and one.name.isspace() for one in organizations)
