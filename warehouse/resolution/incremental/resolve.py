"""The resolver on the warehouse's own mentions: only what a day can touch is read and resolved again.

Called by the dbt models in Python with an ``Engine`` (frames.py) that sees the tables by these names: ``mentions``
(int_mentions), ``papers`` (int_papers_described), ``names`` and ``name_keys`` (int_author_names, int_author_name_keys),
``earlier`` (int_author_decisions as it is), ``decisions``, ``overrides``.
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
from warehouse.resolution.incremental.affected import Kin
from warehouse.resolution.incremental.author_ids import Override, Placed, place
from warehouse.resolution.incremental.engine import Columns, Engine, texts
from warehouse.resolution.names import NameKeys, coauthor_key, name_keys, parse
from warehouse.resolution.order import LEAST_NAMES, TELLING, lean, turned_names
from warehouse.resolution.resolver import PACK, Decision, resolve_coded
from warehouse.resolution.statistics import reference
from warehouse.resolution.text import keyword_key, words

#: Columns of ``int_author_decisions``.
DECISION = (
    *("mention_id", "compared_name", "fingerprint", "learned_at", "first_observed_at", "cluster", "component", "rule"),
    *("evidence", "near_mention_id", "near_log_odds", "near_reason", "author_id", "decided_at"),
)


@cache
def version() -> str:
    """Changes with the code and the statistics: what another version decided is decided again."""
    folder = Path(__file__).parents[1]
    digest = hashlib.blake2b(digest_size=6)
    for path in sorted([*folder.glob("*.py"), *folder.glob("incremental/*.py"), folder / "reference.json"]):
        digest.update(path.read_bytes())
    return digest.hexdigest()


# -- names: taken apart once ---------------------------------------------------------------------------------------


def take_names_apart(engine: Engine, has_earlier: bool) -> Any:
    """The names that were not taken apart yet, as the model ``int_author_names`` returns them."""
    taken_apart = f"select name_as_listed from earlier where code_version = '{version()}'" if has_earlier else None
    new = "select distinct name_as_listed from mentions"
    if taken_apart:
        new += f" where name_as_listed not in ({taken_apart})"
    engine.keep("new_names", new)
    names = engine.read("select name_as_listed from new_names order by name_as_listed").texts("name_as_listed")
    columns = ("name_as_listed", *NameKeys._fields, "order_lean")
    engine.give("named", columns, [])

    if names:
        known = reference()

        def take_apart(begin: int) -> Iterator[Any]:
            parsed = map(parse, names[begin : begin + AT_ONCE])
            yield texts(columns, [(name.listed, *name_keys(name), str(lean(name, known))) for name in parsed])

        begins = range(0, len(names), AT_ONCE)
        for rows in spread(take_apart, begins, [1.0] * len(begins), available()):
            engine.append("named", rows)
    return engine.answer(
        "select name_as_listed, form_key, family_keys, coauthor_key, cast(order_lean as double) as order_lean,"
        f" '{version()}' as code_version from named"
    )


#: Names that a process takes apart at once.
AT_ONCE = 20_000


# -- decisions -----------------------------------------------------------------------------------------------------


def decide(engine: Engine, has_earlier: bool, pack: int = PACK) -> Any:
    """The decisions of the mentions that anything new can touch, as the model ``int_author_decisions`` returns them."""
    _find_changes(engine, has_earlier)
    extras = _find_reach(engine) if has_earlier else _reach_all(engine)
    engine.give("decided", _DECIDED, [])
    chosen = [_read(engine, extras)]  # to be handed over: the resolver lets go of what it needs once
    with engine.aside():
        for rows in resolve_coded(chosen.pop(), pack=pack, told=_as_texts):
            engine.append("decided", rows)
    return engine.answer(
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
            standing.compared_name,
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
            -- From when on the decision could be made: when both ends of its evidence had been observed.
            greatest(placed.first_observed_at, coalesce(partners.first_observed_at, placed.first_observed_at))
                as decided_at
        from placed
        inner join standing on placed.mention_id = standing.mention_id
        inner join anchors on placed.cluster = anchors.cluster
        left join mentions as partners on placed.partner = partners.mention_id
        """
    )


_DECIDED = ("mention_id", "partner", "cluster", "component", "rule", "evidence", "near", "odds", "reason")


def _as_texts(decisions: list[Decision]) -> Any:
    def row(d: Decision) -> tuple[str | None, ...]:
        evidence = msgspec.json.encode(d.evidence).decode()
        odds = None if d.near_log_odds is None else str(d.near_log_odds)
        partner = d.evidence.get("with")
        return (d.mention_id, partner, d.cluster, d.component, d.rule, evidence, d.near_mention_id, odds, d.near_reason)

    return texts(_DECIDED, list(map(row, decisions)))


