"""The resolver on the warehouse's own mentions: only affected mentions are read and resolved again.

The dbt models in Python call these functions with an ``Engine`` in which the tables are registered under these names:
``mentions`` (int_mentions), ``papers`` (int_papers_described), ``names`` and ``name_keys`` (int_author_names,
int_author_name_keys), ``earlier`` (the model's own table before the run), ``decisions``, ``overrides``.
"""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from warehouse.processes import available, spread
from warehouse.resolution.corpus import Coded, Sets
from warehouse.resolution.incremental.affected import RelatedNames
from warehouse.resolution.incremental.author_ids import ClusteredMention, Override
from warehouse.resolution.incremental.author_ids import apply_overrides as apply_to_clusters
from warehouse.resolution.incremental.engine import Columns, Engine, texts_table
from warehouse.resolution.listed_names import ListedName, read_listed
from warehouse.resolution.names import SEPARATOR, Name, NameKeys, coauthor_key, name_keys, parse
from warehouse.resolution.order import MIN_LOG_ODDS, MIN_NAMES, order_log_odds, reordered_names
from warehouse.resolution.resolver import MAX_PAIRS, Decision, resolve_coded
from warehouse.resolution.statistics import reference
from warehouse.resolution.text import keyword_key, words

#: Names that a process parses at once.
NAMES_AT_ONCE = 20_000


@cache
def version() -> str:
    """Hash of the resolver's code and reference tables: decisions of another version are made again."""
    folder = Path(__file__).parents[1]
    digest = hashlib.blake2b(digest_size=6)
    code = [*folder.glob("*.py"), *folder.glob("incremental/*.py"), folder.parent / "keys.py"]
    for path in sorted([*code, *folder.glob("*.json")]):
        digest.update(path.read_bytes())
    return digest.hexdigest()


# -- names ---------------------------------------------------------------------------------------------------------


def parse_names(engine: Engine, has_earlier: bool) -> Any:
    """The names that this version has not parsed yet, as the model ``int_author_names`` returns them.

    The persons of a name that names several are names of their own.
    """
    parsed_before = f"select name_as_listed from earlier where code_version = '{version()}'" if has_earlier else None
    new = "select distinct name_as_listed from mentions"
    if parsed_before:
        new += f" where name_as_listed not in ({parsed_before})"
    engine.materialize("new_names", new)
    rows = engine.read("select name_as_listed from new_names order by name_as_listed").texts("name_as_listed")
    listed = set(map(str, rows))
    names = sorted(listed.union(*(read_listed(name).persons for name in listed)))
    columns = ("name_as_listed", *NameKeys._fields, "order_lean", "kind", "display_name", "persons")
    engine.load("parsed_names", columns, [])

    if names:
        known = reference()

        def row(name: Name, listed: ListedName) -> tuple[str, ...]:
            lean = str(order_log_odds(name, known))
            kind = "team" if name.is_team else listed.kind
            return (name.listed, *name_keys(name), lean, kind, listed.text, SEPARATOR.join(listed.persons))

        def parse_part(start: int) -> Iterator[Any]:
            parsed = map(parse, names[start : start + NAMES_AT_ONCE])
            yield texts_table(columns, [row(name, read_listed(name.listed)) for name in parsed])

        starts = range(0, len(names), NAMES_AT_ONCE)
        for rows in spread(parse_part, starts, [1.0] * len(starts), available()):
            engine.append("parsed_names", rows)
    return engine.result(
        "select name_as_listed, form_key, family_keys, coauthor_key, cast(order_lean as double) as order_lean,"
        f" kind, display_name, persons, '{version()}' as code_version from parsed_names"
    )


# -- decisions -----------------------------------------------------------------------------------------------------


