"""Names that resolution merged into one organization or author, with the reasons."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

import duckdb

from warehouse.database import scalar

MAX_MERGES = 30
MAX_MEMBERS = 12
_EVIDENCE = {
    "prior": "how rare the name is",
    "coauthors": "co-authors in common",
    "account": "the account",
    "title": "the titles",
    "keywords": "the keywords",
    "organization": "the organization",
    "role": "the place among the authors",
    "venue": "the venue",
    "years": "the time between",
}


@dataclass(frozen=True)
class Member:
    """An organization as listed, or one spelling of an author: the rule that placed it and its number of mentions."""

    name: str
    slug: str | None
    rule: str
    reason: str | None
    mentions: int
    id: str | None = None


@dataclass(frozen=True)
class Merge:
    """The members of one organization or author. ``total`` counts all; at most ``MAX_MEMBERS`` are here."""

    id: str
    name: str
    total: int
    members: list[Member]


@dataclass(frozen=True)
class Family:
    """An organization with its parts and the reason for each."""

    id: str
    name: str
    total: int
    parts: list[Member]


def read_organization_merges(connection: duckdb.DuckDBPyConnection) -> tuple[int, list[Merge]]:
    """The number of organizations with several members, and the largest of them."""
    return _count(connection, _MERGED_ORGANIZATIONS), list(
        _as_listed(
            connection, f"{_MERGED_ORGANIZATIONS} order by members desc, organization_id limit {MAX_MERGES}"
        ).values()
    )


def read_organizations_as_listed(connection: duckdb.DuckDBPyConnection) -> dict[str, Merge]:
    """Every organization with several members, by id."""
    return _as_listed(connection, _MERGED_ORGANIZATIONS)


_MERGED_ORGANIZATIONS = """
    select organization_id, count(*) as members from organization_merges group by organization_id having count(*) > 1"""


def _as_listed(connection: duckdb.DuckDBPyConnection, chosen: str) -> dict[str, Merge]:
    found = connection.execute(
        f"""with chosen as ({chosen})
            select chosen.organization_id, organizations.display_name, chosen.members,
                   merges.listed_name, merges.listed_slug, merges.rule, merges.evidence
            from chosen
            inner join dim_organizations as organizations on chosen.organization_id = organizations.organization_id
            inner join organization_merges as merges on chosen.organization_id = merges.organization_id
            order by chosen.members desc, organizations.display_name, chosen.organization_id, merges.decided_at,
                     merges.listed_organization_id"""
    ).fetchall()
    groups: dict[str, Merge] = {}
    for organization_id, name, total, listed_name, slug, rule, evidence in found:
        merge = groups.setdefault(organization_id, Merge(organization_id, name, total, []))
        if len(merge.members) < MAX_MEMBERS:
            merge.members.append(Member(listed_name or slug, slug, rule, _json_object(evidence).get("reason"), 1))
    return groups


def read_families(connection: duckdb.DuckDBPyConnection) -> tuple[int, list[Family]]:
    """The number of organizations that have parts today, and those with most parts."""
    found = connection.execute(
        """with families as (
               select parent_organization_id, count(*) as parts from bridge_organization_parents
               where valid_to is null group by parent_organization_id
           ),
           chosen as (
               select *, count(*) over () as total from families order by parts desc, parent_organization_id limit ?
           )
           select chosen.total, chosen.parent_organization_id, parents.display_name, chosen.parts,
                  parts.organization_id, parts.display_name, bridge.rule, bridge.reason, parts.paper_count
           from chosen
           inner join bridge_organization_parents as bridge
               on chosen.parent_organization_id = bridge.parent_organization_id and bridge.valid_to is null
           inner join dim_organizations as parents on chosen.parent_organization_id = parents.organization_id
           inner join dim_organizations as parts on bridge.organization_id = parts.organization_id
           order by chosen.parts desc, parents.display_name, chosen.parent_organization_id, parts.paper_count desc,
                    parts.organization_id""",
        [MAX_MERGES],
    ).fetchall()
    groups: dict[str, Family] = {}
    for _, parent_id, name, total, part_id, part, rule, reason, papers in found:
        family = groups.setdefault(parent_id, Family(parent_id, name, total, []))
        if len(family.parts) < MAX_MEMBERS:
            family.parts.append(Member(part, None, rule, reason, papers, part_id))
    return (found[0][0] if found else 0), list(groups.values())


def read_author_merges(connection: duckdb.DuckDBPyConnection) -> tuple[int, list[Merge]]:
    """The number of authors with several spellings, and those with most, with the evidence that merged them."""
    chosen = "from dim_authors where name_count > 1"
    order = f"order by name_count desc, paper_count desc, author_id limit {MAX_MERGES}"
    return _count(connection, chosen), list(_spellings(connection, f"{chosen} {order}").values())


def read_author_spellings(connection: duckdb.DuckDBPyConnection) -> dict[str, Merge]:
    """The spellings of each author of the report who has several or an account, by author id.

    The papers of the report are in ``report_papers``.
    """
    return _spellings(
        connection,
        """from dim_authors where paper_count > 1 and (name_count > 1 or account_handle is not null)
               and author_id in (select author_id from bridge_paper_authors
                                 where paper_id in (select paper_id from report_papers))""",
    )


def _spellings(connection: duckdb.DuckDBPyConnection, chosen: str) -> dict[str, Merge]:
    found = connection.execute(
        f"""with chosen as ({chosen})
            select chosen.author_id, chosen.display_name, chosen.name_count, merges.name_as_listed,
                   count(*) as mentions,
                   max_by(merges.rule, (merges.rule not like 'same%' and merges.rule <> 'alone', merges.mention_id))
                       as rule,
                   max_by(merges.evidence, (merges.rule not like 'same%' and merges.rule <> 'alone', merges.mention_id))
                       as evidence
            from chosen inner join author_merges as merges on chosen.author_id = merges.author_id
            group by chosen.author_id, chosen.display_name, chosen.name_count, chosen.paper_count, merges.name_as_listed
            order by chosen.name_count desc, chosen.paper_count desc, chosen.author_id, mentions desc,
                     merges.name_as_listed"""
    ).fetchall()
    groups: dict[str, Merge] = {}
    for author_id, name, total, listed, mentions, rule, evidence in found:
        merge = groups.setdefault(author_id, Merge(author_id, name, total, []))
        if len(merge.members) < MAX_MEMBERS:
            merge.members.append(Member(listed, None, rule, _evidence_text(_json_object(evidence)), mentions))
    return groups


def _count(connection: duckdb.DuckDBPyConnection, chosen: str) -> int:
    return int(scalar(connection, f"select count(*) from ({chosen})"))


def _evidence_text(evidence: dict[str, Any]) -> str | None:
    """The evidence of a merge as text: log odds, the strongest kinds, and shared co-authors."""
    if not isinstance(evidence.get("log_odds"), int | float):
        return None
    strongest = sorted(
        (
            (kind, odds)
            for kind, odds in evidence.items()
            if kind in _EVIDENCE and isinstance(odds, int | float) and odds > 0.5
        ),
        key=lambda item: -item[1],
    )
    parts = [f"{_EVIDENCE[kind]} +{odds:.1f}" for kind, odds in strongest]
    shared = evidence.get("shared_coauthors")
    names = f"; both papers name {', '.join(map(str, shared[:3]))}" if isinstance(shared, list) and shared else ""
    return f"log odds {evidence['log_odds']:.1f}" + (f" ({', '.join(parts)})" if parts else "") + names


def _json_object(text: str | None) -> dict[str, Any]:
    try:
        value = json.loads(text or "{}")
    except ValueError:
        return {}
    return value if isinstance(value, dict) else {}
