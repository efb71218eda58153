"""What the resolver reads: papers with their listed authors, and the mentions to place."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Paper:
    """A paper's evidence. ``authors`` are the names as listed, in order; ``year`` 0 is unknown."""

    authors: tuple[str, ...] = ()
    title: str | None = None
    venue: str | None = None
    keywords: tuple[str, ...] = ()
    year: int = 0


@dataclass(frozen=True, slots=True)
class Mention:
    """One author row of one paper. ``paper`` is the index of its paper, ``position`` counts from 1, 0 is unknown."""

    mention_id: str
    paper: int
    position: int
    name: str
    organization: str | None = None
    account: str | None = None


@dataclass(frozen=True, slots=True)
class Corpus:
    """Papers and mentions that are resolved together."""

    papers: Sequence[Paper]
    mentions: Sequence[Mention]