def decide(engine: Engine, has_earlier: bool, max_pairs: int = MAX_PAIRS) -> Any:
    """The decisions of the affected mentions, as the model ``int_author_decisions`` returns them."""
    _find_changes(engine, has_earlier)
    extras = _select_affected(engine) if has_earlier else _select_all(engine)
    engine.load("decided", _DECIDED_COLUMNS, [])
    corpus = [_read(engine, extras)]  # popped, so that the resolver can free what it needs once only
    with engine.reduced_memory():
        for rows in resolve_coded(corpus.pop(), max_pairs=max_pairs, encode=_encode):
            engine.append("decided", rows)
    return engine.result(
        """
        with placed as (
            select
                decided.*,
                mentions.own_author_id,
                mentions.fingerprint,
                mentions.learned_at,
                mentions.first_observed_at,
                row_number() over (
                    partition by decided.cluster
                    order by
                        mentions.learned_at asc nulls last,
                        mentions.first_observed_at asc nulls last,
                        decided.mention_id asc nulls last
                ) as place
            from decided
            inner join mentions on decided.mention_id = mentions.mention_id
        ),

        anchors as (
            select cluster, own_author_id from placed where place = 1
        )

        select
            placed.mention_id,
            current_mentions.compared_name,
            concat('"""
        + version()
        + """/', placed.fingerprint) as fingerprint,
            placed.learned_at,
            placed.first_observed_at,
            placed.cluster,
            placed.component,
            placed.rule,
            placed.evidence,
            placed.near as near_mention_id,
            cast(placed.odds as double) as near_log_odds,
            placed.reason as near_reason,
            anchors.own_author_id as author_id,
            -- The moment at which both ends of its evidence had been observed.
            greatest(placed.first_observed_at, coalesce(partners.first_observed_at, placed.first_observed_at))
                as decided_at
        from placed
        inner join current_mentions on placed.mention_id = current_mentions.mention_id
        inner join anchors on placed.cluster = anchors.cluster
        left join mentions as partners on placed.partner = partners.mention_id
        """
    )


_DECIDED_COLUMNS = ("mention_id", "partner", "cluster", "component", "rule", "evidence", "near", "odds", "reason")


def _encode(decisions: list[Decision]) -> Any:
    def row(d: Decision) -> tuple[str | None, ...]:
        evidence = msgspec.json.encode(d.evidence).decode()
        odds = None if d.near_log_odds is None else str(d.near_log_odds)
        partner = d.evidence.get("with")
        return (d.mention_id, partner, d.cluster, d.component, d.rule, evidence, d.near_mention_id, odds, d.near_reason)

    return texts_table(_DECIDED_COLUMNS, list(map(row, decisions)))


def _find_changes(engine: Engine, has_earlier: bool) -> None:
    """Materializes ``current_mentions``: every mention with the name that it is compared by, and its component of the
    earlier run, null where the mention is new or changed."""
    if has_earlier:
        engine.materialize(
            "changed",
            f"""
            select mentions.mention_id, mentions.paper_id, mentions.name_as_listed
            from mentions
            left join earlier
                on mentions.mention_id = earlier.mention_id
                and earlier.fingerprint = concat('{version()}/', mentions.fingerprint)
                and earlier.learned_at = mentions.learned_at
                and earlier.first_observed_at = mentions.first_observed_at
            where earlier.mention_id is null
            """,
        )
    else:
        engine.materialize("changed", "select mention_id, paper_id, name_as_listed from mentions")
    _find_reordered(engine)
    engine.materialize(
        "changed_mentions",
        """
        select
            changed.mention_id,
            changed.paper_id,
            coalesce(reordered.reordered_name, changed.name_as_listed) as compared_name,
            cast(null as varchar(64)) as component
        from changed
        left join reordered
            on changed.paper_id = reordered.paper_id and changed.name_as_listed = reordered.name_as_listed
        """,
    )
    if not has_earlier:
        engine.materialize("current_mentions", "select * from changed_mentions")
        return
    engine.materialize(
        "current_mentions",
        """
        select earlier.mention_id, mentions.paper_id, earlier.compared_name, earlier.component
        from earlier
        inner join mentions on earlier.mention_id = mentions.mention_id
        where earlier.mention_id not in (select mention_id from changed_mentions)
        union all
        select mention_id, paper_id, compared_name, component from changed_mentions
        """,
    )


