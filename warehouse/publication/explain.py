"""Why mentions are one author, and listed organizations one organization: the recorded rules and evidence, in words.

Not here: the decisions themselves (``warehouse/resolution``), and overrides of them (``warehouse/raw/overrides``).
"""

from __future__ import annotations

import json
from typing import Any

import duckdb

from warehouse.database import rows
from warehouse.errors import InputError
from warehouse.publication.publish import read_published
from warehouse.raw.overrides import read_overrides
from warehouse.settings import Settings

#: Authors of one name that are returned.
MAX_AUTHORS = 20
#: Facts that are given in words, and shared co-authors that are named.
MAX_FACTS, MAX_NAMED = 3, 3
#: Expected namesakes, among 30,000 people, of a rare name at most and of a common one at least.
_RARE, _COMMON = 0.01, 1.0
#: How the two names of a pair are related, by the rule of the resolver.
_NAME_WORDS = {
    "same": "same name",
    "spelling": "same name in another spelling",
    "middle": "one name has a middle name more",
    "short": "one name has a short given name",
    "initial": "one name has an initial",
    "order": "same name in another order",
    "dropped first": "one name lacks the first given name",
    "second surname": "one name has a second surname",
}
#: What evidence for and against one author says.
_EVIDENCE_WORDS = {
    "role": ("late in both author lists", "early in an author list"),
    "title": ("similar titles", "different titles"),
    "keywords": ("similar keywords", "different keywords"),
    "organization": ("same organization", "other organizations"),
    "venue": ("same venue", ""),
    "years": ("", "years apart"),
}
_NO_SHARED = "no shared co-author"


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
                    "select distinct author_id from bridge_paper_authors"
                    " where marts.folded(trim($who)) in (marts.folded(trim(name_as_listed)),"
                    " marts.folded(readable_name))",
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
            pairs = [(m["mention_id"], m["evidence"].get("with")) for m in author["mentions"]]
            shared = _shared_coauthors(connection, pairs)
            for mention in author["mentions"]:
                pair = mention["mention_id"], mention["evidence"].get("with")
                mention["facts"] = decisive_facts(mention["rule"], mention["evidence"], shared.get(pair, []))
        return authors


def doubtful_decisions(settings: Settings, limit: int) -> list[dict[str, Any]]:
    """The most doubtful decisions about authors, for overrides: half of them merges, half pairs that stayed apart.

    A merge is more doubtful the lower the log odds of the best pair that holds a mention in its author (one mention for
    each author); a pair of authors that stayed apart, the higher the log odds of its best pair. What the home's
    overrides decide is left out, whatever they decide. Each has ``mention_id``, ``author_id`` and ``reason`` as a line
    of ``author_overrides.csv`` does: ``split`` moves the mention out of the author, ``merge`` moves it in.
    """
    decided = [[o["mention_id"], o["author_id"]] for o in read_overrides(settings.overrides)["author_overrides"]]
    with read_published(settings) as connection:
        found = rows(connection, _DOUBTFUL, {"limit": limit, "decided": json.dumps(decided)})
        shared = _shared_coauthors(connection, [(row["mention_id"], row["other_mention_id"]) for row in found])
    for row in found:
        evidence = json.loads(row.pop("evidence") or "{}")
        rule, why_apart = row.pop("rule"), row.pop("why_apart")
        names = shared.get((row["mention_id"], row["other_mention_id"]), [])
        facts = decisive_facts(rule, evidence, names) if rule else [why_apart, _shared_words(names)]
        row["reason"] = "; ".join(facts)
    return found


