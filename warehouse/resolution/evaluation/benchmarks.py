"""Readers of the labelled sets: public ones and our own listings, written as interchange JSON Lines.

``python -m warehouse.resolution.evaluation.benchmarks aminer110|acl|listings PATH OUT.jsonl``
"""

from __future__ import annotations

import html
import json
import re
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from warehouse.errors import InputError
from warehouse.resolution.evaluation.interchange import Row, read, write
from warehouse.resolution.names import fold

# -- AMiner: a folder with one XML file per ambiguous name; not all are well-formed, so no XML parser -------------

_PUBLICATION = re.compile(r"<publication>(.*?)</publication>", re.DOTALL)
_FIELD = re.compile(r"<(title|year|authors|jconf|id|label|organization)>(.*?)</\1>", re.DOTALL)


def _place(authors: list[str], target: str) -> int | None:
    """Which listed author is the labelled one: equal letters, else same last word and initial."""
    wanted = fold(target).replace(" ", "")
    folded = [fold(author) for author in authors]
    for i, name in enumerate(folded):
        if name.replace(" ", "") == wanted:
            return i
    words = fold(target).split()
    for i, name in enumerate(folded):
        own = name.split()
        if own and own[-1] == words[-1] and own[0][0] == words[0][0]:
            return i
    return None


def aminer110(folder: Path) -> Iterator[Row]:
    """AMiner's ambiguous names. A person is the name and its label, joined by a colon."""
    for file in sorted(folder.glob("*.xml")):
        target = file.stem
        text = file.read_text(encoding="utf-8", errors="replace")
        for number, body in enumerate(_PUBLICATION.findall(text)):
            found = {key: html.unescape(value).strip() for key, value in _FIELD.findall(body)}
            facts = {key: value for key, value in found.items() if value not in ("null", "")}
            authors = [a.strip() for a in facts.get("authors", "").split(",") if a.strip()]
            at = _place(authors, target)
            year = facts.get("year", "")
            yield Row(
                mention_id=f"{target}:{number}",
                paper_id=facts.get("id"),
                position=1 if at is None else at + 1,
                name=target if at is None else authors[at],
                coauthors=[a for i, a in enumerate(authors) if i != at],
                organization=facts.get("organization"),
                venue=facts.get("jconf"),
                title=facts.get("title"),
                year=int(year) if year.isdigit() else None,
                person=f"{target}:{facts.get('label')}",
            )


# -- ACL Anthology: people with the names that they published under -----------------------------------------------


def acl(file: Path) -> Iterator[Row]:
    """Name variants: each is a mention on a paper of its own, without other facts."""
    for number, person in enumerate(json.loads(file.read_text(encoding="utf-8"))):
        for k, variant in enumerate([person["canonical"], *person.get("variants", ())]):
            name = f"{variant.get('first') or ''} {variant.get('last') or ''}".strip()
            own = f"{number}:{k}"
            yield Row(mention_id=own, paper_id=own, position=1, name=name, person=f"acl:{number}")


# -- saved listings: a folder with api/*.json and html/*.html; a claimed account is the person ------------------

_PROPS = re.compile(r'data-target="DailyPapers"\s+data-props="([^"]*)"')


def _entries(folder: Path) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """The listing date, the time of observation and the entry of each entry of saved listings."""
    for file in sorted((folder / "api").glob("*.json")):
        data = json.loads(file.read_text(encoding="utf-8"))
        if isinstance(data, list):
            yield from ((file.stem, file.stem, entry) for entry in data if isinstance(entry, dict) and "paper" in entry)
    for file in sorted((folder / "html").glob("*.html")):
        found = _PROPS.search(file.read_text(encoding="utf-8"))
        if found:
            entries = json.loads(html.unescape(found[1]))["dailyPapers"]
            listing_date, _, observed_at = file.stem.partition("@")
            yield from ((listing_date, observed_at or listing_date, entry) for entry in entries)


def first_listed(folder: Path) -> dict[str, str]:
    """Paper id → the first date (ISO) on which saved listings have the paper."""
    dates: dict[str, str] = {}
    for listing_date, _, entry in _entries(folder):
        paper_id = entry["paper"]["id"]
        dates[paper_id] = min(dates.get(paper_id, listing_date), listing_date)
    return dates


def listings(folder: Path) -> Iterator[Row]:
    """Saved listings: every author row is a mention, those without an account have no known person.

    The account is the handle: early listings have no id.
    """
    latest: dict[str, tuple[str, dict[str, Any]]] = {}
    for _, observed_at, entry in _entries(folder):
        paper_id = entry["paper"]["id"]
        if paper_id not in latest or observed_at >= latest[paper_id][0]:
            latest[paper_id] = (observed_at, entry)
    for paper_id, (_, entry) in sorted(latest.items()):
        paper = entry["paper"]
        names = [(author.get("name") or "").strip() for author in paper["authors"]]
        organization = entry.get("organization") or paper.get("organization") or {}
        for i, author in enumerate(paper["authors"]):
            user = author.get("user") or {}
            account = user.get("user") or user.get("_id") or user.get("id")
            yield Row(
                mention_id=f"{paper_id}#{i + 1}",
                paper_id=paper_id,
                position=i + 1,
                name=names[i],
                coauthors=names[:i] + names[i + 1 :],
                organization=organization.get("fullname") or organization.get("name"),
                keywords=paper.get("ai_keywords"),
                title=paper.get("title"),
                year=int(paper["publishedAt"][:4]),
                account_id=account,
                person=account,
            )


READERS: dict[str, Callable[[Path], Iterator[Row]]] = {"aminer110": aminer110, "acl": acl, "listings": listings}


def read_set(path: Path) -> list[Row]:
    """The mentions of a labelled set: an interchange file, or a public set, recognized by its files.

    Raises InputError when it is neither.
    """
    if path.is_dir():
        kind = "aminer110" if any(path.glob("*.xml")) else "listings"
    elif path.suffix == ".json":
        kind = "acl"
    else:
        return read(path)
    with TemporaryDirectory() as scratch:
        converted = Path(scratch) / "set.jsonl"
        convert(kind, path, converted)
        return read(converted)


def convert(kind: str, source: Path, target: Path) -> int:
    """Write a public set as interchange, and return how many mentions it has.

    Raises InputError when it is none of that kind, or holds no mention.
    """
    try:
        count = write(target, READERS[kind](source))
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise InputError(f"{source} is no {kind} set ({error!r}): see docs/resolution.md.") from None
    if not count:
        raise InputError(f"{source} holds no mention: docs/resolution.md describes the format of labelled mentions.")
    return count


def main(arguments: list[str]) -> int:
    """Convert one set; returns the exit code."""
    if len(arguments) != 3 or arguments[0] not in READERS:
        print(__doc__, file=sys.stderr)
        return 2
    kind, source, target = arguments
    try:
        count = convert(kind, Path(source), Path(target))
    except InputError as error:
        print(error, file=sys.stderr)
        return 2
    print(f"{count} mentions in {target}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