def _find_reordered(engine: Engine) -> None:
    """Materializes ``reordered``: the names of changed papers that list surnames first, with the given name first."""
    engine.materialize(
        "listed",
        """
        select distinct mentions.paper_id, mentions.name_as_listed, names.order_lean
        from mentions
        inner join names on mentions.name_as_listed = names.name_as_listed
        where mentions.paper_id in (select paper_id from changed)
        """,
    )
    rows = engine.read(
        f"""
        select paper_id, name_as_listed, order_lean from listed
        where paper_id in (
            select paper_id from listed where order_lean < {-MIN_LOG_ODDS}
            group by paper_id having count(*) >= {MIN_NAMES}
        )
        order by paper_id asc nulls last, name_as_listed asc nulls last
        """
    )
    papers: dict[str, dict[str, float]] = defaultdict(dict)
    for paper, name, odds in zip(*(rows.values(c) for c in ("paper_id", "name_as_listed", "order_lean")), strict=True):
        papers[paper][name] = odds
    rows_out = [
        (paper, name, reordered)
        for paper, odds in papers.items()
        for name, reordered in reordered_names(odds, odds).items()
    ]
    engine.load("reordered", ("paper_id", "name_as_listed", "reordered_name"), rows_out)


def _select_affected(engine: Engine) -> list[str]:
    """Materializes ``selected``: the affected mentions (``is_affected`` 1), and the others with their names.

    Returns extra names, which the decisions need besides these (``RelatedNames.needed_for``).
    """
    engine.materialize(
        "removed",
        """
        select mention_id, compared_name, component from earlier
        where mention_id not in (select mention_id from current_mentions where component is not null)
        """,
    )
    engine.materialize("current_names", "select distinct compared_name from current_mentions")
    changed = engine.read(
        """
        select
            changed_names.compared_name,
            cast(case when unchanged.compared_name is null then 1 else 0 end as bigint) as is_volatile
        from (select compared_name from removed union select compared_name from changed_mentions) as changed_names
        left join (select distinct compared_name from current_mentions where component is not null) as unchanged
            on changed_names.compared_name = unchanged.compared_name
        """
    )
    related = RelatedNames(engine)
    names, is_volatile = changed.values("compared_name"), changed.values("is_volatile")
    affected_names = related.affected_by(
        names, [name for name, is_one in zip(names, is_volatile, strict=True) if is_one]
    )
    engine.load("affected_names", ("compared_name",), [(name,) for name in sorted(affected_names)])
    engine.materialize(
        "affected",
        """
        with components as (
            select component from current_mentions
            where compared_name in (select compared_name from affected_names)
            union
            select component from removed
        )
        select mention_id, compared_name from current_mentions
        where
            compared_name in (select compared_name from affected_names)
            or component in (select component from components where component is not null)
        """,
    )
    affected = engine.read("select distinct compared_name from affected")
    counted, extra = related.needed_for(affected.values("compared_name"))
    engine.load("counted_names", ("compared_name",), [(name,) for name in sorted(counted)])
    engine.materialize(
        "selected",
        """
        select
            current_mentions.mention_id,
            current_mentions.paper_id,
            current_mentions.compared_name,
            case when affected.mention_id is null then 0 else 1 end as is_affected
        from current_mentions
        left join affected on current_mentions.mention_id = affected.mention_id
        where current_mentions.compared_name in (select compared_name from counted_names)
        """,
    )
    # A name that no mention has any more shows no ambiguity.
    engine.load("extra_candidates", ("compared_name",), [(name,) for name in sorted(extra)])
    current = engine.read(
        "select compared_name from current_names where compared_name in (select compared_name from extra_candidates)"
    )
    return sorted(current.values("compared_name"))


def _select_all(engine: Engine) -> list[str]:
    """Materializes ``selected`` with every mention as affected; no extra names are needed then."""
    engine.materialize("selected", "select mention_id, paper_id, compared_name, 1 as is_affected from current_mentions")
    return []


