"""The papers of ``warehouse.publication.risers`` that a reader asked for, and why each is shown.

Used by the digest, the feeds and the table that the demo prints.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import duckdb

from warehouse.digest.texts import folded_words, says
from warehouse.display import plural
from warehouse.keys import name_key, words
from warehouse.publication.risers import hour_words, risers_query, span_words
from warehouse.settings import DEMO_MARKER, Settings

_RISERS = """
with risers as ({risers})

select
    risers.paper_id, papers.title, risers.gain, risers.is_new, risers.gain_hours, risers.gain_24h, risers.gain_7d,
    risers.velocity, risers.upvotes, risers.gain_observed, risers.observed_hours, risers.expected_upvotes,
    risers.attention_rate, risers.is_breakout, risers.breakout_started_at, risers.first_listed_on,
    risers.as_of, papers.hf_url, papers.arxiv_url,
    coalesce(papers.code_url, 'https://' || papers.repository_id) as code_url, papers.organization_id,
    organizations.display_name as organization, papers.abstract, papers.ai_summary
from risers
inner join marts.dim_papers as papers on risers.paper_id = papers.paper_id
left join marts.dim_organizations as organizations on papers.organization_id = organizations.organization_id
where risers.gain >= $minimum_gain and risers.upvotes >= $minimum_upvotes
order by risers.place
"""


@dataclass(frozen=True)
class Filters:
    """What a reader wants to see. Filters of different kinds must all hold; within one kind, any of its values."""

    window: str = "24h"
    top: int = 10
    minimum_upvotes: int = 0
    minimum_gain: int = 1
    keywords: tuple[str, ...] = ()
    organizations: tuple[str, ...] = ()
    authors: tuple[str, ...] = ()


@dataclass(frozen=True)
class Riser:
    """A paper that rose. Gains and upvotes are counts, velocity is upvotes per hour, times are UTC."""

    paper_id: str
    title: str
    #: Upvotes gained in the window; ``warehouse.publication.risers`` defines them where the window starts unobserved.
    gain: int
    is_new: bool
    #: Hours between the two observations whose difference the gain is.
    gain_hours: float
    gain_24h: int | None
    gain_7d: int | None
    velocity: float | None
    upvotes: int
    gain_observed: int
    observed_hours: float
    expected_upvotes: float | None
    attention_rate: float | None
    is_breakout: bool
    breakout_started_at: datetime | None
    first_listed_on: date | None
    as_of: datetime
    hf_url: str | None
    arxiv_url: str | None
    code_url: str | None
    organization_id: str | None
    organization: str | None
    authors: tuple[str, ...] = ()
    #: Which of the reader's keywords, organizations and authors it meets, as sentences' parts.
    matches: tuple[str, ...] = ()


@dataclass(frozen=True)
class Selection:
    """What rose, as of a moment (None: nothing was ever observed), and what of the filters names nothing known."""

    filters: Filters
    as_of: datetime | None
    risers: tuple[Riser, ...]
    unknown: tuple[str, ...] = ()
    #: Whether every paper in this warehouse is the demo's, and invented.
    is_demo: bool = False


def gained(riser: Riser) -> str:
    """The gain and over how long it was measured, as words."""
    return f"{riser.gain:+d} {plural(riser.gain, 'upvote')} in {span_words(riser.gain_hours, riser.is_new)}"


def why(riser: Riser) -> list[str]:
    """Why a paper is shown, as sentences: its gain, what was to be expected, and what it has that was asked for."""
    reasons = [f"{gained(riser)}, now {riser.upvotes}."]
    if riser.expected_upvotes is not None and riser.attention_rate is not None:
        expected = f"{riser.expected_upvotes:.0f}" if riser.expected_upvotes >= 1 else "less than 1"
        hours = hour_words(riser.observed_hours)
        watched = "" if riser.is_new else f"{riser.gain_observed:+d} in the {hours} watched; "
        reasons.append(
            f"{watched}{expected} would be usual for its age, weekday and place "
            f"(attention {riser.attention_rate:.1f}, where 1 is usual)."
        )
    if riser.is_breakout and riser.breakout_started_at:
        reasons.append(f"It broke out after {riser.breakout_started_at:%Y-%m-%d %H:%M} UTC.")
    if riser.matches:
        reasons.append(f"You asked for {'; '.join(riser.matches)}.")
    return reasons


def select_risers(settings: Settings, connection: duckdb.DuckDBPyConnection, filters: Filters) -> Selection:
    """The papers that meet the filters, greatest gain first, of an open published file."""
    as_of = connection.execute("select max(as_of) from marts.rpt_paper_trends").fetchall()[0][0]
    found = _rows(
        connection,
        _RISERS.format(risers=risers_query(filters.window)),
        {"minimum_gain": filters.minimum_gain, "minimum_upvotes": filters.minimum_upvotes},
    )
    wanted = _Wanted(connection, filters, as_of)
    listed = _listed_keywords(connection, [row["paper_id"] for row in found]) if filters.keywords else {}
    authors = _authors(connection, [row["paper_id"] for row in found]) if filters.authors else {}
    kept = []
    for row in found:
        matches = wanted.matches(row, listed.get(row["paper_id"], set()), authors.get(row["paper_id"], []))
        if matches is not None:
            kept.append((row, matches))
        if len(kept) == filters.top:
            break
    papers = [row["paper_id"] for row, _ in kept]
    if not filters.authors:
        authors = _authors(connection, papers)
    for row, _ in kept:
        del row["abstract"], row["ai_summary"]
    risers = tuple(
        Riser(**row, matches=tuple(matches), authors=tuple(a["name"] for a in authors.get(row["paper_id"], [])))
        for row, matches in kept
    )
    return Selection(filters, as_of, risers, tuple(wanted.unknown), (settings.home / DEMO_MARKER).exists())


class _Wanted:
    """A reader's keywords, organizations and authors, looked up in the published file."""

    def __init__(self, connection: duckdb.DuckDBPyConnection, filters: Filters, as_of: datetime | None):
        self._keywords = _with_aliases(connection, filters.keywords)
        self._families: dict[str, str] = {}
        self._author_ids: dict[str, str] = {}
        self.unknown: list[str] = []
        self._filters = filters
        for asked, ids in _families(connection, filters.organizations, as_of).items():
            self._look_up(asked, ids, self._families, "organization")
        for asked, ids in _persons(connection, filters.authors).items():
            self._look_up(asked, ids, self._author_ids, "author")

    def _look_up(self, asked: str, ids: set[str], into: dict[str, str], what: str) -> None:
        if not ids:
            self.unknown.append(f"{what} {asked!r}")
        for found in sorted(ids):
            into.setdefault(found, asked)

    def matches(self, row: dict[str, Any], listed: set[tuple[str, ...]], authors: list[dict[str, Any]]) -> Any:
        """What of a paper was asked for, as words; None if it lacks something that was."""
        found: list[str] = []
        if self._filters.keywords:
            text = folded_words(" . ".join(row[name] or "" for name in ("title", "abstract", "ai_summary")))
            hits = [
                asked
                for asked, phrases in self._keywords.items()
                if any(phrase in listed or says(text, phrase) for phrase in phrases)
            ]
            if not hits:
                return None
            found += [f"keyword {hit}" for hit in hits]
        if self._filters.organizations:
            asked_for = self._families.get(row["organization_id"] or "")
            if asked_for is None:
                return None
            own = row["organization"]
            found.append(own if words(own) == words(asked_for) else f"{own}, part of {asked_for}")
        if self._filters.authors:
            names = [a["name"] for a in authors if a["author_id"] in self._author_ids]
            if not names:
                return None
            found += [f"author {name}" for name in names]
        return found


