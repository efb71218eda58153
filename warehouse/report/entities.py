"""The pages of authors, organizations and keywords: their facts as shards, from which the browser draws a page.

``authors/<end of the id>`` has the authors of two papers or more, ``organizations/<end of the id>`` every organization
with a paper of its own or of a part, ``keywords/<start>`` the keywords of ``MIN_KEYWORD_PAPERS`` papers or more, each
with a paper in the report. 30,000 pages as HTML files would take seconds to write. A shard is an object of entities by
id; SQL writes their JSON, so the cost of a run is that of the queries. Titles, upvotes and co-authors are in the shards
of days (``papers.py``), where the pages find them; ``author-lists/<paper>`` has the authors of papers with very many.

Not here: how a page looks (``assets/entities.js``), leaderboards (``boards.py``).
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass

import duckdb

from warehouse.report.merges import Merge, read_author_spellings, read_organizations_as_listed
from warehouse.report.papers import MAX_AUTHORS, MIN_KEYWORD_PAPERS
from warehouse.report.shards import shard_name

#: Papers on a page, the newest ones; SQL shows the others.
MAX_PAPERS = 60
#: Authors, organizations or parts in a list of a page.
MAX_NAMES = 12
#: Weeks of a chart, up to the last one that any entity of the kind has.
MAX_WEEKS = 52
#: Characters of a name: none comes near, and a hostile one must not fill a page.
MAX_NAME_CHARACTERS = 480


@dataclass(frozen=True)
class Kind:
    """What differs by kind: its page is ``<name>.html``, its shards are in the folder ``folder``, the others are SQL.

    ``papers`` selects id and paper_id, ``place`` is the place among the authors, ``facts`` what the page shows first.
    """

    name: str
    folder: str
    dimension: str
    key: str
    trends: str
    shard: str
    papers: str
    facts: str
    place: str = "null"
    #: Further columns of the weeks: name in the JSON, SQL.
    weeks: tuple[tuple[str, str], ...] = (("gained", "upvotes_gained"), ("listed", "papers_listed"))


def _first(key: str, upvotes: str, page_id: str) -> str:
    """SQL for the ``MAX_NAMES`` rows of most ``papers`` as structs; equal ones by upvotes, then by key.

    ``page_id`` is null for what has no page. Sorting the list takes a quarter of ``list(… order by …)`` (2026-11).
    """
    return f"""
        list_transform(
            list_sort(list(
                {{fewer: -papers, less: -coalesce({upvotes}, -1), key: {key}, id: {page_id},
                  name: left(display_name, {MAX_NAME_CHARACTERS}), papers: papers}}
            ))[:{MAX_NAMES}],
            lambda one: {{id: one.id, name: one.name, papers: one.papers}}
        )"""


_NO_SIGNS = "lower(regexp_replace({}, '[^0-9A-Za-z]', '-', 'g'))"
_AUTHORS = Kind(
    name="author",
    folder="authors",
    dimension="dim_authors",
    key="author_id",
    trends="rpt_author_trends",
    shard=_NO_SIGNS.format("right(chosen.id, 2)"),
    papers="""
        select bridge.author_id as id, bridge.paper_id, bridge.position as place
        from bridge_paper_authors as bridge inner join dim_authors as authors on bridge.author_id = authors.author_id
        where authors.paper_count > 1""",
    place="min(place)",
    facts=f"""
        select author_id as id,
            {{name: left(display_name, {MAX_NAME_CHARACTERS}), handle: account_handle, papers: paper_count,
              upvotes: upvotes}} as facts
        from dim_authors""",
)
_ORGANIZATIONS = Kind(
    name="organization",
    folder="organizations",
    dimension="dim_organizations",
    key="organization_id",
    trends="rpt_organization_trends",
    shard=_NO_SIGNS.format("right(chosen.id, 1)"),
    papers="select organization_id as id, paper_id, null as place from bridge_paper_organizations",
    weeks=(
        ("gained", "upvotes_gained"),
        ("listed", "papers_listed"),
        ("family_gained", "family_upvotes_gained"),
        ("family_listed", "family_papers_listed"),
    ),
    facts=f"""
        with families as (
            select organization_id, count(distinct paper_id) as papers
            from bridge_paper_families group by organization_id
        ),
        own as (
            select bridge.organization_id, count(*) as papers, sum(papers.upvotes)::bigint as upvotes
            from (select distinct organization_id, paper_id from bridge_paper_organizations) as bridge
            inner join dim_papers as papers on bridge.paper_id = papers.paper_id
            group by bridge.organization_id
        ),
        members as (
            select entries.id as organization_id, authors.author_id, authors.display_name, authors.paper_count,
                count(*) as papers, authors.upvotes
            from report_entries as entries
            inner join bridge_paper_authors as bridge on entries.paper_id = bridge.paper_id
            inner join dim_authors as authors on bridge.author_id = authors.author_id
            group by all
        ),
        authors as (
            select organization_id, count(*) as author_count,
                {_first("author_id", "upvotes", "case when paper_count > 1 then author_id end")} as authors
            from members group by organization_id
        ),
        relations as (
            select bridge.parent_organization_id, count(*) as part_count,
                list(
                    {{id: case when families.papers > 0 or own.papers > 0 then parts.organization_id end,
                      name: left(parts.display_name, {MAX_NAME_CHARACTERS}), papers: coalesce(own.papers, 0),
                      rule: bridge.rule, reason: left(bridge.reason, {MAX_NAME_CHARACTERS})}}
                    order by coalesce(own.papers, 0) desc, parts.organization_id
                )[:{MAX_NAMES}] as parts
            from bridge_organization_parents as bridge
            inner join dim_organizations as parts on bridge.organization_id = parts.organization_id
            left join own on bridge.organization_id = own.organization_id
            left join families on bridge.organization_id = families.organization_id
            where bridge.valid_to is null
            group by bridge.parent_organization_id
        )
        select organizations.organization_id as id,
            {{name: left(organizations.display_name, {MAX_NAME_CHARACTERS}), kind: organizations.kind,
              slug: organizations.slug,
              parent: case when parents.organization_id is not null
                  then {{id: parents.organization_id, name: left(parents.display_name, {MAX_NAME_CHARACTERS})}} end,
              papers: coalesce(own.papers, 0), upvotes: own.upvotes,
              family_papers: coalesce(families.papers, own.papers),
              parts: relations.parts, part_count: coalesce(relations.part_count, 0),
              authors: authors.authors, author_count: coalesce(authors.author_count, 0)}} as facts
        from dim_organizations as organizations
        left join dim_organizations as parents on organizations.parent_organization_id = parents.organization_id
        left join own on organizations.organization_id = own.organization_id
        left join families on organizations.organization_id = families.organization_id
        left join relations on organizations.organization_id = relations.parent_organization_id
        left join authors on organizations.organization_id = authors.organization_id
        where own.papers > 0 or families.papers > 0""",
)
_KEYWORDS = Kind(
    name="keyword",
    folder="keywords",
    dimension="dim_keywords",
    key="keyword",
    trends="rpt_keyword_trends",
    # Two characters: Windows has no file of the name con.js or aux.js.
    shard=_NO_SIGNS.format("left(chosen.id, 2)"),
    papers=f"""
        select bridge.keyword as id, bridge.paper_id, null as place
        from bridge_paper_keywords as bridge inner join dim_keywords as keywords on bridge.keyword = keywords.keyword
        where keywords.paper_count >= {MIN_KEYWORD_PAPERS}""",
    facts=f"""
        with aliases as (
            select keyword, list(alias order by alias) as aliases from dim_keyword_aliases
            where reason in ('abbreviation', 'reviewed') group by keyword
        ),
        members as (
            select entries.id as keyword, organizations.organization_id, organizations.display_name,
                organizations.paper_upvotes, count(distinct entries.paper_id) as papers
            from report_entries as entries
            inner join bridge_paper_organizations as bridge on entries.paper_id = bridge.paper_id
            inner join dim_organizations as organizations on bridge.organization_id = organizations.organization_id
            group by all
        ),
        organizations as (
            select keyword, count(*) as organization_count,
                {_first("organization_id", "paper_upvotes", "organization_id")} as organizations
            from members group by keyword
        )
        select keywords.keyword as id,
            {{name: keywords.keyword, papers: keywords.paper_count, upvotes: keywords.upvotes, aliases: aliases.aliases,
              organizations: organizations.organizations,
              organization_count: coalesce(organizations.organization_count, 0)}} as facts
        from dim_keywords as keywords
        left join aliases on keywords.keyword = aliases.keyword
        left join organizations on keywords.keyword = organizations.keyword""",
)

KINDS = (_AUTHORS, _ORGANIZATIONS, _KEYWORDS)

_ENTRIES = """
    create or replace temp table report_entries as
    select papers.id, papers.paper_id, chosen.first_listed_on as listed, {place} as place
    from ({papers}) as papers inner join report_papers as chosen on papers.paper_id = chosen.paper_id
    group by papers.id, papers.paper_id, chosen.first_listed_on"""
# Days are counted from 1970-01-01, -1 where no listing has the paper; weeks from Monday, 1970-01-05.
_SHARDS = """
    with facts as ({facts}),
    lists as (
        select id, count(*) as in_report,
            list_reverse_sort(list(
                {{day: coalesce(listed - date '1970-01-01', -1), id: paper_id, place: place}}
            ))[:{max_papers}] as papers
        from report_entries group by id
    ),
    chosen as (
        select facts.id, facts.facts, lists.in_report, lists.papers
        from facts {join} join lists on facts.id = lists.id
    ),
    weeks as (
        select {key} as id, list_sort(list({{week: (week - date '1970-01-05') // 7, {weeks}}})) as weeks
        from {trends}
        where week > (select max(week) from {trends}) - 7 * {max_weeks} and {key} in (select id from chosen)
        group by {key}
    )
    select {shard} as shard,
        string_agg(
            to_json(chosen.id) || ':' || to_json({{
                facts: chosen.facts,
                in_report: chosen.in_report,
                ids: list_transform(chosen.papers, lambda one: one.id),
                days: list_transform(chosen.papers, lambda one: one.day),
                places: list_transform(chosen.papers, lambda one: one.place),
                weeks: list_transform(weeks.weeks, lambda one: one.week),
                {columns}
            }}),
            ',' order by chosen.id
        ) as entities,
        list(chosen.id order by chosen.id) as ids
    from chosen left join weeks on chosen.id = weeks.id
    group by shard order by shard"""


@dataclass(frozen=True)
class EntityShard:
    """The entities of one shard: its name, its JSON, and their ids."""

    name: str
    text: str
    ids: list[str]


def read_entities(connection: duckdb.DuckDBPyConnection, kind: Kind) -> Iterator[EntityShard]:
    """The shards of a kind, in the order of their names. ``report_papers`` has the papers of the report.

    The JSON is ``{"entities": {id: …}, "merges": {id: …}}``. An entity has its ``facts``; ``in_report``, the number of
    its papers in the report; of the newest of them ``ids``, ``days`` (first listed, in days since 1970, -1 if never)
    and ``places`` (among the authors); ``weeks``, counted from 1970-01-05, with the columns of the kind. ``merges`` has
    ``total`` and ``members``: name, slug, mentions, rule, reason.
    """
    connection.execute(_ENTRIES.format(papers=kind.papers, place=kind.place))
    merges = (
        read_author_spellings(connection)
        if kind is _AUTHORS
        else read_organizations_as_listed(connection)
        if kind is _ORGANIZATIONS
        else {}
    )
    query = _SHARDS.format(
        facts=kind.facts,
        key=kind.key,
        trends=kind.trends,
        shard=kind.shard,
        # An organization can have papers by its parts alone.
        join="left" if kind is _ORGANIZATIONS else "inner",
        weeks=", ".join(f"{name}: {column}" for name, column in kind.weeks),
        columns=", ".join(f"{name}: list_transform(weeks.weeks, lambda one: one.{name})" for name, _ in kind.weeks),
        max_papers=MAX_PAPERS,
        max_weeks=MAX_WEEKS,
    )
    for name, entities, ids in connection.execute(query).fetchall():
        merged = {entity_id: _as_json(merges[entity_id]) for entity_id in ids if entity_id in merges}
        text = f'{{"entities":{{{entities}}},"merges":{json.dumps(merged, ensure_ascii=False)}}}'
        yield EntityShard(name, text, ids)


def read_author_lists(connection: duckdb.DuckDBPyConnection) -> Iterator[tuple[str, str]]:
    """Shard name → JSON: id → all authors of each paper of the report that has more than its day's shard holds.

    An author is ``id`` (null where the author has no page) and ``name``. Co-authors are counted from them.
    """
    found = connection.execute(
        f"""select bridge.paper_id,
                list({{id: case when authors.paper_count > 1 then bridge.author_id end,
                      name: left(authors.display_name, {MAX_NAME_CHARACTERS})}} order by bridge.position) as authors
            from bridge_paper_authors as bridge
            inner join dim_authors as authors on bridge.author_id = authors.author_id
            where bridge.paper_id in (
                select paper_id from bridge_paper_authors
                where position > {MAX_AUTHORS} and paper_id in (select paper_id from report_papers)
            )
            group by bridge.paper_id order by bridge.paper_id"""
    ).fetchall()
    lists: dict[str, dict[str, object]] = {}
    for paper_id, authors in found:
        lists.setdefault(shard_name(paper_id), {})[paper_id] = authors
    for name, papers in lists.items():
        yield name, json.dumps(papers, ensure_ascii=False)


def _as_json(merge: Merge) -> dict[str, object]:
    return {
        "total": merge.total,
        "members": [[one.name, one.slug, one.mentions, one.rule, one.reason] for one in merge.members],
    }