def _find_changes(engine: Engine, has_earlier: bool) -> None:
    """Keeps ``standing``: every mention with the name that it is compared by, and the component that an earlier run
    gave it, null where the mention is new or changed."""
    if has_earlier:
        engine.keep(
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
        engine.keep("changed", "select mention_id, paper_id, name_as_listed from mentions")
    _find_turned(engine)
    engine.keep(
        "fresh",
        """
        select
            changed.mention_id,
            changed.paper_id,
            coalesce(turned.turned_name, changed.name_as_listed) as compared_name,
            cast(null as varchar(64)) as component
        from changed
        left join turned on changed.paper_id = turned.paper_id and changed.name_as_listed = turned.name_as_listed
        """,
    )
    if not has_earlier:
        engine.keep("standing", "select * from fresh")
        return
    engine.keep(
        "standing",
        """
        select earlier.mention_id, mentions.paper_id, earlier.compared_name, earlier.component
        from earlier
        inner join mentions on earlier.mention_id = mentions.mention_id
        where earlier.mention_id not in (select mention_id from fresh)
        union all
        select mention_id, paper_id, compared_name, component from fresh
        """,
    )


def _find_turned(engine: Engine) -> None:
    """Keeps ``turned``: the names of changed papers that list surnames first, and how they are read."""
    engine.keep(
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
            select paper_id from listed where order_lean < {-TELLING} group by paper_id having count(*) >= {LEAST_NAMES}
        )
        order by paper_id asc nulls last, name_as_listed asc nulls last
        """
    )
    papers: dict[str, dict[str, float]] = defaultdict(dict)
    for paper, name, odds in zip(*(rows.values(c) for c in ("paper_id", "name_as_listed", "order_lean")), strict=True):
        papers[paper][name] = odds
    turned = [
        (paper, name, turned) for paper, leans in papers.items() for name, turned in turned_names(leans, leans).items()
    ]
    engine.give("turned", ("paper_id", "name_as_listed", "turned_name"), turned)


def _find_reach(engine: Engine) -> list[str]:
    """Keeps ``chosen``: the mentions whose decision anything new can touch (``is_asked`` 1), and the others that bear
    their names. Returns the names besides theirs that bear on the decisions."""
    gone = """
        select mention_id, compared_name, component from earlier
        where mention_id not in (select mention_id from standing where component is not null)
        """
    engine.keep("gone", gone)
    engine.keep("standing_names", "select distinct compared_name from standing")
    changed = engine.read(
        """
        select
            changed_names.compared_name,
            cast(case when steady.compared_name is null then 1 else 0 end as bigint) as comes_or_goes
        from (select compared_name from gone union select compared_name from fresh) as changed_names
        left join (select distinct compared_name from standing where component is not null) as steady
            on changed_names.compared_name = steady.compared_name
        """
    )
    kin = Kin(engine)
    names, comes_or_goes = changed.values("compared_name"), changed.values("comes_or_goes")
    touched = kin.touched(names, [name for name, is_so in zip(names, comes_or_goes, strict=True) if is_so])
    engine.give("touched", ("compared_name",), [(name,) for name in sorted(touched)])
    engine.keep(
        "asked",
        """
        with reached as (
            select component from standing where compared_name in (select compared_name from touched)
            union
            select component from gone
        )
        select mention_id, compared_name from standing
        where
            compared_name in (select compared_name from touched)
            or component in (select component from reached where component is not null)
        """,
    )
    asked = engine.read("select distinct compared_name from asked")
    bearing, beside = kin.around(asked.values("compared_name"))
    engine.give("bearing", ("compared_name",), [(name,) for name in sorted(bearing)])
    engine.keep(
        "chosen",
        """
        select
            standing.mention_id,
            standing.paper_id,
            standing.compared_name,
            case when asked.mention_id is null then 0 else 1 end as is_asked
        from standing
        left join asked on standing.mention_id = asked.mention_id
        where standing.compared_name in (select compared_name from bearing)
        """,
    )
    # Names that nobody bears any more tell nothing, though it was they that brought the others here.
    engine.give("beside", ("compared_name",), [(name,) for name in sorted(beside)])
    still = engine.read(
        "select compared_name from standing_names where compared_name in (select compared_name from beside)"
    )
    return sorted(still.values("compared_name"))


def _reach_all(engine: Engine) -> list[str]:
    engine.keep("chosen", "select mention_id, paper_id, compared_name, 1 as is_asked from standing")
    return []


def _read(engine: Engine, extras: Sequence[str]) -> Coded:
    """The chosen mentions with their papers, and the authors of those, in numbers."""
    engine.keep(
        "chosen_papers",
        """
        select paper_id, row_number() over (order by paper_id asc nulls last) - 1 as paper_number
        from (select distinct paper_id from chosen) as papers_of_chosen
        """,
    )
    engine.keep(
        "authors",
        """
        select distinct chosen_papers.paper_number, standing.compared_name
        from standing
        inner join chosen_papers on standing.paper_id = chosen_papers.paper_id
        """,
    )
    engine.keep(
        "chosen_names",
        """
        select
            listed.compared_name,
            names.coauthor_key,
            row_number() over (order by listed.compared_name asc nulls last) - 1 as name_number
        from (select distinct compared_name from authors) as listed
        left join names on listed.compared_name = names.name_as_listed
        """,
    )
    engine.give("extras", ("compared_name",), [(extra,) for extra in extras])
    engine.keep(
        "borne",
        """
        select
            named.compared_name,
            row_number() over (order by named.is_extra asc nulls last, named.compared_name asc nulls last) - 1
                as name_number
        from (
            select distinct compared_name, 0 as is_extra from chosen
            union all
            select compared_name, 1 as is_extra from extras
        ) as named
        """,
    )
    names = engine.read(
        """
        select borne.compared_name, names.form_key, names.family_keys, names.coauthor_key
        from borne
        left join names on borne.compared_name = names.name_as_listed
        order by borne.name_number asc nulls last
        """
    )
    mentions = engine.read(
        """
        select
            chosen.mention_id,
            borne.name_number,
            chosen_papers.paper_number,
            cast(mentions.position as bigint) as position,
            mentions.account_id,
            cast(chosen.is_asked as bigint) as is_asked
        from chosen
        inner join mentions on chosen.mention_id = mentions.mention_id
        inner join chosen_papers on chosen.paper_id = chosen_papers.paper_id
        inner join borne on chosen.compared_name = borne.compared_name
        order by chosen.mention_id asc nulls last
        """
    )
    papers = engine.read(
        """
        select
            papers.title,
            papers.ai_keywords,
            papers.organization_name,
            cast(coalesce(papers.published_year, 0) as bigint) as year
        from chosen_papers
        inner join papers on chosen_papers.paper_id = papers.paper_id
        order by chosen_papers.paper_number asc nulls last
        """
    )
    beside = engine.read(
        """
        select authors.paper_number, borne.name_number
        from authors
        inner join borne on authors.compared_name = borne.compared_name
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
        beside_paper=beside.ints("paper_number"),
        beside_name=beside.ints("name_number"),
        is_asked=mentions.ints("is_asked").astype(bool),
        real=len(mentions),
    )


