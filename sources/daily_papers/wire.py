"""The entry of Daily Papers exactly as it travels: every field the source is known to send, strictly typed.

Belongs here: names and types of the wire. Does not belong here: what a field means (``entries.py``).
A record that decodes into ``WireEntry`` has no unknown field, no odd type and nothing required missing;
any other record is looked at field by field by ``lenient.py``, which reads its rules from these classes.
``decode_entries`` is the typed decode by itself: what a page is as long as it is as known.
"""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, TypeAlias

import msgspec
from msgspec import UNSET, Meta, Struct, UnsetType

#: Counts are stored in 32 bits; a larger number is not a count of votes, comments or stars.
MAX_COUNT = 2**31 - 1

#: In its usual spelling; others are read by ``ids.py``.
ArxivId: TypeAlias = Annotated[str, Meta(pattern=r"\A(?:[0-9]{4}\.[0-9]{5}|(?:0[7-9]|1[0-4])[0-9]{2}\.[0-9]{4})\Z")]
#: Never blank. A pattern would say so, but costs as much as decoding all the rest: see ``has_blank``.
Text: TypeAlias = Annotated[str, Meta(min_length=1)]
Count: TypeAlias = Annotated[int, Meta(ge=0, le=MAX_COUNT)]


class Wire(Struct, forbid_unknown_fields=True, gc=False, rename={"row_id": "_id", "old_id": "id"}):
    """Base of the wire classes: a field that is absent is ``UNSET``. Fields stand in the order in which they travel, as
    the decoder looks for the next one first."""


class WireUser(Wire, kw_only=True):
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


class WireOrganization(Wire, kw_only=True):
    """An organization; ``name`` is its slug."""

    row_id: str | UnsetType = UNSET
    name: Text
    fullname: str | UnsetType = UNSET
    avatar: str | UnsetType = UNSET


class WireAuthor(Wire, kw_only=True):
    """One author row of one paper."""

    row_id: str | UnsetType = UNSET
    user: WireUser | UnsetType = UNSET
    name: Text
    status: str | UnsetType = UNSET
    statusLastChangedAt: datetime | UnsetType = UNSET
    hidden: bool | UnsetType = UNSET


class WirePaper(Wire, kw_only=True):
    """The ``paper`` object of an entry."""

    id: ArxivId
    authors: list[WireAuthor]
    mediaUrls: list[str] | UnsetType = UNSET
    publishedAt: datetime
    submittedOnDailyAt: datetime | UnsetType = UNSET
    title: Text
    submittedOnDailyBy: WireUser | UnsetType = UNSET
    summary: str | UnsetType = UNSET
    upvotes: Count
    discussionId: str | UnsetType = UNSET
    projectPage: str | UnsetType = UNSET
    githubRepo: str | UnsetType = UNSET
    githubRepoAddedBy: str | UnsetType = UNSET
    ai_summary: str | UnsetType = UNSET
    ai_summary_model: str | UnsetType = UNSET
    ai_keywords: list[str] | UnsetType = UNSET
    githubStars: Count | UnsetType = UNSET
    organization: WireOrganization | UnsetType = UNSET


class WireEntry(Wire, kw_only=True):
    """One record of a listing."""

    paper: WirePaper
    publishedAt: datetime | UnsetType = UNSET
    title: str | UnsetType = UNSET
    summary: str | UnsetType = UNSET
    mediaUrl: str | UnsetType = UNSET
    mediaUrls: list[str] | UnsetType = UNSET
    thumbnail: str | UnsetType = UNSET
    numComments: Count
    submittedBy: WireUser | UnsetType = UNSET
    organization: WireOrganization | UnsetType = UNSET
    submitterOrganization: WireOrganization | UnsetType = UNSET
    isAuthorParticipating: bool | UnsetType = UNSET
    upvoted: bool | UnsetType = UNSET


_decode_page = msgspec.json.Decoder(list[WireEntry]).decode


def decode_entries(page: bytes) -> list[WireEntry]:
    """The records of one page (a JSON array, UTF-8, without byte order mark), strictly typed.

    Raises ``msgspec.DecodeError`` or ``UnicodeDecodeError`` when the page is anything else, or has a record with an
    unknown field, an odd type or something required missing.
    """
    entries = _decode_page(page)
    if any(map(has_blank, entries)):
        raise msgspec.ValidationError("a title or a name is blank")
    return entries


def has_blank(entry: WireEntry) -> bool:
    """Whether a title or a name that must say something is white space only."""
    paper = entry.paper
    if paper.title.isspace():
        return True
    for author in paper.authors:
        if author.name.isspace():
            return True
    organizations = (paper.organization, entry.organization, entry.submitterOrganization)
    return any(one is not UNSET and one.name.isspace() for one in organizations)
