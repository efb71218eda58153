"""Why mentions are one author, and listed organizations one organization: the recorded rules and evidence."""

from __future__ import annotations

import json
from typing import Any

import duckdb

from warehouse.database import rows
from warehouse.errors import InputError
from warehouse.publication.publish import read_published
from warehouse.settings import Settings

#: Authors of one name that are returned.
MAX_AUTHORS = 20


def explain_author(settings: Settings, who: str) -> list[dict[str, Any]]:
    """The authors with an author id (past or present), a mention id or a name, most papers first."""
    with read_published(settings) as connection:
        direct = rows(
            connection,
            "select distinct author_id, own_author_id from author_merges"
            " where author_id = $who or own_author_id = $who or mention_id = $who",
            {"who": who},
        )
        ids = {row["author_id"] for row in direct}
        is_old_id = who not in ids and any(row["own_author_id"] == who for row in direct)
        if not ids:
            ids = {
                row["author_id"]
                for row in rows(
                    connection,
                    "select distinct author_id from author_merges"
                    " where lower(strip_accents(trim(name_as_listed))) = lower(strip_accents(trim($who)))",
                    {"who": who},
                )
            }
        if not ids:
            raise InputError(f"No author is called {who!r}: give an author id, a mention id or a name as listed.")
        authors = rows(
            connection,
            "select author_id, display_name, account_handle, paper_count from dim_authors"
            f" where list_contains($ids, author_id) order by paper_count desc, author_id limit {MAX_AUTHORS}",
            {"ids": sorted(ids)},
        )
        for author in authors:
            author["redirected_from"] = who if is_old_id else None
            author["mentions"] = _with_evidence(
                connection,
                "select mention_id, paper_id, position, name_as_listed, account_id, rule, evidence, decided_at"
                " from author_merges where author_id = $id order by decided_at, mention_id",
                {"id": author["author_id"]},
            )
        return authors


def explain_organization(settings: Settings, what: str) -> list[dict[str, Any]]:
    """The organizations with an id, a slug or a name: how they are listed, their parents and their parts."""
    with read_published(settings) as connection:
        found = rows(
            connection,
            """
            select organization_id, display_name, kind, paper_count from dim_organizations
            where organization_id in (
                select organization_id from organization_merges
                where listed_organization_id = $what
                    or lower($what) in (lower(listed_slug), lower(trim(listed_name)), organization_id)
                union all
                select organization_id from dim_organizations
                where organization_id = $what or lower(display_name) = lower($what)
            )
            order by paper_count desc, organization_id
            """,
            {"what": what.strip()},
        )
        if not found:
            raise InputError(f"No organization is called {what!r}: give an id, a slug or a name as listed.")
        for facts in found:
            own = facts["organization_id"]
            facts["listed_as"] = _with_evidence(
                connection,
                "select listed_organization_id, listed_slug, listed_name, rule, evidence, decided_at"
                " from organization_merges where organization_id = $id order by decided_at, listed_organization_id",
                {"id": own},
            )
            for key, side, other in (
                ("part_of", "organization_id", "parent_organization_id"),
                ("parts", "parent_organization_id", "organization_id"),
            ):
                facts[key] = rows(
                    connection,
                    f"select r.{other} as organization_id, o.display_name, valid_from, valid_to, rule, reason"
                    " from bridge_organization_parents r"
                    f" left join dim_organizations o on o.organization_id = r.{other}"
                    f" where r.{side} = $id order by valid_from nulls first, o.display_name",
                    {"id": own},
                )
        return found


def _with_evidence(connection: duckdb.DuckDBPyConnection, query: str, values: dict[str, Any]) -> list[dict[str, Any]]:
    found = rows(connection, query, values)
    for row in found:
        row["evidence"] = json.loads(row["evidence"] or "{}")
    return found