def _keys(names: Columns) -> list[NameKeys]:
    """The keys of each name. One that is turned on some paper, and never listed so, was not taken apart yet."""
    keys = [NameKeys(*each) for each in zip(*map(names.values, NameKeys._fields), strict=True)]
    listed = names.texts("compared_name")
    for k in [k for k, each in enumerate(keys) if each.form_key is None]:
        keys[k] = name_keys(parse(listed[k]))
    return keys


def _coauthors(engine: Engine, papers: int) -> Sets:
    """The keys of the authors of each paper."""
    named = engine.read("select compared_name, coauthor_key from chosen_names order by name_number asc nulls last")
    names, keys = named.texts("compared_name"), named.values("coauthor_key")
    for k in [k for k, key in enumerate(keys) if key is None]:  # turned on some paper, never listed so
        keys[k] = coauthor_key(parse(names[k]))
    at: dict[str, int] = {}
    code = np.fromiter((at.setdefault(key, len(at)) if key else -1 for key in keys), np.int64, len(keys))
    rows = engine.read(
        """
        select authors.paper_number, chosen_names.name_number
        from authors
        inner join chosen_names on authors.compared_name = chosen_names.compared_name
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


def obey(engine: Engine) -> Any:
    """Where people's overrides put mentions, as the model ``int_author_placements`` returns it: the mentions of every
    person that an override names, and the override where one moved the mention."""
    asked = engine.read(
        "select action, mention_id, author_id, reason from overrides order by override_number asc nulls last"
    )
    overrides = [Override(*row) for row in zip(*(asked.values(c) for c in Override.__slots__), strict=True)]
    ends = sorted({end for o in overrides for end in (o.mention_id, o.author_id) if end})
    engine.give("ends", ("name",), [(end,) for end in ends])
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
            ) as learned
        from decisions
        inner join mentions on decisions.mention_id = mentions.mention_id
        where decisions.cluster in (select cluster from clusters)
        order by mentions.mention_id asc nulls last
        """
    )
    placed = [
        Placed(mention_id, paper_id, own, (learned,), cluster)
        for mention_id, paper_id, own, learned, cluster in zip(
            *(rows.values(c) for c in ("mention_id", "paper_id", "own_author_id", "learned", "cluster")), strict=True
        )
    ]
    rules = dict(zip(rows.values("mention_id"), rows.values("rule"), strict=True))
    persons = place(placed, overrides)
    engine.give(
        "persons",
        ("mention_id", "author_id", "rule", "evidence"),
        [
            (mention_id, person.author_id, *_word(person.override, rules[mention_id]))
            for mention_id, person in persons.items()
        ],
    )
    return engine.answer("select mention_id, author_id, rule, evidence from persons")


def _word(override: Override | None, rule: str) -> tuple[str | None, str | None]:
    """Rule and evidence of a mention that an override moved, else nothing."""
    if not override:
        return None, None
    evidence = {
        "mention": override.mention_id,
        "author": override.author_id,
        "reason": override.reason,
        "without_it": rule,
    }
    return f"override: {override.action}", msgspec.json.encode(evidence).decode()
