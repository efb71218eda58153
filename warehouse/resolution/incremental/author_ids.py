"""Stable author ids of clusters, and overrides applied to them.

An author id is the own id of one mention, the *anchor*: the first mention of the cluster that the warehouse loaded. So
an author keeps its id when papers arrive, a merge keeps the older id, and an id that is no longer in use still belongs
to a mention, whose author it redirects to. No state is stored: a rebuild from the archive gives the same ids.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from warehouse.errors import InputError


@dataclass(frozen=True, slots=True)
class ClusteredMention:
    """A mention with its cluster. ``load_order`` orders mentions by when the warehouse first loaded them."""

    mention_id: str
    paper_id: str
    own_author_id: str
    load_order: tuple[Any, ...]
    cluster: str


@dataclass(frozen=True, slots=True)
class Override:
    """An override: ``merge`` or ``split`` of a mention (or all mentions of an author) and an author."""

    action: str
    mention_id: str
    author_id: str
    reason: str

    def __post_init__(self) -> None:
        if self.action not in ("merge", "split"):
            raise InputError(f"author_overrides.csv: the action is {self.action!r}: give merge or split.")


@dataclass(frozen=True, slots=True)
class Author:
    """The author of a mention, and the override that moved the mention there, if one did."""

    author_id: str
    override: Override | None = None


def apply_overrides(mentions: Sequence[ClusteredMention], overrides: Iterable[Override]) -> dict[str, Author]:
    """Mention id → author, after all overrides in their order.

    Either end of an override is a mention id or an author id, past or present. An override that names an unknown id, or
    that would list one author twice on a paper, changes nothing.
    """
    by_id = {m.mention_id: m for m in mentions}
    anchors = {m.own_author_id: m.mention_id for m in mentions}
    members: dict[str, list[str]] = defaultdict(list)
    for m in mentions:
        members[m.cluster].append(m.mention_id)
    group = {m.mention_id: m.cluster for m in mentions}
    reason: dict[str, Override] = {}
    for override in overrides:
        subject = _named(override.mention_id, by_id, anchors)
        target = _named(override.author_id, by_id, anchors)
        if not subject or not target:
            continue
        if override.action == "merge":
            # A mention moves with its whole present group.
            moved = members[group[subject[0]]] if override.mention_id in by_id else subject
            _merge(moved, group[target[0]], group, members, by_id, reason, override)
        else:
            _split(subject, group[target[0]], group, members, reason, override)
    author_of = {
        name: min((by_id[i] for i in ids), key=lambda m: (m.load_order, m.mention_id)).own_author_id
        for name, ids in members.items()
        if ids
    }
    return {m.mention_id: Author(author_of[group[m.mention_id]], reason.get(m.mention_id)) for m in mentions}


def _named(name: str, by_id: Mapping[str, ClusteredMention], anchors: Mapping[str, str]) -> list[str]:
    """The mention with this id, or the mentions that the resolver put into the cluster of this author id."""
    if name in by_id:
        return [name]
    if name in anchors:
        cluster = by_id[anchors[name]].cluster
        return [i for i, m in by_id.items() if m.cluster == cluster]
    return []


def _merge(
    moved: Sequence[str],
    target: str,
    group: dict[str, str],
    members: dict[str, list[str]],
    by_id: Mapping[str, ClusteredMention],
    reason: dict[str, Override],
    override: Override,
) -> None:
    moved = [i for i in moved if group[i] != target]
    papers = {by_id[i].paper_id for i in members[target]}
    if any(by_id[i].paper_id in papers for i in moved):
        return
    for i in list(moved):
        members[group[i]].remove(i)
        group[i] = target
        members[target].append(i)
        reason[i] = override


def _split(
    moved: Sequence[str],
    target: str,
    group: dict[str, str],
    members: dict[str, list[str]],
    reason: dict[str, Override],
    override: Override,
) -> None:
    moved = [i for i in moved if group[i] == target]
    if not moved or len(moved) == len(members[target]):
        return
    name = f"split {moved[0]} from {target}"
    for i in moved:
        members[target].remove(i)
        group[i] = name
        members[name].append(i)
        reason[i] = override
