"""Labelled mentions as JSON Lines: read into a corpus, scored, and written back as predictions.

One mention a line with ``mention_id, paper_id, position, name, coauthors[], organization, venue, keywords[], title,
year, account_id, person``; all but the first four may be null or missing.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path

import msgspec

from warehouse.errors import InputError
from warehouse.resolution.corpus import Corpus, Mention, Paper
from warehouse.resolution.names import coauthor_key, parse
from warehouse.resolution.order import order_log_odds, reordered_names
from warehouse.resolution.statistics import reference


class Row(msgspec.Struct, kw_only=True, omit_defaults=True):
    """One labelled mention. ``person`` is the true person where it is known."""

    mention_id: str
    paper_id: str | int | None
    position: int | None
    name: str
    coauthors: list[str] | None = None
    organization: str | None = None
    venue: str | None = None
    keywords: list[str] | None = None
    title: str | None = None
    year: int | None = None
    account_id: str | int | None = None
    person: str | int | None = None


def read(path: Path) -> list[Row]:
    """The mentions of a file. Raises InputError that names the first bad line."""
    decode = msgspec.json.Decoder(Row).decode
    rows: list[Row] = []
    number = 0
    try:
        with path.open("rb") as lines:
            for line in lines:
                number += 1
                if line.strip():
                    rows.append(decode(line))
    except OSError as error:
        raise InputError(f"{path} can't be read ({error.strerror}).") from None
    except msgspec.DecodeError as error:
        raise InputError(f"{path}, line {number}: {error}. One JSON object a line, see docs/resolution.md.") from None
    if not rows:
        raise InputError(f"{path} holds no mention.")
    if len({row.mention_id for row in rows}) < len(rows):
        raise InputError(f"{path} holds a mention_id twice.")
    return rows


def write(path: Path, rows: Iterable[Row]) -> int:
    """Write mentions; returns how many."""
    encode = msgspec.json.Encoder().encode
    count = 0
    with path.open("wb") as out:
        for row in rows:
            out.write(encode(row) + b"\n")
            count += 1
    return count


def write_predictions(path: Path, author_of: dict[str, str]) -> None:
    with path.open("w", encoding="utf-8") as out:
        for mention_id, author_id in author_of.items():
            out.write(json.dumps({"mention_id": mention_id, "author_id": author_id}, ensure_ascii=False) + "\n")


def corpus_of(rows: Iterable[Row], *, hide_accounts: bool = False) -> Corpus:
    """The corpus of the rows: authors of a paper are the co-authors and names of all its mentions. Names of papers that
    list surnames first are turned, as the pipeline turns them."""
    at: dict[str, int] = {}
    authors: list[dict[str, None]] = []
    first: list[Row] = []
    longest: list[int] = []
    mentions: list[Mention] = []
    for row in rows:
        key = f"m{row.mention_id}" if row.paper_id is None else f"p{row.paper_id}"
        paper = at.setdefault(key, len(at))
        if paper == len(first):
            first.append(row)
            authors.append({})
            longest.append(0)
        coauthors = row.coauthors or []
        if len(coauthors) > longest[paper]:  # the mentions of one paper repeat each other
            longest[paper] = len(coauthors)
            authors[paper].update(dict.fromkeys(coauthors))
        authors[paper][row.name] = None
        account = None if hide_accounts or row.account_id in (None, "") else str(row.account_id)
        mentions.append(Mention(row.mention_id, paper, row.position or 0, row.name, row.organization, account))
    known = reference()
    leans = {name: order_log_odds(parse(name), known) for names in authors for name in names}
    turned = [reordered_names(names, leans) for names in authors]
    mentions = [replace(m, name=turned[m.paper][m.name]) if m.name in turned[m.paper] else m for m in mentions]
    papers = [
        Paper(
            tuple(names.get(name, name) for name in listed),
            row.title,
            row.venue,
            tuple(row.keywords or ()),
            row.year or 0,
        )
        for row, listed, names in zip(first, authors, turned, strict=True)
    ]
    return Corpus(papers, mentions)


def block_of(row: Row) -> str:
    """The group of namesakes of a mention: the text before the last colon of its person (AMiner: the
    given name), else its folded first name and surname."""
    block, colon, _ = str(row.person).rpartition(":")
    return block if colon else coauthor_key(parse(row.name)) or row.name


def scored(rows: Iterable[Row], author_of: dict[str, str]) -> Iterator[tuple[str, str, str]]:
    """(block, true person, author) of each mention whose person is known."""
    for row in rows:
        if row.person not in (None, ""):
            yield block_of(row), str(row.person), author_of[row.mention_id]