def _with_aliases(connection: duckdb.DuckDBPyConnection, keywords: Iterable[str]) -> dict[str, set[tuple[str, ...]]]:
    """Keyword → the folded phrases that stand for it: its own and what the reviewed list counts it as."""
    if not keywords:
        return {}
    listed = connection.execute("select alias, keyword from marts.dim_keyword_aliases").fetchall()
    aliases = {folded_words(alias): folded_words(keyword) for alias, keyword in listed}
    phrases = {keyword: folded_words(keyword) for keyword in keywords}
    return {keyword: {phrase, aliases.get(phrase, phrase)} - {()} for keyword, phrase in phrases.items()}


def _listed_keywords(connection: duckdb.DuckDBPyConnection, papers: list[str]) -> dict[str, set[tuple[str, ...]]]:
    found: dict[str, set[tuple[str, ...]]] = {}
    for paper_id, keyword in connection.execute(
        "select paper_id, keyword from marts.bridge_paper_keywords where list_contains($papers, paper_id)",
        {"papers": papers},
    ).fetchall():
        found.setdefault(paper_id, set()).add(folded_words(keyword))
    return found


def _authors(connection: duckdb.DuckDBPyConnection, papers: list[str]) -> dict[str, list[dict[str, Any]]]:
    """Paper → its authors in order, by the name that the paper lists."""
    found: dict[str, list[dict[str, Any]]] = {}
    for paper_id, author_id, name in connection.execute(
        "select paper_id, author_id, name_as_listed from marts.bridge_paper_authors "
        "where list_contains($papers, paper_id) order by paper_id, position",
        {"papers": papers},
    ).fetchall():
        found.setdefault(paper_id, []).append({"author_id": author_id, "name": name})
    return found


def _families(
    connection: duckdb.DuckDBPyConnection, asked: Iterable[str], as_of: datetime | None
) -> dict[str, set[str]]:
    """What was asked for → the organizations of that id, slug or name, and all that is part of them as of then."""
    families: dict[str, set[str]] = {text: set() for text in asked}
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


def _persons(connection: duckdb.DuckDBPyConnection, asked: Iterable[str]) -> dict[str, set[str]]:
    """What was asked for → the persons of that author id (past or present), handle or name, however it is written."""
    persons: dict[str, set[str]] = {text: set() for text in asked}
    if not persons:
        return persons
    by_key: dict[str, list[str]] = {}
    for text in persons:
        for key in (text, text.casefold(), name_key(text)):
            by_key.setdefault(key, []).append(text)
    for author_id, handle_or_old_id, name in connection.execute(
        "select author_id, account_handle, display_name from marts.dim_authors union all "
        "select author_id, own_author_id, name_as_listed from marts.author_merges"
    ).fetchall():
        for key in {author_id, (handle_or_old_id or "").casefold(), name_key(name)} & by_key.keys():
            for text in by_key[key]:
                persons[text].add(author_id)
    return persons


def _rows(connection: duckdb.DuckDBPyConnection, query: str, values: dict[str, Any]) -> list[dict[str, Any]]:
    result = connection.execute(query, values)
    names = [column[0] for column in result.description or ()]
    return [dict(zip(names, row, strict=True)) for row in result.fetchall()]
