"""The resolver on the warehouse's own mentions: only the names that a day touches are resolved again.

Called by the dbt model ``int_author_decisions``; takes and gives plain columns.
"""

from __future__ import annotations

import hashlib
import json
from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import NamedTuple

from warehouse.resolution.corpus import Corpus, Mention, Paper
from warehouse.resolution.names import family_keys, parse
from warehouse.resolution.order import LEAST_NAMES, lean, turned_names
from warehouse.resolution.persons import Override, Placed, place, touched_names
from warehouse.resolution.resolver import no_collection, resolve
from warehouse.resolution.statistics import Statistics, reference

#: How evidence begins where there is any.
_PARTNER = '{"with": "'


class MentionRow(NamedTuple):
    """One row of ``int_mentions``. ``fingerprint`` changes with anything that the resolver reads of it."""

    mention_id: str
    paper_id: str
    position: int
    name: str
    account: str | None
    own_author_id: str
    learned_at: datetime
    observed_at: datetime
    fingerprint: str


class PaperRow(NamedTuple):
    """One row of ``int_papers_described``."""

    paper_id: str
    title: str
    keywords: list[str] | None
    organization: str | None
    year: int | None


class DecisionRow(NamedTuple):
    """One row of ``int_author_decisions``. ``cluster`` is before, ``author_id`` after people's overrides."""

    mention_id: str
    name: str
    fingerprint: str
    cluster: str
    resolver_rule: str
    resolver_evidence: str
    near_mention_id: str | None
    near_log_odds: float | None
    near_reason: str | None
    author_id: str
    rule: str
    evidence: str
    decided_at: datetime


class Resolved(NamedTuple):
    """What the resolver said of a mention: the first columns of a decision."""

    mention_id: str
    name: str
    fingerprint: str
    cluster: str
    resolver_rule: str
    resolver_evidence: str
    near_mention_id: str | None
    near_log_odds: float | None
    near_reason: str | None


@cache
def version() -> str:
    """Changes with the code and the statistics: what another version decided is decided again."""
    folder = Path(__file__).parent
    digest = hashlib.blake2b(digest_size=6)
    for name in ("corpus.py", "names.py", "order.py", "statistics.py", "resolver.py", "reference.json"):
        digest.update((folder / name).read_bytes())
    return digest.hexdigest()


class NameFacts(NamedTuple):
    """What is known of a name by itself (``int_author_names``): its family keys, and how it leans (``order.lean``)."""

    family_keys: Sequence[str]
    lean: float


def name_facts(names: Collection[str]) -> dict[str, NameFacts]:
    """The facts of names as listed."""
    known = reference() if names else None
    return {name: _facts(name, known) for name in names}


def _facts(name: str, known: Statistics | None) -> NameFacts:
    parsed = parse(name)
    return NameFacts(family_keys(parsed), lean(parsed, known) if known else 0.0)


def _turned(mentions: Sequence[MentionRow], facts: Mapping[str, NameFacts]) -> list[MentionRow]:
    """The mentions with the names as they are compared: given name first."""
    leans = {name: fact.lean for name, fact in facts.items()}
    authors: dict[str, list[str]] = defaultdict(list)
    for mention in mentions:
        if leans[mention.name] < 0:
            authors[mention.paper_id].append(mention.name)
    doubtful = {paper_id for paper_id, names in authors.items() if len(names) >= LEAST_NAMES}
    whole: dict[str, list[str]] = defaultdict(list)
    for mention in mentions:
        if mention.paper_id in doubtful:
            whole[mention.paper_id].append(mention.name)
    turned = {paper_id: found for paper_id, names in whole.items() if (found := turned_names(names, leans))}
    return [m._replace(name=turned[m.paper_id].get(m.name, m.name)) if m.paper_id in turned else m for m in mentions]


def as_text(row: DecisionRow) -> list[str | None]:
    """A decision as texts, from which DuckDB reads the same values again."""
    return [None if value is None else str(value) for value in row]


def decide(
    mentions: Sequence[MentionRow],
    papers: Sequence[PaperRow],
    facts: Mapping[str, NameFacts],
    earlier: Sequence[DecisionRow],
    overrides: Sequence[Override],
) -> list[DecisionRow]:
    """A decision for every mention; those of untouched names are the earlier ones."""
    with no_collection():
        mentions = _turned(mentions, facts)
        keys_of = {name: fact.family_keys for name, fact in facts.items()}
        unlisted = {m.name for m in mentions} - keys_of.keys()
        keys_of.update((name, family_keys(parse(name))) for name in unlisted)
        return _decide(mentions, papers, keys_of, earlier, overrides)


