"""A cache of parsed entries, keyed by their bytes without the counts.

Between two observations of a listing little changes but the counts, so an entry with known other bytes is not parsed
again. Belongs here: the key and the cache. Does not belong here: what an entry means (``entries.py``), and the cached
value, which the caller computes.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Sequence
from datetime import date, datetime
from operator import gt
from typing import Any, NamedTuple

import msgspec
from msgspec import UNSET, Raw

from sources.daily_papers.fields import EntryShape
from sources.daily_papers.payload_types import MAX_COMMENTS, MAX_COUNT, MAX_UPVOTES, WireEntry
from sources.daily_papers.records import Entry, Listing, Observation

#: The counts of an entry. A quote inside a text travels escaped, so only a key can look like this.
_COUNTS = re.compile(rb'"(upvotes|numComments|githubStars)"\s*:\s*(0|[1-9]\d{0,9})(?=\s*[,}])')
_LARGEST = {b"upvotes": MAX_UPVOTES, b"numComments": MAX_COMMENTS, b"githubStars": MAX_COUNT}
#: Separates the parts of an entry in its key: JSON has no raw zero byte.
_GAP = b"\0"


class Looked(NamedTuple):
    """An entry's bytes split: the key of all but its counts, the names of the counts, the counts."""

    key: bytes
    names: tuple[bytes, ...]
    counts: tuple[int, ...]


class Known(NamedTuple):
    """The cached value of an entry, and the positions of its counts in the order of its bytes."""

    paper_id: str
    submitted_at: datetime | None
    shape: EntryShape
    content: Any
    upvotes: int
    comments: int
    stars: int | None


class Memo:
    """Remembers entries over many listings. ``keep`` makes of a new entry what is given back with its repeats.

    ``limit``: entries remembered at least; twice as many at most, some 0.5 kB each. The longest unseen go first.
    """

    def __init__(self, keep: Callable[[Entry], Any], limit: int = 1 << 17) -> None:
        self.keep = keep
        self._limit = limit
        self._young: dict[bytes, Known] = {}
        self._old: dict[bytes, Known] = {}
        self._shapes: dict[EntryShape, EntryShape] = {}

    def find(self, looked: Looked) -> Known | None:
        """What is remembered of an entry with these bytes."""
        known = self._young.get(looked.key)
        if known is None and (known := self._old.get(looked.key)) is not None:
            self._remember(looked.key, known)
        return known

    def add(self, looked: Looked | None, item: WireEntry, entry: Entry, shape: EntryShape) -> Any:
        """Remember an entry that decoded strictly, with its shape. Returns what is kept of it."""
        content = self.keep(entry)
        if looked is None:
            return content
        place = {name: index for index, name in enumerate(looked.names)}
        stars = place.get(b"githubStars")
        if b"upvotes" not in place or b"numComments" not in place:
            return content
        shape = self._shapes.setdefault(shape, shape)
        upvotes, comments = place[b"upvotes"], place[b"numComments"]
        # What stands in the bytes must be what was read, else another notation was used.
        counts, paper = looked.counts, item.paper
        if (
            counts[upvotes] == paper.upvotes
            and counts[comments] == item.numComments
            and (UNSET if stars is None else counts[stars]) == paper.githubStars
        ):
            known = Known(entry.paper_id or "", entry.submitted_at, shape, content, upvotes, comments, stars)
            self._remember(looked.key, known)
        return content

    def _remember(self, key: bytes, known: Known) -> None:
        if len(self._young) >= self._limit:
            self._old, self._young = self._young, {}
            self._shapes = {}
        self._young[key] = known


def look(raw: Raw, listing_date: date | None) -> Looked | None:
    """An entry's bytes apart. None when its counts don't stand in it plainly, so that it must be read.

    ``listing_date`` is part of the key: the submission of an old entry is read by it.
    """
    parts: list[bytes] = _COUNTS.split(memoryview(raw))
    names = tuple(parts[1::3])
    if len(names) < 2 or len(set(names)) < len(names):
        return None
    counts = tuple(map(int, parts[2::3]))
    if max(counts) > MAX_COMMENTS and any(map(gt, counts, map(_LARGEST.__getitem__, names))):
        return None
    del parts[2::3]
    parts.append(str(listing_date).encode())
    return Looked(hashlib.sha256(_GAP.join(parts)).digest()[:16], names, counts)


def repeat(known: Known, counts: Sequence[int], position: int) -> Observation:
    """An entry that is known, with the counts that it has now."""
    return Observation(
        position,
        known.paper_id,
        known.submitted_at,
        counts[known.upvotes],
        counts[known.comments],
        None if known.stars is None else counts[known.stars],
        known.content,
    )


def observe(entry: Entry, content: Any) -> Observation:
    """An entry that was read, with what is kept of it."""
    return Observation(
        entry.position,
        entry.paper_id,
        entry.submitted_at,
        entry.upvotes,
        entry.comments,
        entry.github_stars,
        content,
    )


def observed(listing: Listing, memo: Memo) -> Listing:
    """A listing as observations of what the memo keeps of its entries."""
    observations = tuple([observe(entry, memo.keep(entry)) for entry in listing.entries])
    return msgspec.structs.replace(listing, entries=(), observations=observations)