def _read(engine: Engine, extras: Sequence[str]) -> Coded:
    """The selected mentions with their papers, and the authors of those papers, as arrays."""
    engine.materialize(
        "selected_papers",
        """
        select paper_id, row_number() over (order by paper_id asc nulls last) - 1 as paper_number
        from (select distinct paper_id from selected) as papers_of_selected
        """,
    )
    engine.materialize(
        "authors",
        """
        select distinct selected_papers.paper_number, current_mentions.compared_name
        from current_mentions
        inner join selected_papers on current_mentions.paper_id = selected_papers.paper_id
        """,
    )
    engine.materialize(
        "author_names",
        """
        select
            listed.compared_name,
            names.coauthor_key,
            row_number() over (order by listed.compared_name asc nulls last) - 1 as name_number
        from (select distinct compared_name from authors) as listed
        left join names on listed.compared_name = names.name_as_listed
        """,
    )
    engine.load("extras", ("compared_name",), [(extra,) for extra in extras])
    engine.materialize(
        "numbered_names",
        """
        select
            names_in_use.compared_name,
            row_number() over (
                order by names_in_use.is_extra asc nulls last, names_in_use.compared_name asc nulls last
            ) - 1 as name_number
        from (
            select distinct compared_name, 0 as is_extra from selected
            union all
            select compared_name, 1 as is_extra from extras
        ) as names_in_use
        """,
    )
    names = engine.read(
        """
        select numbered_names.compared_name, names.form_key, names.family_keys, names.coauthor_key
        from numbered_names
        left join names on numbered_names.compared_name = names.name_as_listed
        order by numbered_names.name_number asc nulls last
        """
    )
    mentions = engine.read(
        """
        select
            selected.mention_id,
            numbered_names.name_number,
            selected_papers.paper_number,
            cast(mentions.position as bigint) as position,
            mentions.account_id,
            cast(selected.is_affected as bigint) as is_affected
        from selected
        inner join mentions on selected.mention_id = mentions.mention_id
        inner join selected_papers on selected.paper_id = selected_papers.paper_id
        inner join numbered_names on selected.compared_name = numbered_names.compared_name
        order by selected.mention_id asc nulls last
        """
    )
    papers = engine.read(
        """
        select
            papers.title,
            papers.ai_keywords,
            papers.organization_name,
            cast(coalesce(papers.published_year, 0) as bigint) as year
        from selected_papers
        inner join papers on selected_papers.paper_id = papers.paper_id
        order by selected_papers.paper_number asc nulls last
        """
    )
    extra = engine.read(
        """
        select authors.paper_number, numbered_names.name_number
        from authors
        inner join numbered_names on authors.compared_name = numbered_names.compared_name
        where authors.compared_name in (select compared_name from extras)
        """
    )
    paper = mentions.ints("paper_number")
    organization, organizations = papers.codes("organization_name")
    return Coded(
        mention_ids=mentions.texts("mention_id"),
        names=names.values("compared_name"),
        keys=_keys(names),
        name=mentions.ints("name_number"),
        paper=paper,
        position=mentions.ints("position"),
        account=mentions.codes("account_id")[0],
        organization=organization[paper],
        coauthors=_coauthors(engine, len(papers)),
        titles=Sets.of(words(title) for title in papers.texts("title")),
        keywords=_keywords(papers),
        venues=Sets.of(() for _ in range(len(papers))),
        organizations=Sets.of(words(text) for text in organizations),
        year=papers.ints("year"),
        extra_paper=extra.ints("paper_number"),
        extra_name=extra.ints("name_number"),
        is_affected=mentions.ints("is_affected").astype(bool),
        first_context=len(mentions),
    )


def _keys(names: Columns) -> list[NameKeys]:
    """The keys of each name. A reordered name that no paper lists so is parsed here."""
    keys = [NameKeys(*each) for each in zip(*map(names.values, NameKeys._fields), strict=True)]
    listed = names.texts("compared_name")
    for k in [k for k, each in enumerate(keys) if each.form_key is None]:
        keys[k] = name_keys(parse(listed[k]))
    return keys