_DOUBTFUL = """
with decided as (
    select pair ->> 0 as mention_id, pair ->> 1 as author_id
    from (select unnest(cast($decided as json[])) as pair)
),

merged as (
    select mention_id, author_id, evidence ->> 'with' as other_mention_id, rule, evidence,
        cast(evidence ->> 'log_odds' as double) as log_odds
    from author_merges
    where evidence ->> 'with' is not null
        and not exists (from decided where decided.mention_id in (author_merges.mention_id, evidence ->> 'with'))
    qualify row_number() over (partition by author_id order by log_odds, mention_id) = 1
),

apart as (
    select other_mention_id as mention_id, author_id, mention_id as other_mention_id, log_odds, reason
    from author_candidates
    where not exists (
        from decided where decided.mention_id in (author_candidates.mention_id, author_candidates.other_mention_id)
    )
),

ranked as (
    select 'merged' as decision, mention_id, author_id, other_mention_id, log_odds, rule, evidence, null as why_apart,
        row_number() over (order by log_odds, mention_id) as place
    from merged
    union all
    select 'apart', mention_id, author_id, other_mention_id, log_odds, null, null, reason,
        row_number() over (order by log_odds desc, mention_id)
    from apart
)

select decision, ranked.mention_id, ranked.author_id, round(log_odds, 2) as log_odds, ranked.other_mention_id,
    own.name_as_listed as name, other.name_as_listed as other_name,
    paper.display_title as title, other_paper.display_title as other_title,
    paper.hf_url, other_paper.hf_url as other_hf_url, ranked.rule, ranked.evidence, why_apart
from ranked
inner join author_merges as own on ranked.mention_id = own.mention_id
inner join author_merges as other on ranked.other_mention_id = other.mention_id
inner join dim_papers as paper on own.paper_id = paper.paper_id
inner join dim_papers as other_paper on other.paper_id = other_paper.paper_id
qualify row_number() over (order by place, decision desc) <= $limit
order by decision desc, place
"""


def decisive_facts(rule: str, evidence: dict[str, Any], shared: list[str]) -> list[str]:
    """The facts that decided a mention's author, strongest first, in words; at most ``MAX_FACTS``.

    ``rule`` and ``evidence`` are those of ``author_merges``; ``shared`` are the co-authors whom both papers of the
    mention's best pair list.
    """
    if rule.startswith("override"):
        return [f"override: {evidence.get('reason')}"]
    if "with" not in evidence:
        return ["the only mention of this author" if rule == "alone" else rule]
    name = rule.split(" name")[0]
    namesakes = float(evidence.get("namesakes", 0))
    rarity = ", a rare one" if namesakes <= _RARE else ", a common one" if namesakes >= _COMMON else ""
    facts = [(abs(evidence.get("prior", 0.0)), f"{_NAME_WORDS.get(name, rule)}{rarity}")]
    if "account" in evidence:
        facts.append((evidence["account"], "same account"))
    if shared or evidence.get("coauthors", 0.0) < 0:
        facts.append((abs(evidence.get("coauthors", 0.0)), _shared_words(shared)))
    for kind, (for_one, against) in _EVIDENCE_WORDS.items():
        weight = evidence.get(kind, 0.0)
        words = for_one if weight > 0 else against
        if weight and words:
            facts.append((abs(weight), words))
    return [words for _, words in sorted(facts, key=lambda fact: -fact[0])[:MAX_FACTS]]


def _shared_words(shared: list[str]) -> str:
    if not shared:
        return _NO_SHARED
    named = ", ".join(shared[:MAX_NAMED]) + (", …" if len(shared) > MAX_NAMED else "")
    return f"{len(shared)} shared co-author{'s' if len(shared) > 1 else ''} ({named})"


def _shared_coauthors(
    connection: duckdb.DuckDBPyConnection, pairs: list[tuple[str, str | None]]
) -> dict[tuple[str, str | None], list[str]]:
    """Pair of mentions → the authors whom both papers list, but for the two mentions' own: those with fewest papers
    first."""
    found = rows(
        connection,
        """
        with pairs as (
            select pair ->> 0 as mention_id, pair ->> 1 as other_mention_id
            from (select unnest(cast($pairs as json[])) as pair)
        )
        select pairs.mention_id, pairs.other_mention_id,
            list(dim_authors.display_name order by paper_count, dim_authors.author_id) as names
        from pairs
        inner join author_merges as own on pairs.mention_id = own.mention_id
        inner join author_merges as other on pairs.other_mention_id = other.mention_id
        inner join bridge_paper_authors as beside on own.paper_id = beside.paper_id
        inner join bridge_paper_authors as other_beside
            on other.paper_id = other_beside.paper_id and beside.author_id = other_beside.author_id
        inner join dim_authors on beside.author_id = dim_authors.author_id
        where beside.author_id not in (own.author_id, other.author_id)
        group by pairs.mention_id, pairs.other_mention_id
        """,
        {"pairs": json.dumps([pair for pair in pairs if pair[1]])},
    )
    return {(row["mention_id"], row["other_mention_id"]): row["names"] for row in found}


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
