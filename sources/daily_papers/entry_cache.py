"""A cache of parsed entries, keyed by their bytes without the counts.

Between two observations of a listing mostly the counts change, so an entry whose other bytes are cached is not parsed
again. Belongs here: the key and the cache. Does not belong here: what an entry means (``entries.py``), and the cached
content, which the caller computes.
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
from sources.daily_papers.payload_types import MAX_COMMENTS, MAX_COUNT, MAX_UPVOTES, PayloadEntry
from sources.daily_papers.records import Entry, Listing, Observation

#: The counts of an entry. A quote inside a JSON string is escaped, so only a key matches.
_COUNTS = re.compile(rb'"(upvotes|numComments|githubStars)"\s*:\s*(0|[1-9]\d{0,9})(?=\s*[,}])')
_LARGEST = {b"upvotes": MAX_UPVOTES, b"numComments": MAX_COMMENTS, b"githubStars": MAX_COUNT}
#: Separates the parts of an entry in its key: JSON has no raw zero byte.
_GAP = b"\0"


class SplitEntry(NamedTuple):
    """The bytes of an entry, split: the key of all but its counts, the names of the counts, the counts."""

    key: bytes
    names: tuple[bytes, ...]
    counts: tuple[int, ...]


class CachedEntry(NamedTuple):
    """What is cached of an entry. ``upvotes``, ``comments`` and ``stars`` are indexes into ``SplitEntry.counts``."""

    paper_id: str
    submitted_at: datetime | None
    shape: EntryShape
    content: Any
    upvotes: int
    comments: int
    stars: int | None


class EntryCache:
    """Parsed entries of many listings. ``content_of`` computes the content of an entry that was parsed.

    It holds the last ``min_entries`` used and at most twice as many, some 0.5 kB each.
    """

    def __init__(self, content_of: Callable[[Entry], Any], min_entries: int = 1 << 17) -> None:
        self.content_of = content_of
        self._min_entries = min_entries
        self._young: dict[bytes, CachedEntry] = {}
        self._old: dict[bytes, CachedEntry] = {}
        self._shapes: dict[EntryShape, EntryShape] = {}

    def find(self, split: SplitEntry) -> CachedEntry | None:
        """The cached entry with these bytes, counts aside; None if there is none."""
        cached = self._young.get(split.key)
        if cached is None and (cached := self._old.get(split.key)) is not None:
            self._store(split.key, cached)
        return cached

    def add(self, split: SplitEntry | None, item: PayloadEntry, entry: Entry, shape: EntryShape) -> Any:
        """Cache an entry that decoded strictly, if its bytes could be split. Returns its content."""
        content = self.content_of(entry)
        if split is None:
            return content
        place = {name: index for index, name in enumerate(split.names)}
        stars = place.get(b"githubStars")
        if b"upvotes" not in place or b"numComments" not in place:
            return content
        shape = self._shapes.setdefault(shape, shape)
        upvotes, comments = place[b"upvotes"], place[b"numComments"]
        # A count that was decoded differs from the matched digits where JSON wrote it in another way.
        counts, paper = split.counts, item.paper
        if (
            counts[upvotes] == paper.upvotes
            and counts[comments] == item.numComments
            and (UNSET if stars is None else counts[stars]) == paper.githubStars
        ):
            cached = CachedEntry(entry.paper_id or "", entry.submitted_at, shape, content, upvotes, comments, stars)
            self._store(split.key, cached)
        return content

    def _store(self, key: bytes, cached: CachedEntry) -> None:
        if len(self._young) >= self._min_entries:
            self._old, self._young = self._young, {}
            self._shapes = {}
        self._young[key] = cached


def split_counts(raw: Raw, listing_date: date | None) -> SplitEntry | None:
    """Split the bytes of an entry. None when its counts are not plain digits, each once: it must be parsed.

    ``listing_date`` is part of the key, because the submission of an old entry depends on it.
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
    return SplitEntry(hashlib.sha256(_GAP.join(parts)).digest()[:16], names, counts)


def cached_observation(cached: CachedEntry, counts: Sequence[int], position: int) -> Observation:
    """A cached entry with its present counts."""
    return Observation(
        position,
        cached.paper_id,
        cached.submitted_at,
        counts[cached.upvotes],
        counts[cached.comments],
        None if cached.stars is None else counts[cached.stars],
        cached.content,
    )


def observation_of(entry: Entry, content: Any) -> Observation:
    """An entry that was parsed, with its content."""
    return Observation(
        entry.position,
        entry.paper_id,
        entry.submitted_at,
        entry.upvotes,
        entry.comments,
        entry.github_stars,
        content,
    )


def with_observations(listing: Listing, cache: EntryCache) -> Listing:
    """A listing with observations in place of its entries."""
    observations = tuple([observation_of(entry, cache.content_of(entry)) for entry in listing.entries])
    return msgspec.structs.replace(listing, entries=(), observations=observations)