def _coauthors(engine: Engine, papers: int) -> Sets:
    """The co-author keys of the authors of each paper."""
    named = engine.read("select compared_name, coauthor_key from author_names order by name_number asc nulls last")
    names, keys = named.texts("compared_name"), named.values("coauthor_key")
    for k in [k for k, key in enumerate(keys) if key is None]:  # reordered, and never listed so
        keys[k] = coauthor_key(parse(names[k]))
    at: dict[str, int] = {}
    code = np.fromiter((at.setdefault(key, len(at)) if key else -1 for key in keys), np.int64, len(keys))
    rows = engine.read(
        """
        select authors.paper_number, author_names.name_number
        from authors
        inner join author_names on authors.compared_name = author_names.compared_name
        """
    )
    paper, item = rows.ints("paper_number"), code[rows.ints("name_number")]
    known = item >= 0
    return Sets.from_pairs(paper[known], item[known], papers, list(at))


def _keywords(papers: Any) -> Sets:
    rows, codes, texts = papers.lists("ai_keywords")
    at: dict[str, int] = {}
    keys = np.fromiter((at.setdefault(keyword_key(text or ""), len(at)) for text in texts), np.int64, len(texts))
    return Sets.from_pairs(rows, keys[codes] if len(codes) else codes, len(papers), list(at))


# -- overrides -----------------------------------------------------------------------------------------------------


def apply_overrides(engine: Engine) -> Any:
    """The mentions of every author that an override names, as the model ``int_author_placements`` returns them, with
    the override where one moved the mention."""
    rows = engine.read(
        "select action, mention_id, author_id, reason from overrides order by override_number asc nulls last"
    )
    overrides = [Override(*row) for row in zip(*(rows.values(c) for c in Override.__slots__), strict=True)]
    ends = sorted({end for o in overrides for end in (o.mention_id, o.author_id) if end})
    engine.load("ends", ("name",), [(end,) for end in ends])
    rows = engine.read(
        """
        with clusters as (
            select decisions.cluster
            from decisions
            inner join mentions on decisions.mention_id = mentions.mention_id
            where mentions.mention_id in (select name from ends) or mentions.own_author_id in (select name from ends)
        )

        select
            mentions.mention_id,
            mentions.paper_id,
            mentions.own_author_id,
            decisions.cluster,
            decisions.rule,
            row_number() over (
                order by
                    mentions.learned_at asc nulls last,
                    mentions.first_observed_at asc nulls last,
                    mentions.mention_id asc nulls last
            ) as load_order
        from decisions
        inner join mentions on decisions.mention_id = mentions.mention_id
        where decisions.cluster in (select cluster from clusters)
        order by mentions.mention_id asc nulls last
        """
    )
    clustered = [
        ClusteredMention(mention_id, paper_id, own, (load_order,), cluster)
        for mention_id, paper_id, own, load_order, cluster in zip(
            *(rows.values(c) for c in ("mention_id", "paper_id", "own_author_id", "load_order", "cluster")), strict=True
        )
    ]
    rules = dict(zip(rows.values("mention_id"), rows.values("rule"), strict=True))
    authors = apply_to_clusters(clustered, overrides)
    engine.load(
        "overridden",
        ("mention_id", "author_id", "rule", "evidence"),
        [
            (mention_id, author.author_id, *_rule_and_evidence(author.override, rules[mention_id]))
            for mention_id, author in authors.items()
        ],
    )
    return engine.result("select mention_id, author_id, rule, evidence from overridden")


def _rule_and_evidence(override: Override | None, rule: str) -> tuple[str | None, str | None]:
    """Rule and evidence of a mention that an override moved, else None."""
    if not override:
        return None, None
    evidence = {
        "mention": override.mention_id,
        "author": override.author_id,
        "reason": override.reason,
        "without_it": rule,
    }
    return f"override: {override.action}", msgspec.json.encode(evidence).decode()
