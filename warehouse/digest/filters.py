"""The filters of a subscription, and which of them a paper meets.

Does not belong here: which papers rise or are new (``selection``), and the file of subscriptions.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import duckdb

from warehouse.keys import name_key, words
from warehouse.publication.risers import WINDOWS
from warehouse.publication.table_macros import singular_word

#: The last complete calendar month, as a window of a subscription.
MONTH = "month"
#: What an issue is about: the 24 hours or 7 days before the last observation, or a calendar month.
ISSUE_WINDOWS = (*WINDOWS, MONTH)
#: What a subscription can be sorted by: the gain of the window in upvotes, or in stars of the code.
SORTS = ("upvotes", "stars")


@dataclass(frozen=True)
class Filters:
    """Filters of a subscription. Filters of different kinds must all hold; within one kind, any of its values."""

    #: One of ``ISSUE_WINDOWS``.
    window: str = "24h"
    top: int = 10
    minimum_upvotes: int = 0
    minimum_gain: int = 1
    #: One of ``SORTS``; a month has upvotes only. Papers without a known gain of stars come after the others.
    sort: str = "upvotes"
    keywords: tuple[str, ...] = ()
    organizations: tuple[str, ...] = ()
    authors: tuple[str, ...] = ()
    #: Papers with any of these words, as keywords are found, are left out.
    exclude: tuple[str, ...] = ()
    #: Only papers with a code repository that the source lists, or only those without; None: both.
    has_code: bool | None = None
    #: Only papers that were first listed on this day or later.
    since: date | None = None
    #: Only papers that match this query of ``marts.search``.
    search: str | None = None


class FilterMatch:
    """The keywords, organizations and authors of filters, found in the published file."""

    def __init__(self, connection: duckdb.DuckDBPyConnection, filters: Filters, as_of: datetime | None):
        self._keywords = _find_keywords(connection, filters.keywords)
        self._excluded = _find_keywords(connection, filters.exclude)
        self._families: dict[str, str] = {}
        self._author_ids: dict[str, str] = {}
        self.unknown: list[str] = []
        self._filters = filters
        for text, ids in _families(connection, filters.organizations, as_of).items():
            self._register(text, ids, self._families, "organization")
        for text, ids in _find_authors(connection, filters.authors).items():
            self._register(text, ids, self._author_ids, "author")

    def _register(self, text: str, ids: set[str], text_by_id: dict[str, str], kind: str) -> None:
        if not ids:
            self.unknown.append(f"{kind} {text!r}")
        for entity_id in sorted(ids):
            text_by_id.setdefault(entity_id, text)

    def matches(
        self, row: dict[str, Any], text: tuple[str, ...], listed: set[str], authors: list[dict[str, Any]]
    ) -> list[str] | None:
        """The filters that a paper meets, as text; None if it misses one kind of them.

        ``text`` and ``listed`` are the paper's, as of ``texts_of`` and ``listed_keywords_of``.
        """
        found: list[str] = []
        if _contained(self._excluded, text, listed):
            return None
        if self._filters.keywords:
            hits = _contained(self._keywords, text, listed)
            if not hits:
                return None
            found += [f"keyword {hit}" for hit in hits]
        if self._filters.organizations:
            wanted = self._families.get(row["organization_id"] or "")
            if wanted is None:
                return None
            own = row["organization"]
            found.append(own if words(own) == words(wanted) else f"{own}, part of {wanted}")
        if self._filters.authors:
            names = [a["name"] for a in authors if a["author_id"] in self._author_ids]
            if not names:
                return None
            found += [f"author {name}" for name in names]
        return found


@dataclass(frozen=True)
class _Keyword:
    """What a keyword of a filter is found by: its name in ``marts.bridge_paper_keywords``, and folded phrases."""

    name: str
    phrases: set[tuple[str, ...]]


def _contained(keywords: dict[str, _Keyword], text: tuple[str, ...], listed: set[str]) -> list[str]:
    """The keywords that a paper's folded text or its listed keywords have."""
    return [
        keyword
        for keyword, known in keywords.items()
        if known.name in listed or any(_contains_phrase(text, phrase) for phrase in known.phrases)
    ]


def _find_keywords(connection: duckdb.DuckDBPyConnection, keywords: Iterable[str]) -> dict[str, _Keyword]:
    """Keyword of a filter → the keyword that its spelling is counted as."""
    found: dict[str, _Keyword] = {}
    for keyword in keywords:
        *head, last = words(keyword).split() or [""]
        folded = " ".join([*head, *_singulars(connection, {last}).values()])
        spellings = [" ".join(keyword.lower().split()), folded]
        (name,) = connection.execute(
            "select coalesce(min_by(keyword, list_position($spellings, alias)), $folded) "
            "from marts.dim_keyword_aliases where list_contains($spellings, alias)",
            {"spellings": spellings, "folded": folded},
        ).fetchall()[0]
        found[keyword] = _Keyword(name, set(_folded_words(connection, [keyword, name])) - {()})
    return found