def _decide(
    mentions: Sequence[MentionRow],
    papers: Sequence[PaperRow],
    keys_of: Mapping[str, Sequence[str]],
    earlier: Sequence[DecisionRow],
    overrides: Sequence[Override],
) -> list[DecisionRow]:
    kept = _still_valid(mentions, keys_of, earlier)
    fresh = _resolve([m for m in mentions if m.mention_id not in kept], mentions, papers)
    prefix = version()
    fingerprint = {m.mention_id: f"{prefix}/{m.fingerprint}" for m in mentions}
    decided = {**kept, **{d.mention_id: d._replace(fingerprint=fingerprint[d.mention_id]) for d in fresh}}
    persons = place(
        [
            Placed(
                m.mention_id, m.paper_id, m.own_author_id, (m.learned_at, m.observed_at), decided[m.mention_id].cluster
            )
            for m in mentions
        ],
        overrides,
    )
    observed = {m.mention_id: m.observed_at for m in mentions}
    rows = []
    for mention in mentions:
        decision, person = decided[mention.mention_id], persons[mention.mention_id]
        rule, evidence = decision.resolver_rule, decision.resolver_evidence
        if person.override:
            word = person.override
            rule = f"override: {word.action}"
            evidence = json.dumps(
                {
                    "mention": word.mention_id,
                    "author": word.author_id,
                    "reason": word.reason,
                    "without_it": decision.resolver_rule,
                },
                ensure_ascii=False,
            )
        rows.append(
            DecisionRow(
                *decision, person.author_id, rule, evidence, _since(mention, decision.resolver_evidence, observed)
            )
        )
    return rows


def _still_valid(
    mentions: Sequence[MentionRow], keys_of: Mapping[str, Sequence[str]], earlier: Sequence[DecisionRow]
) -> dict[str, Resolved]:
    """The earlier decisions that nothing new can touch."""
    if not earlier:
        return {}
    known = {d.mention_id: d for d in earlier}
    prefix = version()
    now = {m.mention_id: f"{prefix}/{m.fingerprint}" for m in mentions}
    changed = {m.name for m in mentions if (d := known.get(m.mention_id)) is None or d.fingerprint != now[m.mention_id]}
    gone = [d for d in earlier if now.get(d.mention_id) != d.fingerprint]
    changed |= {d.name for d in gone}
    lost = {d.name for d in gone} - keys_of.keys()
    reach = touched_names({**keys_of, **{name: family_keys(parse(name)) for name in lost}}, changed)
    size = len(Resolved._fields)
    return {
        m.mention_id: Resolved._make(known[m.mention_id][:size])
        for m in mentions
        if m.name not in reach and m.mention_id in known
    }


def _resolve(todo: Sequence[MentionRow], mentions: Sequence[MentionRow], papers: Sequence[PaperRow]) -> list[Resolved]:
    """Resolve these mentions among themselves, with all authors of their papers as evidence."""
    if not todo:
        return []
    wanted = {m.paper_id for m in todo}
    authors: dict[str, list[str]] = {paper_id: [] for paper_id in wanted}
    for m in mentions:
        if m.paper_id in wanted:
            authors[m.paper_id].append(m.name)
    described = [p for p in papers if p.paper_id in wanted]
    index = {p.paper_id: k for k, p in enumerate(described)}
    corpus = Corpus(
        [Paper(tuple(authors[p.paper_id]), p.title, None, tuple(p.keywords or ()), p.year or 0) for p in described],
        [
            Mention(
                m.mention_id,
                index[m.paper_id],
                m.position,
                m.name,
                described[index[m.paper_id]].organization,
                m.account,
            )
            for m in todo
        ],
    )
    name_of = {m.mention_id: m.name for m in todo}
    return [
        Resolved(
            d.mention_id,
            name_of[d.mention_id],
            "",
            d.cluster,
            d.rule,
            json.dumps(d.evidence, ensure_ascii=False) if d.evidence else "{}",
            d.near_mention_id,
            d.near_log_odds,
            d.near_reason,
        )
        for d in resolve(corpus)
    ]


def _since(mention: MentionRow, evidence: str, observed: Mapping[str, datetime]) -> datetime:
    """From when on the decision could be made: when both ends of its evidence had been observed."""
    if not evidence.startswith(_PARTNER):
        return mention.observed_at
    partner = evidence[len(_PARTNER) : evidence.index('"', len(_PARTNER))]  # a mention id holds no quote
    return max(mention.observed_at, observed.get(partner, mention.observed_at))