def texts_of(connection: duckdb.DuckDBPyConnection, papers: list[dict[str, Any]]) -> dict[str, tuple[str, ...]]:
    """Paper → the folded words of its title, abstract and summary."""
    texts = (" . ".join(row[name] or "" for name in ("title", "abstract", "ai_summary")) for row in papers)
    return dict(zip((row["paper_id"] for row in papers), _folded_words(connection, texts), strict=True))


def listed_keywords_of(connection: duckdb.DuckDBPyConnection, papers: list[str]) -> dict[str, set[str]]:
    """Paper → its keywords as the warehouse names them."""
    return {
        paper_id: set(keywords)
        for paper_id, keywords in connection.execute(
            "select paper_id, list(keyword) from marts.bridge_paper_keywords "
            "where list_contains($papers, paper_id) group by paper_id",
            {"papers": papers},
        ).fetchall()
    }


def authors_of(connection: duckdb.DuckDBPyConnection, papers: list[str]) -> dict[str, list[dict[str, Any]]]:
    """Paper → its authors in order, by the name that the paper lists, without additions."""
    found: dict[str, list[dict[str, Any]]] = {}
    for paper_id, author_id, name in connection.execute(
        "select paper_id, author_id, readable_name from marts.bridge_paper_authors "
        "where list_contains($papers, paper_id) order by paper_id, position",
        {"papers": papers},
    ).fetchall():
        found.setdefault(paper_id, []).append({"author_id": author_id, "name": name})
    return found


def _families(
    connection: duckdb.DuckDBPyConnection, texts: Iterable[str], as_of: datetime | None
) -> dict[str, set[str]]:
    """Text of a filter → the organizations of that id, slug or name, and all their parts as of a moment (UTC)."""
    families: dict[str, set[str]] = {text: set() for text in texts}
    if not families:
        return families
    keys = {text: words(text) for text in families}
    for organization_id, *names in connection.execute(
        "select organization_id, display_name, slug from marts.dim_organizations union all "
        "select organization_id, listed_name, listed_slug from marts.organization_merges"
    ).fetchall():
        known = {words(name) for name in names if name} - {""}
        for text, family in families.items():
            if text in (organization_id, *names) or keys[text] in known:
                family.add(organization_id)
    parts = connection.execute(
        "select organization_id, parent_organization_id from marts.bridge_organization_parents "
        "where coalesce(valid_from <= $day, true) and coalesce(valid_to > $day, true)",
        {"day": as_of.date() if as_of else None},
    ).fetchall()
    for family in families.values():
        while below := {part for part, whole in parts if whole in family} - family:
            family |= below
    return families


def _find_authors(connection: duckdb.DuckDBPyConnection, texts: Iterable[str]) -> dict[str, set[str]]:
    """Text of a filter → the authors of that author id (past or present), handle or name in any spelling."""
    authors: dict[str, set[str]] = {text: set() for text in texts}
    if not authors:
        return authors
    by_key: dict[str, list[str]] = {}
    for text in authors:
        for key in (text, text.casefold(), name_key(text)):
            by_key.setdefault(key, []).append(text)
    for author_id, handle_or_old_id, name in connection.execute(
        "select author_id, account_handle, display_name from marts.dim_authors union all "
        "select author_id, own_author_id, name_as_listed from marts.author_merges"
    ).fetchall():
        for key in {author_id, (handle_or_old_id or "").casefold(), name_key(name)} & by_key.keys():
            for text in by_key[key]:
                authors[text].add(author_id)
    return authors


def _folded_words(connection: duckdb.DuckDBPyConnection, texts: Iterable[str]) -> list[tuple[str, ...]]:
    """The words of each text without case and accents, in the singular."""
    split = [words(text).split() for text in texts]
    singulars = _singulars(connection, {word for text in split for word in text})
    return [tuple(singulars[word] for word in text) for text in split]


def _singulars(connection: duckdb.DuckDBPyConnection, plurals: set[str]) -> dict[str, str]:
    """Word → its singular, by the rules that the models fold keywords with."""
    query = f"select word, {singular_word()} from (select unnest($words) as word)"
    return dict(connection.execute(query, {"words": sorted(plurals)}).fetchall())


def _contains_phrase(text: tuple[str, ...], phrase: tuple[str, ...]) -> bool:
    """Whether the folded words of a phrase occur in a row in those of a text."""
    size = len(phrase)
    return bool(size) and any(text[i : i + size] == phrase for i in range(len(text) - size + 1))
